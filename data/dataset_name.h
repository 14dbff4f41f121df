// The names of data sets: which file a name means, and which environment, task and goals.
#pragma once

#include <string>

namespace astro::data {

struct DatasetName {
    std::string path;
    std::string val_path;                // empty if there is no validation file
    std::string environment;             // "pointmaze-medium-v0"; empty if the name does not contain it
    int singletask_task = 0;             // 1 to 5, or 0 for goal-conditioned names
    bool oracle_representation = false;  // "-oraclerep": goals are (x, y)
};

// name_or_path: a path (ends in ".npz", or in that of another format, or contains '/', or is that of a file and no
// OGBench name) or an OGBench name, whose file is looked up in data_folder:
//   pointmaze-medium-stitch-v0                     environment pointmaze-medium-v0
//   antmaze-large-navigate-singletask-task3-v0     file antmaze-large-navigate-v0.npz, task 3
//   antmaze-large-navigate-oraclerep-v0            file antmaze-large-navigate-v0.npz
// "-singletask-" without a task means OGBench's default task: 4 for antsoccer, 1 for the other mazes. Errors:
// Error(usage) for a malformed name; Error(io) if the file is missing, with its expected path.
DatasetName resolve_dataset(const std::string& name_or_path, const std::string& data_folder);

// The environment in a name of OGBench, of an environment or of one of its data sets: "antmaze-large-v0" for all of
// "antmaze-large-v0", "antmaze-large-navigate-v0" and "antmaze-large-navigate-singletask-task3-v0". Another name as it
// is.
std::string environment_part(const std::string& name);

// The name of the validation file of a data set F.npz, F-val.npz.
std::string validation_name(const std::string& path);
// The validation file of a data set; empty if there is none.
std::string validation_file(const std::string& path);
// The file that contains the validation episodes: one of their own, or the data set, whose last episodes they are.
std::string validation_source(const std::string& path);

}  // namespace astro::data
