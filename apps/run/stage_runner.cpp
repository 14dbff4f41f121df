#include "apps/run/stage_runner.h"

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "apps/run/policies.h"
#include "apps/run/signals.h"
#include "data/environment.h"
#include "data/environment_match.h"
#include "data/file.h"
#include "data/jumps.h"
#include "data/replay.h"
#include "data/validate.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

// The name of the environment: the setting, or that of the data set's name, which may be empty.
std::string environment_of(const Config& config, const data::DatasetName& name) {
    return config.general.env.empty() ? name.environment : config.general.env;
}

}  // namespace

std::unique_ptr<data::AddedEnvironment> open_simulator(const std::string& name, const EnvironmentConfig& config) {
    auto opened = data::make_process_environment(name, {config.processes, config.timeout});
    return opened ? std::make_unique<data::AddedEnvironment>(std::move(opened)) : nullptr;
}

std::optional<double> recorded_gamma(const std::string& run) {
    const std::string path = run + "/results.json";
    if (!data::file_exists(path)) return std::nullopt;
    const data::Json results = data::Json::parse(data::read_text_file(path), path);
    const data::Json* gamma = results.find("tdr_gamma");
    return gamma ? std::optional<double>(gamma->as_real()) : std::nullopt;
}

// Tries a reset and a step of the tasks that will be evaluated. A warning, or "".
static std::string try_simulator(const Config& config, const std::string& name, const data::Dataset& dataset) {
    const data::Environment& environment = *data::find_environment(name);
    const auto seed = static_cast<uint64_t>(config.general.seed);
    std::vector<data::Episode> episodes =
        environment.draw_episodes(evaluated_tasks(config, environment.spec()), 1, config.policy.protocol, seed);
    if (const int64_t limit = environment.spec().agents_at_once; limit > 0 && ssize(episodes) > limit)
        episodes.resize(to_size(limit));
    return data::try_step(environment, dataset, episodes, seed);
}

StageRunner::StageRunner(CommandLine& line, const StageOptions& options, Config& config, const Needs& needs)
    : line_(line),
      options_(options),
      config_(config),
      simulator_(needs.simulator ? open_simulator(config.general.env, config.env) : nullptr),
      device_(open_device(options.device)),
      progress_(Progress::standard(options.quiet, options.log_every)),
      threads_(ThreadPool::usable(config.general.threads)) {
    if (config.general.chunks == 0) config.general.chunks = device_.cuda ? 1 : 8;
    const bool unstarted = !needs.simulator && data::is_process_name(config.general.env);
    if (!config.general.env.empty() && !unstarted)
        data::require_environment(config.general.env, "there is no environment '" + config.general.env + "'");
    find_data(needs);
    environment_ = environment_of(config, name_);
    if (needs.policies) check_protocol(config, environment_);
    data::Dataset all = load(name_.path, needs.parts);
    if (const std::string problem = data::training_problem(all); !problem.empty())
        fail(ErrorKind::data, name_.path, ": ", problem);
    const std::vector<std::string> column_warnings = data::column_warnings(all);
    std::string step_warning;
    if (needs.policies && needs.access == Access::write && data::is_process_name(environment_))
        step_warning = try_simulator(config, environment_, all);
    std::optional<data::Dataset> validation;
    if (!name_.val_path.empty()) validation = load(name_.val_path, needs.parts);
    const std::string size =
        text(all.rows, " rows, ", all.episodes(), " episodes, state ", all.state_dim, ", action ", all.action_dim);
    pipeline_ =
        std::make_unique<Pipeline>(context(), config, std::move(all), std::move(validation), environment_, name_.path);
    if (unstarted)
        if (const std::optional<double> gamma = recorded_gamma(options.run)) pipeline_->set_gamma(*gamma);
    check_lengths(name_.path, pipeline_->train(), pipeline_->validation(), needs.lengths, config);
    if (!folder_) folder_.emplace(options.run, needs.access);
    if (!folder_->lock_problem().empty()) progress_.note("warning: " + folder_->lock_problem());

    progress_.note(text("device ", device_.description, ", ", threads_.size(), " threads; data ", name_.path, ": ",
                        size,
                        unstarted                              ? ""
                        : data::find_environment(environment_) ? "; environment " + environment_
                                                               : "; no simulator: set --env to measure and evaluate"));
    if (threads_.size() < config.general.threads)
        progress_.note(text(threads_.size(), " of ", config.general.threads, " threads are used: ",
                            ThreadPool::available() > threads_.size()
                                ? "the system could not start more"
                                : "the process may use only that many processors"));
    progress_.note(data::describe(pipeline_->units()));
    const int64_t jumps = pipeline_->train().count() - pipeline_->train_data().episodes();
    if (jumps > 0)
        progress_.note(text(name_.path, ": ", jumps,
                            " steps are jumps and end an episode: teleports, or ends of episodes "
                            "without a mark (data.jump_factor sets the minimum length of a jump)"));
    if (const int64_t undecided = pipeline_->train().undecided; undecided > 0)
        progress_.note(name_.path + ": " + data::describe_undecided(undecided));
    if (data::file_exists(folder_->file("results.json")))
        results_ =
            data::Json::parse(data::read_text_file(folder_->file("results.json")), folder_->file("results.json"));
    if (const data::Environment* known = data::find_environment(environment_)) {
        const std::string& name = known->spec().name;  // not its command: reports run nothing
        const data::Json* recorded = results_.find("environment");
        if (recorded && recorded->as_string() != name)
            fail(ErrorKind::usage, options.run, " was made with the environment ", recorded->as_string(), ", not ",
                 name, "; hint: its --env, or another --run folder");
        results_["environment"] = name;
    }
    if (data::file_exists(folder_->file("timings.json")))
        timings_ =
            data::Json::parse(data::read_text_file(folder_->file("timings.json")), folder_->file("timings.json"));
    const data::Dataset& recorded = pipeline_->train_rows().recorded;
    if (const data::Environment* known = data::find_environment(environment_);
        known && !data::can_replay(*known, recorded, name_.path))
        if (const std::string words = data::describe_far_tasks(*known, recorded); !words.empty())
            warn("evaluate", words);
    if (const std::string words =
            data::describe_rounding(recorded, pipeline_->units().states, pipeline_->statistics().sigma_delta);
        !words.empty())
        warn("data", words);
    if (!step_warning.empty()) warn("evaluate", step_warning);
    for (const std::string& words : column_warnings) warn("data", words);
}

