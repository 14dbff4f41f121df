// What the commands that work on a data set in a run folder share: opening everything, and running one stage with
// progress, curves, checkpoints, interruption and resumption.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "apps/run/metrics_log.h"
#include "apps/command_line/options.h"
#include "apps/run/progress.h"
#include "apps/run/run_dir.h"
#include "astro/pipeline.h"
#include "data/dataset_load.h"
#include "data/json.h"
#include "tensor/base/clock.h"

namespace astro::app {

class StageRunner {
  public:
    // Parses nothing: the line has been parsed. Opens the run folder and the data set (generated into the folder by the
    // settings of `collect` where none is named), makes the backend and the threads, records the session. parts: what
    // of the data set is read.
    StageRunner(CommandLine& line, const StageOptions& options, Config& config, data::Parts parts = data::Parts::all);

    Pipeline& pipeline() { return *pipeline_; }
    RunFolder& folder() { return folder_; }
    Progress& progress() { return progress_; }
    ThreadPool& threads() { return threads_; }
    Context context() { return {*device_.backend, threads_, config_.general.chunks}; }
    const Config& config() const { return config_; }
    const data::DatasetName& dataset_name() const { return name_; }
    // The simulator's name for evaluation and measurement: general.env, else what the data set's name says.
    const std::string& environment() const { return environment_; }

    // A stage to train: evaluate, which may be empty, is called after the updates where `due`.
    struct Stage {
        TrainableModel& model;
        std::string fingerprint;
        std::function<bool(int64_t step)> due;
        std::function<void(int64_t step, MetricsLog& log)> evaluate;
    };
    // Trains a stage to its end, or goes on with it (--resume), or skips it when it is finished. Throws
    // Error(interrupted) when it stops before its end.
    void train(const Stage& stage) { train(std::vector<Stage>{stage}); }
    // Several that do not depend on one another, side by side: at most side_by_side(), each in a context of its own.
    void train(const std::vector<Stage>& stages);
    // On a GPU a stage for each host thread; on a CPU one, as several are no faster there.
    int64_t side_by_side() const { return device_.cuda ? threads_.size() : 1; }
    // For stage i, from 0, of those trained together: the runner's own backend, then others of the same device, which
    // stay for the stages that come later.
    Context context_beside(int64_t i);
    // Memory that one backend keeps for reuse is out of reach of the others: gives that of all back to the device.
    void flush_memory();
    // Loads a stage that must be finished; Error(usage) names the command that trains it.
    void require_trained(TrainableModel& model, const std::string& fingerprint);
    bool finished(TrainableModel& model, const std::string& fingerprint);

    // results.json: figures by key, in the order of the stages, byte-stable.
    data::Json& results() { return results_; }
    void save_results();
    void add_seconds(const std::string& key, double seconds);  // to timings.json, at once
    // A line on standard error, and "STAGE: message" in results.json under "warnings".
    void warn(const std::string& stage, const std::string& message);
    void clear_warnings(const std::string& stage);  // of a stage that is repeated: they told of what is replaced

  private:
    StageOptions options_;
    Config& config_;
    OpenedDevice device_;               // before the folder: nothing is made where the device is missing
    std::vector<OpenedDevice> beside_;  // each with a stream of its own
    RunFolder folder_;
    Progress progress_;
    ThreadPool threads_;
    data::DatasetName name_;
    std::string environment_;
    std::unique_ptr<Pipeline> pipeline_;
    data::Json results_ = data::Json::object(), timings_ = data::Json::object();
};

}  // namespace astro::app
