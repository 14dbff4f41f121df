// What is worth knowing, or wrong, about a data set: `astro data inspect`.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/npz.h"
#include "tensor/base/threads.h"

namespace astro::data {

enum class Severity { info, warning, error };

struct Finding {
    Severity severity;
    std::string message;  // one line
};

// Episodes and their lengths, ranges of every column, saturated and out-of-range actions, constant columns,
// jumps, NaN. Never throws for what the data hold.
std::vector<Finding> validate(const Dataset& dataset);

// Rewards and masks as learners use them, one a row: masks that end bootstrapping at every trajectory end,
// labels without any success, masks that contradict the rewards.
std::vector<Finding> validate_labels(const Dataset& dataset, const std::vector<float>& rewards,
                                     const std::vector<float>& masks);

// The arrays of a file with dtype, shape and compression, then load_dataset and validate; labels where the
// file has rewards and masks. What keeps the file from being loaded is a finding of severity error; only a
// file that cannot be opened at all throws (Error(io), Error(data)).
std::vector<Finding> inspect_file(const std::string& path, ThreadPool* pool = nullptr,
                                  double unpack_ratio = kUnpackRatio);

// Two minibatches: fewer transitions are learnt by heart.
inline constexpr int64_t kLeastTransitions = 512;

// Why a data set cannot be learnt from: a single episode, too few transitions, nothing that moves. Empty: it can.
std::string training_problem(const Dataset& dataset);

}  // namespace astro::data
