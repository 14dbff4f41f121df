// Common to all commands that work on a data set in a run folder: opens data, device and folder, and trains stages with
// progress, curves, checkpoints, interruption and resumption.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "apps/run/metrics_log.h"
#include "apps/command_line/options.h"
#include "apps/run/progress.h"
#include "apps/run/run_dir.h"
#include "astro/pipeline.h"
#include "data/dataset_load.h"
#include "data/environment.h"
#include "data/json.h"
#include "tensor/base/clock.h"

namespace astro::app {

// Starts the processes of `exec:COMMAND`, which is then found by that name as long as the result lives; null for others.
std::unique_ptr<data::AddedEnvironment> open_simulator(const std::string& name, const EnvironmentConfig& config);

class StageRunner {
  public:
    // The line must have been parsed. Opens the run folder and the data set, creates the backend and the threads, and
    // records the session. If no data set is given, one is generated in the folder with the settings of `collect`.
    // parts: the parts of the data set to read. window_rows: rows of the longest window to train on; data whose
    // episodes are all shorter are refused. Nothing is written before data and settings have been checked.
    StageRunner(CommandLine& line, const StageOptions& options, Config& config, data::Parts parts = data::Parts::all,
                int64_t window_rows = 0);

    Pipeline& pipeline() { return *pipeline_; }
    RunFolder& folder() { return *folder_; }
    Progress& progress() { return progress_; }
    ThreadPool& threads() { return threads_; }
    Context context() { return {*device_.backend, threads_, config_.general.chunks}; }
    const Config& config() const { return config_; }
    const data::DatasetName& dataset_name() const { return name_; }
    // The environment for evaluation and measurement: general.env, or that of the data set's name.
    const std::string& environment() const { return environment_; }

    // A stage to train. `evaluate` may be empty; it is called after each update for which `due` returns true.
    struct Stage {
        TrainableModel& model;
        std::string fingerprint;
        std::function<bool(int64_t step)> due;
        std::function<void(int64_t step, MetricsLog& log)> evaluate;
    };
    // Trains a stage to its end. With --resume, an unfinished stage is continued and a finished one is skipped. Throws
    // Error(interrupted) if it stops before its end.
    void train(const Stage& stage) { train(std::vector<Stage>{stage}); }
    // Trains independent stages in parallel: at most side_by_side(), each with its own context.
    void train(const std::vector<Stage>& stages);
    // The number of stages to train in parallel: on a GPU one per host thread, on a CPU one, where more are not faster.
    int64_t side_by_side() const { return device_.cuda ? threads_.size() : 1; }
    // The context of stage i = 0, 1, ... of those trained in parallel: the runner's own backend for 0, then further
    // backends of the same device, which are kept for later stages.
    Context context_beside(int64_t i);
    // Returns cached memory of all backends to the device. A backend cannot use memory cached by another one.
    void flush_memory();
    // Loads a stage, which must be finished. Otherwise Error(usage) names the command that trains it.
    void require_trained(TrainableModel& model, const std::string& fingerprint);
    bool finished(TrainableModel& model, const std::string& fingerprint);

    // results.json: figures by key, in the order of the stages.
    data::Json& results() { return results_; }
    void save_results();
    void add_seconds(const std::string& key, double seconds);  // adds to timings.json and writes it
    double seconds(const std::string& key) const;  // of timings.json; 0 if it has none
    double seconds() const;                        // of all of them
    // Prints a line on standard error and adds "STAGE: message" to "warnings" in results.json.
    void warn(const std::string& stage, const std::string& message);
    void clear_warnings(const std::string& stage);  // for a stage that is repeated

    // A data set, held to the environment; says how its file was understood.
    data::Dataset load(const std::string& path, data::Parts parts);

    StageOptions options_;
    Config& config_;
    std::unique_ptr<data::AddedEnvironment> simulator_;  // if general.env is a command; started before all else
    OpenedDevice device_;
    std::vector<OpenedDevice> beside_;  // further backends, each with its own stream
    std::optional<RunFolder> folder_;
    Progress progress_;
    ThreadPool threads_;
    data::DatasetName name_;
    std::string environment_;
    std::unique_ptr<Pipeline> pipeline_;
    data::Json results_ = data::Json::object(), timings_ = data::Json::object();
};

}  // namespace astro::app
