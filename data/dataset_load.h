// Reads and writes data set files in OGBench's .npz layout, and finds the file of a data set's name.
//
// Source of layout, names and semantics: OGBench (ogbench/utils.py, data_gen_scripts); docs/formats.md.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/npz.h"
#include "tensor/base/threads.h"

namespace astro::data {

// Which arrays are read: all of them, or those needed to train a policy (observations, actions, terminals).
enum class Parts { all, transitions };

// Reads a file in compact form:
// - observations (N, state_dim), actions (N, action_dim), and the ends of episodes (data/episode_ends.h);
// - qpos and qvel, if present;
// - the arrays of augmented files, if all of them are present.
// Other arrays are ignored. The shape (N,) is read as (N, 1). Other numeric types are converted if the values are
// representable up to rounding. Actions on the last rows of episodes are never used. They may be missing or not finite,
// and are then read as 0. Dataset::notes explains how a file that deviates from OGBench's layout was interpreted.
// pool: reads arrays in parallel; may be null. unpack_ratio: see NpzReader.
// Error(io): the file cannot be read or does not fit into memory. Error(data): missing arrays, wrong shapes or dtypes,
// inconsistent numbers of rows, NaN or infinite values (the message names array, row and column), no end of an episode,
// an end on every row, discrete actions.
Dataset load_dataset(const std::string& path, ThreadPool* pool = nullptr, Parts parts = Parts::all,
                     double unpack_ratio = kUnpackRatio);

// Writes a compressed file atomically (AtomicFile). Arrays: observations, actions, qpos and qvel as float32, terminals
// as bool, and the augmented arrays if the data set has them. Observations are float64 if wide_observations is set. The
// bytes depend only on the data.
void save_dataset(const std::string& path, const Dataset& dataset, ThreadPool* pool = nullptr);

struct DatasetName {
    std::string path;
    std::string val_path;                // empty if there is no validation file
    std::string environment;             // "pointmaze-medium-v0"; empty if the name does not contain it
    int singletask_task = 0;             // 1 to 5, or 0 for goal-conditioned names
    bool oracle_representation = false;  // "-oraclerep": goals are (x, y)
};

// name_or_path: a path (ends in ".npz" or contains '/') or an OGBench name, whose file is looked up in data_folder:
//   pointmaze-medium-stitch-v0                     environment pointmaze-medium-v0
//   antmaze-large-navigate-singletask-task3-v0     file antmaze-large-navigate-v0.npz, task 3
//   antmaze-large-navigate-oraclerep-v0            file antmaze-large-navigate-v0.npz
// "-singletask-" without a task means OGBench's default task: 4 for antsoccer, 1 for the other mazes. Errors:
// Error(usage) for a malformed name; Error(io) if the file is missing, with its expected path.
DatasetName resolve_dataset(const std::string& name_or_path, const std::string& data_folder);

}  // namespace astro::data
