// The run folder: everything one run writes, in one place.
//
//     manifest.json   which program, machine, data and command line, one entry a session
//     config.ini      the effective configuration with the origin of each value
//     metrics.csv     curves (apps/run/metrics_log.h)
//     checkpoints/STAGE/  augmented.npz  results.json  report.html
//     lock            held while a command works in the folder
//
// Every file is written whole or not at all (data/file.h). Errors: Error(io) for what the system refuses and for a
// folder in use; Error(usage) for a folder that is not a run's; Error(data) for a damaged manifest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace astro::app {

// Which data a session used.
struct DatasetIdentity {
    std::string path;
    int64_t bytes = 0;
    uint32_t crc32 = 0;  // of the whole file
};

// One command's work in the folder. Program and machine are added by record_session.
struct Session {
    std::string command;                 // "train tdr"
    std::vector<std::string> arguments;  // as typed
    std::string device;                  // what the networks run on
    int64_t seed = 0, chunks = 1;
    int threads = 1;
    bool resumed = false;  // asked to go on from checkpoints
    std::vector<DatasetIdentity> datasets;
};

class RunFolder {
  public:
    // Makes the folder, or opens a run's, and locks it until destruction. Refuses a folder that holds other
    // files, and one that another process works in.
    explicit RunFolder(const std::string& path);
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const;          // path of a file in the folder
    std::string checkpoints(const std::string& stage) const;  // made when missing

    // Appends the session to manifest.json and saves the configuration (CommandLine::effective_config).
    void record_session(const Session& session, const std::string& effective_config);

  private:
    std::string path_;
    int lock_ = -1;
};

}  // namespace astro::app
