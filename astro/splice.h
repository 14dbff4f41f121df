// Conversion of chains to a data set.
#pragma once

#include "astro/chains.h"
#include "data/units.h"

namespace astro::method {

// The spliced file (docs/formats.md): chains one after another, in compact form and in the units of the recorded file.
// Real rows are unchanged. source: the rows that the chains were built from. statistics: stored with the file, in its
// units. qpos_columns: the number of first state columns that hold the whole qpos of the simulator, so that qpos and
// qvel can be written (data/environment.h); 0: they are not written.
data::Dataset to_dataset(const Augmentation& augmentation, const data::RecordedData& source, const data::Units& units,
                         const Statistics& statistics, int64_t qpos_columns);

}  // namespace astro::method
