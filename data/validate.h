// Statistics and problems of a data set, for `astro data inspect`.
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

// Reports episodes and their lengths, the range of each column, saturated and out-of-range actions, constant columns,
// jumps, and NaN. Problems of the data are findings, not exceptions.
std::vector<Finding> validate(const Dataset& dataset);

// Checks the labels that learners use, rewards (rows) and masks (rows): their number, values of masks other than 0 and
// 1, data without success, and masks that stop bootstrapping at the end of each trajectory.
std::vector<Finding> validate_labels(const Dataset& dataset, const std::vector<float>& rewards,
                                     const std::vector<float>& masks);

// Lists the arrays of a file with dtype, shape and compression. Then loads it and calls validate, and validate_labels
// if the file has rewards and masks. If the file cannot be loaded as a data set, this is a finding of severity error.
// Error(io) or Error(data) if the file cannot be opened as an archive.
std::vector<Finding> inspect_file(const std::string& path, ThreadPool* pool = nullptr,
                                  double unpack_ratio = kUnpackRatio);

// The size of two minibatches. Networks memorise smaller data sets.
inline constexpr int64_t kMinTransitions = 512;

// The columns of states that are constant within each episode, but differ between most: goals, or parameters of an
// episode. No action changes them, so no bridge leads to another episode.
std::vector<int64_t> episode_constants(const Dataset& dataset);

// About such columns, and about a value a hundred ranges away from the others of its column.
std::vector<std::string> column_warnings(const Dataset& dataset);

// Why a data set is not suitable for training: a single episode, too few transitions, or no motion. Empty: no problem.
std::string training_problem(const Dataset& dataset);

}  // namespace astro::data
