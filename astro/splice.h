// From chains to a data set.
#pragma once

#include "astro/chains.h"
#include "data/units.h"

namespace astro::method {

// The spliced file (docs/formats.md): chains one after another, compact form, in the units of the recorded file, real
// rows as they were. source: the rows that the chains were grown from. statistics: stored with the file, in its units.
// qpos_columns: how many of a state's first columns are all of the simulator's qpos, so that qpos (and qvel) can be
// written, too (data/environment.h); 0: they are not.
data::Dataset to_dataset(const Augmentation& augmentation, const data::RecordedData& source, const data::Units& units,
                         const Statistics& statistics, int64_t qpos_columns);

}  // namespace astro::method
