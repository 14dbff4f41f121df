// From chains to a data set.
#pragma once

#include "astro/chains.h"

namespace astro::method {

// The spliced file (docs/formats.md): chains one after another, compact form. source: the rows that the chains were
// grown from. statistics: their units, stored with the file. states_are_positions: the states are the simulator's
// positions, so that qpos (and qvel, of real rows) can be written, too.
data::Dataset to_dataset(const Augmentation& augmentation, const data::Dataset& source, const Statistics& statistics,
                         bool states_are_positions);

}  // namespace astro::method
