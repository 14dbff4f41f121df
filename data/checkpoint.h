// Checkpoints: named arrays and a JSON description in one uncompressed .npz file, which numpy.load can open.
//
// A folder contains the checkpoints of one stage, step_00010000.npz and so on, and a file LATEST with the name of the
// newest one. Each file is written under a temporary name, synced and renamed, so a process that is killed loses no
// finished checkpoint. Loading verifies every CRC; if a file is damaged, the preceding checkpoint is used. Errors:
// Error(io) from the file system; Error(data) if there are checkpoints but none can be read.
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
    Json meta;  // as passed to save_checkpoint
    std::string path;
    std::vector<std::string> warnings;  // one for each damaged file that was skipped
};

// Writes folder/step_<step>.npz and LATEST, and creates the folder if needed. Then removes temporary files of killed
// processes, all but the `keep` newest checkpoints up to this step, and checkpoints of later steps, which remain after
// a run was resumed from an earlier step.
void save_checkpoint(const std::string& folder, int64_t step, const NamedArrays& arrays, const Json& meta, int keep);

// The newest readable checkpoint; nullopt if the folder contains none or does not exist.
std::optional<Checkpoint> load_checkpoint(const std::string& folder);

Checkpoint load_checkpoint_file(const std::string& path);

}  // namespace astro::data
