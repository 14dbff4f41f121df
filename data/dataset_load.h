// Data set files: OGBench's .npz layout to Dataset and back, and names to files.
//
// Source of layout, names and semantics: OGBench (ogbench/utils.py, data_gen_scripts); docs/formats.md.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/npz.h"
#include "tensor/base/threads.h"

namespace astro::data {

// What of a file is read: everything, or only what trains a policy (observations, actions, terminals).
enum class Parts { all, transitions };

// Reads a file in compact form: observations (N, state) and actions (N, action), where episodes end
// (data/episode_ends.h); qpos and qvel where present; the arrays of augmented files where all of them are. (N,) means
// (N, 1). Other numeric types are converted when no value changes but by rounding. Actions on last rows, which are never
// used, may be missing or not finite: they are read as 0. Whatever else the file holds is ignored. Dataset::notes says
// how a file in other words than OGBench's was understood. pool: arrays are read in parallel; may be null.
// unpack_ratio: see NpzReader. Errors: Error(io) for an unreadable file and one that the memory cannot hold; Error(data)
// for missing arrays, wrong shapes or dtypes, numbers of rows that do not fit, NaN or infinite values (named by array,
// row and column), no ends of episodes or nothing but ends, discrete actions.
Dataset load_dataset(const std::string& path, ThreadPool* pool = nullptr, Parts parts = Parts::all,
                     double unpack_ratio = kUnpackRatio);

// Writes observations, actions, qpos, qvel as float32 and terminals as bool, and the augmented arrays where
// the data set has them, compressed; all or nothing. The bytes depend on the data alone.
void save_dataset(const std::string& path, const Dataset& dataset, ThreadPool* pool = nullptr);

struct DatasetName {
    std::string path;
    std::string val_path;                // empty when there is no validation file
    std::string environment;             // "pointmaze-medium-v0"; empty when a file's name does not say
    int singletask_task = 0;             // 1..5, or 0 for goal-conditioned names
    bool oracle_representation = false;  // "-oraclerep": goals are given as xy
};

// name_or_path: a file (it ends in ".npz" or contains '/') or an OGBench name, looked up as NAME.npz in data_folder:
//   pointmaze-medium-stitch-v0                     environment pointmaze-medium-v0
//   antmaze-large-navigate-singletask-task3-v0     file antmaze-large-navigate-v0.npz, task 3
//   antmaze-large-navigate-oraclerep-v0            file antmaze-large-navigate-v0.npz
// "-singletask-" without a task is OGBench's default: 4 for antsoccer, 1 for the other mazes. Errors: Error(usage) for
// a name of another form, Error(io) when the file is missing, with the place looked at.
DatasetName resolve_dataset(const std::string& name_or_path, const std::string& data_folder);

}  // namespace astro::data
