// Checkpoints: named arrays and a description in one stored .npz (numpy.load opens it), all or nothing.
//
// A folder holds the checkpoints of one stage: step_00010000.npz, ..., and LATEST with the name of the last one. A file
// that has its name is complete: it is written beside it, synced and renamed, so a kill at any instant loses no
// finished checkpoint. Loading verifies every CRC and falls back to the one before when a file is damaged. Errors:
// Error(io) from the file system; Error(data) when there are checkpoints but none can be read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/json.h"
#include "data/npy.h"

namespace astro::data {

using NamedArrays = std::map<std::string, NpyArray>;  // names may have '/': "model/actor/l0/weight"

struct Checkpoint {
    int64_t step = 0;
    NamedArrays arrays;
    Json meta;  // what save_checkpoint was given
    std::string path;
    std::vector<std::string> warnings;  // about damaged files that were passed over
};

// Writes folder/step_<step>.npz and LATEST, then removes what a killed process left half-written, all but the `keep`
// newest checkpoints up to this step, and those beyond it (from a run that was set back). Creates the folder.
void save_checkpoint(const std::string& folder, int64_t step, const NamedArrays& arrays, const Json& meta, int keep);

// The newest readable checkpoint; nothing when the folder has none or does not exist.
std::optional<Checkpoint> load_checkpoint(const std::string& folder);

// One given file.
Checkpoint load_checkpoint_file(const std::string& path);

}  // namespace astro::data