void StageRunner::record_session() {
    if (recorded_) return;
    recorded_ = true;
    Session session;
    session.command = line_.command_name();
    session.arguments = line_.arguments();
    session.seed = config_.general.seed;
    session.device = device_.description;
    session.chunks = config_.general.chunks;
    session.resumed = options_.resume;
    session.threads = threads_.size();
    session.datasets = datasets_;
    folder_->record_session(session, line_.effective_config());
}

data::RecordedData StageRunner::load_in_units(const std::string& path, data::Parts parts) {
    parts = data::parts_for(data::find_environment(environment_), parts);
    return data::convert(pipeline_->units(), data::load_dataset(path, &threads_, parts, config_.general.unpack_ratio),
                         path);
}

void StageRunner::check_position(int64_t columns, const std::string& path) const {
    for (int64_t column : config_.metrics.position)
        if (column >= columns)
            fail(ErrorKind::usage, "metrics.position names column ", column, " of states, but ", path, " has ", columns,
                 " columns, 0 to ", columns - 1);
}

data::Dataset StageRunner::load(const std::string& path, data::Parts parts) {
    const data::Environment* environment = data::find_environment(environment_);
    if (environment && environment->stored_step && !environment->exact_step) parts = data::Parts::all;  // for its check
    data::Dataset dataset =
        data::load_dataset(path, &threads_, data::parts_for(environment, parts), config_.general.unpack_ratio);
    std::string notes;
    for (const std::string& note : dataset.notes) notes += (notes.empty() ? "" : "; ") + note;
    if (!notes.empty()) progress_.note(path + ": " + notes);
    check_position(dataset.state_dim, path);
    if (environment) {
        evaluated_tasks(config_, environment->spec());  // refuses what cannot be evaluated
        data::check_dimensions(*environment, dataset, path);
        data::check_environment_match(*environment, dataset, path);
    }
    return dataset;
}

Context StageRunner::parallel_context(int64_t i) {
    ASTRO_CHECK(i < parallel_limit(), "a context for stage ", i, " of ", parallel_limit(), " in parallel");
    if (i == 0) return context();
    while (ssize(parallel_devices_) < i) parallel_devices_.push_back(open_another_device());
    return {*nth(parallel_devices_, i - 1).backend, threads_, config_.general.chunks};
}

void StageRunner::flush_memory() {
    device_.backend->allocator().flush();
    for (const OpenedDevice& other : parallel_devices_) other.backend->allocator().flush();
}

// Progress of all stages that are trained together.
struct StageRunner::JointProgress {
    const double start = seconds_now();
    std::mutex mutex;
    int64_t total = 0, done = 0;
    std::string names;  // of the stages that are not skipped
};

method::TrainingPlan StageRunner::plan_of(const Stage& stage) const {
    method::TrainingPlan plan;
    plan.folder = folder_->checkpoints(stage.model.name());
    plan.checkpoint_every = config_.checkpoint.every;
    plan.keep = config_.checkpoint.keep;
    plan.metrics_every = config_.checkpoint.metrics_every;
    plan.stop_after = options_.stop_after > 0 ? options_.stop_after : -1;
    plan.resume = options_.resume;
    plan.fingerprint = stage.fingerprint;
    return plan;
}

