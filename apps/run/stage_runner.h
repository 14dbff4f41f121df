// Common to all commands that work on a data set in a run folder: opens data, device and folder, and trains stages with
// progress, curves, checkpoints, interruption and resumption.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "apps/command_line/options.h"
#include "apps/run/check_lengths.h"
#include "apps/run/metrics_log.h"
#include "apps/run/progress.h"
#include "apps/run/run_dir.h"
#include "astro/pipeline.h"
#include "data/dataset_load.h"
#include "data/dataset_name.h"
#include "data/environment.h"
#include "data/json.h"
#include "tensor/base/clock.h"

namespace astro::app {

// Starts the processes of `exec:COMMAND`, which is then found by that name as long as the result lives; null for
// others.
std::unique_ptr<data::AddedEnvironment> open_simulator(const std::string& name, const EnvironmentConfig& config);

// The discount of the TDR in a run folder, if it has been measured.
std::optional<double> recorded_gamma(const std::string& run);

// What a command needs of a run.
struct Needs {
    Access access = Access::write;
    data::Parts parts = data::Parts::all;  // of the data set
    LengthNeeds lengths;                   // data whose episodes are too short for these are refused
    bool policies = false;                 // policies are trained or evaluated
    bool simulator = true;                 // false: an `exec:` environment is not started; its gamma is read
    // If no data set is given, one is generated in the run folder with the settings of `collect`. Other commands use
    // the one that is there.
    bool generate = false;
};

class StageRunner {
  public:
    // The line must have been parsed. Opens the run folder and the data set, and creates the backend and the threads.
    // Data and settings are checked before anything is written. The session is recorded, and the settings saved, when a
    // stage begins or a result is stored, so a command that is refused leaves the folder as it was.
    StageRunner(CommandLine& line, const StageOptions& options, Config& config, const Needs& needs);

    Pipeline& pipeline() { return *pipeline_; }
    RunFolder& folder() { return *folder_; }
    Progress& progress() { return progress_; }
    ThreadPool& threads() { return threads_; }
    Context context() { return {*device_.backend, threads_, config_.general.chunks}; }
    const Config& config() const { return config_; }
    const data::DatasetName& dataset_name() const { return name_; }
    // The environment for evaluation and measurement: general.env, or that of the data set's name.
    const std::string& environment() const { return environment_; }

    // A stage to train. `evaluate` may be empty; it is called after each update for which `due` returns true. The last
    // figure that it logs is `figure`: its row in metrics.csv shows that the evaluation was completed.
    struct Stage {
        TrainableModel& model;
        std::string fingerprint;
        std::function<bool(int64_t step)> due;
        std::function<void(int64_t step, MetricsLog& log)> evaluate;
        std::string figure = {};
        bool evaluate_again = false;  // the evaluation of a finished stage is repeated
    };
    // Trains a stage to its end. With --resume, an unfinished stage is continued and a finished one is skipped. Throws
    // Error(interrupted) if it stops before its end.
    void train(const Stage& stage) { train(std::vector<Stage>{stage}); }
    // Trains independent stages in parallel: at most parallel_limit(), each with its own context.
    void train(const std::vector<Stage>& stages);
    // The number of stages to train in parallel: on a GPU one per host thread, on a CPU one, where more are not faster.
    int64_t parallel_limit() const { return device_.cuda ? threads_.size() : 1; }
    // The context of stage i = 0, 1, ... of those trained in parallel: the runner's own backend for 0, then further
    // backends of the same device, which are kept for later stages.
    Context parallel_context(int64_t i);
    // A further backend of the run's device, for work that must not touch the run's own.
    OpenedDevice open_another_device() const { return open_device(options_.device); }
    // Returns cached memory of all backends to the device. A backend cannot use memory cached by another one.
    void flush_memory();
    // Loads a stage, which must be finished. Otherwise Error(usage) names the command that trains it, or the settings
    // that differ from those of the run. arm: the one whose augmenter has the model; empty for stages of the pipeline
    // and policies.
    void require_trained(TrainableModel& model, const std::string& fingerprint, const std::string& arm = {});
    // Loads a stage and returns whether it is finished. Error(usage) if it was trained with other settings or data.
    bool finished(TrainableModel& model, const std::string& fingerprint);
    // Error(usage) if existing checkpoints of a stage do not allow it to be trained: with --resume those of other
    // settings or data, without --resume any. `train` checks this, too; `run` checks all stages at the start.
    void check_checkpoints(const std::string& stage, const std::string& fingerprint) const;

    // Records the session in the run folder, once. Called before the first change of the folder.
    void record_session();

    // results.json: figures by key, in the order of the stages.
    data::Json& results() { return results_; }
    void save_results();
    void add_seconds(const std::string& key, double seconds);  // adds to timings.json and writes it
    double seconds(const std::string& key) const;              // of timings.json; 0 if it has none
    double seconds() const;                                    // of all of them
    // Prints a line on standard error and adds "STAGE: message" to "warnings" in results.json.
    void warn(const std::string& stage, const std::string& message);
    void clear_warnings(const std::string& stage);  // for a stage that is repeated

    // The number of updates of a stage, which is loaded; -1 if it has no checkpoint. Error(usage) if it was trained
    // with other settings or data.
    int64_t load_stage(TrainableModel& model, const std::string& fingerprint);
    // The end of a message: "; hint: first astro COMMAND --data ... --run ...".
    std::string hint_first(const std::string& command) const;
    // Error(usage) about a stage that was trained with other settings or data.
    [[noreturn]] void refuse_other_settings(const std::string& stage, const CommandLine::Differences& differ) const;
    CommandLine::Differences differences(const std::string& stage) const;

    struct JointProgress;
    method::TrainingPlan plan_of(const Stage& stage) const;
    // The stage, its log and the progress must outlive the observer.
    method::TrainingObserver observer_of(const Stage& stage, std::unique_ptr<MetricsLog>& log, JointProgress& joint);

    // Loads a data set, checks it against the environment, and reports how its file was understood.
    data::Dataset load(const std::string& path, data::Parts parts);
    // Loads another file of the same system, such as the stitched data, into the units of the run.
    data::RecordedData load_in_units(const std::string& path, data::Parts parts);
    // Sets name_ and datasets_. Error(usage) if the run folder was made with other data.
    void find_data(const Needs& needs);
    // The data set of the settings: a name or a path. It is generated or found in the run folder if necessary.
    std::string source(const Needs& needs);
    // Refuses settings that do not fit the data that are about to be generated.
    void check_generated(const std::string& path, const Needs& needs);
    // Error(usage) if metrics.position names a column that the states do not have.
    void check_position(int64_t columns, const std::string& path) const;

    CommandLine& line_;
    StageOptions options_;
    Config& config_;
    std::unique_ptr<data::AddedEnvironment> simulator_;  // if general.env is a command; started before all else
    OpenedDevice device_;
    std::vector<OpenedDevice> parallel_devices_;  // further backends, each with its own stream
    std::optional<RunFolder> folder_;
    Progress progress_;
    ThreadPool threads_;
    data::DatasetName name_;
    std::vector<DatasetIdentity> datasets_, known_data_;  // now, and in the last session of the run folder
    std::string environment_;
    std::unique_ptr<Pipeline> pipeline_;
    bool recorded_ = false;
    data::Json results_ = data::Json::object(), timings_ = data::Json::object();
};

}  // namespace astro::app
