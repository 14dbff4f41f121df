// Reads and writes data set files in OGBench's .npz layout.
//
// Source of layout, names and semantics: OGBench (ogbench/utils.py, data_gen_scripts); docs/formats.md.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/npz.h"
#include "tensor/base/threads.h"

namespace astro::data {

// Which arrays are read: all of them; those needed to train a policy (observations, actions, terminals); or all, and an
// invalid qpos or qvel is an error, because a simulator needs them.
enum class Parts { all, transitions, simulator };

// Reads a file in compact form:
// - observations (N, state_dim), actions (N, action_dim), and the ends of episodes (data/episode_ends.h);
// - qpos and qvel, if present; invalid ones are ignored with a note, unless `parts` says that they are needed;
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

}  // namespace astro::data
