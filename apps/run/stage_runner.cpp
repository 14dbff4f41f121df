#include "apps/run/stage_runner.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "apps/run/measure.h"
#include "apps/command_line/settings.h"
#include "apps/run/signals.h"
#include "data/checkpoint.h"
#include "data/environment.h"
#include "data/file.h"
#include "data/zip.h"

namespace astro::app {

namespace {

// OGBench's own habit, unless ASTRO_DATA says otherwise.
std::string data_folder() {
    if (const char* folder = std::getenv("ASTRO_DATA")) return folder;
    const char* home = std::getenv("HOME");
    return std::string(home ? home : ".") + "/.ogbench/data";
}

// The environment's name: the setting, else what the data set's name says, or nothing.
std::string environment_of(const Config& config, const data::DatasetName& name) {
    return config.general.env.empty() ? name.environment : config.general.env;
}

// The settings of the generator that made RUN/data, beside the data: others must not pass for them.
std::string collect_words(const CollectConfig& collect) {
    return text("episodes ", collect.episodes, ", rows ", collect.episode_rows, ", noise ", print_real(collect.noise),
                ", seed ", collect.seed, "\n");
}

// RUN/data/pointmaze-large-stitch-v0.npz: the name OGBench would give it.
std::string generated_path(const RunFolder& folder, const CollectConfig& collect) {
    const data::Environment& environment = data::require_environment(
        collect.env, "collect.env '" + collect.env + "' is no built-in environment, and no --data FILE is given");
    data::create_folders(folder.file("data"));
    return folder.file("data/" + data::dataset_name(environment, collect.type) + ".npz");
}

DatasetIdentity identify(const std::string& path) {
    return {path, static_cast<int64_t>(data::InputFile(path).size()), data::file_crc32(path)};
}

}  // namespace

StageRunner::StageRunner(CommandLine& line, const StageOptions& options, Config& config, data::Parts parts)
    : options_(options),
      config_(config),
      device_(open_device(options.device)),
      folder_(options.run),
      progress_(Progress::standard(options.quiet, options.log_every)),
      threads_(static_cast<int>(config.general.threads > 0 ? config.general.threads : ThreadPool::available())) {
    if (config.general.chunks == 0) config.general.chunks = device_.cuda ? 1 : 8;
    std::string source = config.general.data;
    if (source.empty()) {
        source = generated_path(folder_, config.collect);
        const std::string made_with = source + ".txt", words = collect_words(config.collect);
        if (!data::file_exists(made_with)) {  // written last: what a kill left unfinished is made anew
            progress_.note("generating " + source);
            collect_files(config.collect, source, threads_);
            data::write_text_file(made_with, words);
        } else if (data::read_text_file(made_with) != words) {
            fail(ErrorKind::usage, source,
                 " was generated with other settings of [collect]; hint: repeat them, or choose another --run folder");
        }
    }
    name_ = data::resolve_dataset(source, data_folder());
    environment_ = environment_of(config, name_);
    data::Dataset all = data::load_dataset(name_.path, &threads_, parts);
    std::optional<data::Dataset> validation;
    if (!name_.val_path.empty()) validation = data::load_dataset(name_.val_path, &threads_, parts);
    if (const data::Environment* environment = data::find_environment(environment_)) {
        data::check_dimensions(*environment, all, name_.path);
        if (validation) data::check_dimensions(*environment, *validation, name_.val_path);
    }

    Session session;
    session.command = line.command_name();
    session.arguments = line.arguments();
    session.seed = config.general.seed;
    session.device = device_.words;
    session.chunks = config.general.chunks;
    session.resumed = options.resume;
    session.threads = threads_.size();
    session.datasets.push_back(identify(name_.path));
    if (!name_.val_path.empty()) session.datasets.push_back(identify(name_.val_path));
    folder_.record_session(session, line.effective_config());

    progress_.note(text("device ", device_.words, ", ", threads_.size(), " threads; data ", name_.path, ": ", all.rows,
                        " rows, ", all.episodes(), " episodes, state ", all.state_dim, ", action ", all.action_dim,
                        environment_.empty() ? std::string("; no simulator: set --env to measure and evaluate")
                                             : "; environment " + environment_));
    pipeline_ = std::make_unique<Pipeline>(context(), config, std::move(all), std::move(validation), environment_);
    if (data::file_exists(folder_.file("results.json")))
        results_ = data::Json::parse(data::read_text_file(folder_.file("results.json")), folder_.file("results.json"));
    if (!environment_.empty() && !results_.find("environment")) results_["environment"] = environment_;
    if (data::file_exists(folder_.file("timings.json")))
        timings_ = data::Json::parse(data::read_text_file(folder_.file("timings.json")), folder_.file("timings.json"));
}

Context StageRunner::context_beside(int64_t i) {
    ASTRO_CHECK(i < side_by_side(), "a context for stage ", i, " of ", side_by_side(), " side by side");
    if (i == 0) return context();
    while (static_cast<int64_t>(beside_.size()) < i) beside_.push_back(open_device(options_.device));
    return {*beside_[static_cast<size_t>(i - 1)].backend, threads_, config_.general.chunks};
}

void StageRunner::flush_memory() {
    device_.backend->allocator().flush();
    for (const OpenedDevice& other : beside_) other.backend->allocator().flush();
}

void StageRunner::train(const std::vector<Stage>& stages) {
    const double start = seconds_now();  // together; each ends by itself
    std::vector<std::unique_ptr<MetricsLog>> logs(stages.size());
    std::vector<Training> trainings;
    // Progress of all of them together.
    std::mutex progress_mutex;
    int64_t total = 0, done = 0;
    std::string words;
    for (size_t i = 0; i < stages.size(); ++i) {
        const Stage& stage = stages[i];
        TrainableModel& model = stage.model;
        const std::string name = model.name();
        TrainingPlan plan;
        plan.folder = folder_.checkpoints(name);
        plan.checkpoint_every = config_.checkpoint.every;
        plan.keep = config_.checkpoint.keep;
        plan.metrics_every = config_.checkpoint.metrics_every;
        plan.stop_after = options_.stop_after > 0 ? options_.stop_after : -1;
        plan.resume = options_.resume;
        plan.fingerprint = stage.fingerprint;
        if (!options_.resume && data::load_checkpoint(plan.folder))
            fail(ErrorKind::usage, folder_.path(), " already holds checkpoints of stage ", name,
                 "; hint: --resume goes on from them, or choose another --run folder");
        TrainingObserver observer;
        std::unique_ptr<MetricsLog>& log = logs[i];
        observer.resumed = [&, name](int64_t step) {
            if (step >= model.updates()) return;  // finished: its curve stays as it is
            log = std::make_unique<MetricsLog>(folder_.file("metrics.csv"), name, step > 0 ? step : -1);
            total += model.updates(), done += step;
            words += (words.empty() ? "" : ", ") + name;
            progress_.start(words, total, done);
        };
        observer.progress = [&](int64_t, int64_t, const Metrics& metrics) {
            const std::lock_guard<std::mutex> lock(progress_mutex);
            if (metrics.empty())
                progress_.update(++done);
            else
                progress_.update(++done, metrics[0].second);
        };
        observer.metrics = [&](int64_t step, const Metrics& metrics) {
            for (const auto& [key, value] : metrics) log->add(step, key, value);
            log->flush();
        };
        observer.evaluation_due = stage.due;
        observer.evaluate = [&](int64_t step) {
            stage.evaluate(step, *log);
            log->flush();
        };
        observer.interrupted = [] { return interrupted(); };
        observer.ended = [&, name](int64_t) {
            if (log) add_seconds(name, seconds_now() - start);
        };
        observer.warn = [&, name](const std::string& message) { warn(name, message); };
        trainings.push_back({model, plan, observer});
    }
    bool complete = false;
    try {
        complete = method::train(threads_, trainings);
    } catch (const Error& error) {
        if (options_.trace && !error.detail().empty())
            std::fprintf(stderr, "ops in order, the failing one last\n%s", error.detail().c_str());
        throw;
    }
    if (words.empty()) return;  // all skipped
    if (complete)
        progress_.finish();
    else
        fail(ErrorKind::interrupted, "stage ", words,
             " stopped before its end; its checkpoint is written: the same command with --resume goes on");
}

bool StageRunner::finished(TrainableModel& model, const std::string& fingerprint) {
    const std::string stage = model.name();
    return load_state(model, folder_.checkpoints(stage), fingerprint,
                      [&](const std::string& message) { warn(stage, message); }) >= model.updates();
}

void StageRunner::require_trained(TrainableModel& model, const std::string& fingerprint) {
    if (!finished(model, fingerprint))
        fail(ErrorKind::usage, "stage ", model.name(), " is not trained in ", folder_.path(), "; hint: astro train ",
             model.name().substr(0, model.name().find_first_of("0123456789/")), " --run ", folder_.path(),
             " first");
}

void StageRunner::save_results() { data::write_text_file(folder_.file("results.json"), results_.dump() + "\n"); }

void StageRunner::add_seconds(const std::string& key, double seconds) {
    const data::Json* before = timings_.find(key);
    timings_[key] = (before ? before->as_real() : 0) + seconds;
    data::write_text_file(folder_.file("timings.json"), timings_.dump() + "\n");
}

void StageRunner::warn(const std::string& stage, const std::string& message) {
    const std::string words = stage + ": " + message;
    progress_.note("warning: " + words);
    data::Json& warnings = results_["warnings"];
    if (warnings.kind() != data::Json::Kind::array) warnings = data::Json::array();
    for (const data::Json& known : warnings.elements())
        if (known.as_string() == words) return;
    warnings.push(words);
}

void StageRunner::clear_warnings(const std::string& stage) {
    if (!results_.find("warnings")) return;
    data::Json kept = data::Json::array();
    for (const data::Json& known : results_["warnings"].elements())
        if (known.as_string().rfind(stage + ": ", 0) != 0) kept.push(known);
    results_["warnings"] = kept;
}

}  // namespace astro::app