method::TrainingObserver StageRunner::observer_of(const Stage& stage, std::unique_ptr<MetricsLog>& log,
                                                  JointProgress& joint) {
    const std::string name = stage.model.name();
    TrainingObserver observer;
    if (stage.evaluate)
        observer.evaluated = [this, key = name + "/" + stage.figure, again = stage.evaluate_again](int64_t step) {
            if (again) return false;
            const std::string file = folder_->file("metrics.csv");
            if (!data::file_exists(file)) return false;
            const std::vector<MetricRow> rows = read_metrics(file);
            return std::any_of(rows.begin(), rows.end(),
                               [&](const MetricRow& row) { return row.step == step && row.key == key; });
        };
    observer.resumed = [&, name, evaluated = observer.evaluated](int64_t step) {
        const int64_t updates = stage.model.updates();
        const bool complete = !evaluated || !stage.due(step) || evaluated(step);
        if (step >= updates && complete) return;  // already finished: keep its curve
        log = std::make_unique<MetricsLog>(folder_->file("metrics.csv"), name, step > 0 ? step : -1);
        joint.total += updates, joint.done += step;
        joint.names += (joint.names.empty() ? "" : ", ") + name;
        progress_.start(joint.names, joint.total, joint.done);
    };
    observer.progress = [&](int64_t, int64_t, const Metrics& metrics) {
        const std::lock_guard<std::mutex> lock(joint.mutex);
        if (metrics.empty())
            progress_.update(++joint.done);
        else
            progress_.update(++joint.done, metrics[0].second);
    };
    observer.metrics = [&](int64_t step, const Metrics& metrics) {
        for (const auto& [key, value] : metrics) log->add(step, key, value);
        log->flush();
    };
    observer.evaluation_due = stage.due;
    observer.evaluate = [&](int64_t step) {
        const EndAtOnce anywhere;
        stage.evaluate(step, *log);
        log->flush();
    };
    observer.interrupted = [] { return interrupted(); };
    observer.ended = [&, name](int64_t) {
        if (log) add_seconds(name, seconds_now() - joint.start);
    };
    observer.warn = [this, name](const std::string& message) { warn(name, message); };
    return observer;
}

void StageRunner::train(const std::vector<Stage>& stages) {
    for (const Stage& stage : stages) check_checkpoints(stage.model.name(), stage.fingerprint);
    record_session();
    JointProgress joint;
    std::vector<std::unique_ptr<MetricsLog>> logs(stages.size());
    std::vector<Training> trainings;
    for (size_t i = 0; i < stages.size(); ++i)
        trainings.push_back({stages[i].model, plan_of(stages[i]), observer_of(stages[i], logs[i], joint)});
    bool complete = false;
    try {
        const EndAfterCheckpoint deferred;
        complete = method::train(threads_, trainings);
    } catch (const Error& error) {
        if (options_.trace && !error.detail().empty())
            std::fprintf(stderr, "ops in order of execution, the failing op last\n%s", error.detail().c_str());
        throw;
    }
    if (joint.names.empty()) return;  // all skipped
    if (complete)
        progress_.finish();
    else
        fail(ErrorKind::interrupted, "stage ", joint.names,
             " stopped before its end; a checkpoint was written; hint: continue with the same command and --resume");
}

void StageRunner::save_results() {
    record_session();
    data::write_text_file(folder_->file("results.json"), results_.dump() + "\n");
}

void StageRunner::add_seconds(const std::string& key, double seconds) {
    const data::Json* before = timings_.find(key);
    record_session();
    timings_[key] = (before ? before->as_real() : 0) + seconds;
    data::write_text_file(folder_->file("timings.json"), timings_.dump() + "\n");
}

double StageRunner::seconds(const std::string& key) const {
    const data::Json* value = timings_.find(key);
    return value ? value->as_real() : 0;
}

double StageRunner::seconds() const {
    double sum = 0;
    for (const auto& [key, value] : timings_.members()) sum += value.as_real();
    return sum;
}

void StageRunner::warn(const std::string& stage, const std::string& message) {
    const std::string warning = stage + ": " + message;
    progress_.note("warning: " + warning);
    data::Json& warnings = results_["warnings"];
    if (warnings.kind() != data::Json::Kind::array) warnings = data::Json::array();
    for (const data::Json& known : warnings.elements())
        if (known.as_string() == warning) return;
    warnings.push(warning);
}

void StageRunner::clear_warnings(const std::string& stage) {
    if (!results_.find("warnings")) return;
    data::Json kept = data::Json::array();
    for (const data::Json& known : results_["warnings"].elements())
        if (known.as_string().rfind(stage + ": ", 0) != 0) kept.push(known);
    results_["warnings"] = kept;
}

}  // namespace astro::app
