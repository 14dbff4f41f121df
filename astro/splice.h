// From chains to a data set.
#pragma once

#include "astro/chains.h"

namespace astro {

// The spliced file (docs/formats.md): chains one after another, compact form. source: the rows that the chains were
// grown from. statistics: their units, stored with the file. qpos_columns: how
// many of a state's first columns are all of the simulator's qpos, so that qpos (and qvel) can be written, too
// (data/environment.h); 0: they are not.
data::Dataset to_dataset(const Augmentation& augmentation, const data::Dataset& source, const Statistics& statistics,
                         int64_t qpos_columns);

}  // namespace astro
