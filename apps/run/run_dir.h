// The run folder, which contains all files of a run.
//
//     manifest.json   program, machine, data and command line; one entry per session
//     config.ini      the effective configuration with the origin of each value
//     metrics.csv     curves (apps/run/metrics_log.h)
//     checkpoints/STAGE/  augmented.npz  results.json  report.html  judges.npz  pictures.npz
//     timings.json    seconds per stage
//     data/           generated data, if no data set was given
//     lock            locked while a command works in the folder
//
// Files are written atomically (data/file.h). Errors: Error(io) for system errors and for a folder in use; Error(usage)
// for a folder that is not a run folder; Error(data) for a damaged manifest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace astro::app {

// A data set that a session used.
struct DatasetIdentity {
    std::string path;
    int64_t bytes = 0;
    uint32_t crc32 = 0;              // of the whole file
    std::string path_from_run = {};  // as seen from the run folder; set by recorded_datasets
};

// The execution of one command in the folder. record_session adds program and machine.
struct Session {
    std::string command;                 // "train tdr"
    std::vector<std::string> arguments;  // as typed
    std::string device;                  // device of the networks
    int64_t seed = 0, chunks = 1;
    int threads = 1;
    bool resumed = false;  // --resume was given
    std::vector<DatasetIdentity> datasets;
};

// What a command does in a run folder. Reading changes no byte of it and needs no permission to write.
enum class Access { read, write };

class RunFolder {
  public:
    // write: creates or opens a run folder and locks it until destruction. Throws if the folder contains other files or
    // is used by another process. read: opens a run folder, which must exist.
    explicit RunFolder(const std::string& path, Access access = Access::write);
    // Removes folders that the constructor created if nothing was stored in them, for example because the command was
    // refused.
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const;          // path of a file in the folder
    std::string checkpoints(const std::string& stage) const;  // folder of a stage's checkpoints; it may not exist yet

    // If the file system does not support locks, the folder is used without one, and this says why.
    const std::string& lock_problem() const { return lock_problem_; }

    // Appends the session to manifest.json and saves the configuration (CommandLine::effective_config).
    void record_session(const Session& session, const std::string& effective_config);

  private:
    void create();
    void lock();

    std::string path_, lock_problem_;
    std::vector<std::string> created_;  // folders, the outermost first
    int lock_ = -1;
};

// The data sets of the last session in a run folder; empty if there is none.
std::vector<DatasetIdentity> recorded_datasets(const std::string& run);

// The data set of the last session in the run folder, if `path` is where it was then and it is no longer there, but it
// is where the run folder and the data set have been moved together, with the same content. Otherwise empty.
std::optional<std::string> find_moved_dataset(const std::string& run, const std::string& path);

}  // namespace astro::app
