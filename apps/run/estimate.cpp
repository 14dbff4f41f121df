#include "apps/run/estimate.h"

#include <algorithm>
#include <cmath>

#include "apps/random_world.h"
#include "apps/run/arms.h"
#include "apps/run/policies.h"
#include "data/environment.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr double kTimed = .1;  // seconds for which a step is repeated

// Rows of stitched data for each bridge that is tried: the fewest and the most in our own runs (maze2d, with a yield of
// 39 %, and a point maze, where all are accepted).
constexpr double kFewestRows = 20, kMostRows = 90;

// Bytes that embedding all rows, measuring distances between pairs of rows and loading the rows of policies took in our
// own runs in addition to what is computed below.
constexpr double kMeasurements = 150e6;

// Seconds of one call of `step`. The first calls allocate memory and, on a GPU, record the step.
template <class Step>
double time_of(const Step& step) {
    step(), step();
    const double start = seconds_now();
    int64_t calls = 0;
    double seconds = 0;
    do step(), seconds = seconds_now() - start, ++calls;
    while (seconds < kTimed);
    return seconds / static_cast<double>(calls);
}

double time_of_updates(TrainableModel& model) {
    int64_t k = 0;
    return static_cast<double>(model.updates()) * time_of([&] { model.update(k++); });
}

struct Estimator {
    StageRunner& runner;
    Context context;
    RunEstimate estimate = {};
    const Config& config = runner.config();
    const data::Dataset& data = runner.pipeline().train_data();
    // As long as a few of the planner's windows.
    int64_t episode_rows = 4 * config.planner.window();
    RandomWorld world{config, 32 * episode_rows, episode_rows, data.state_dim, data.action_dim};

    void add(const std::string& name, double least, double most) { estimate.parts.push_back({name, least, most}); }
    void add(const std::string& name, double seconds) { add(name, seconds, seconds); }

    void tdr() {
        method::TemporalDistance model(context, config.tdr, world.map.gamma, world.trajectories, 0);
        const double embedding = time_of([&] { model.embed(world.data.observations.data(), world.data.rows); });
        add("tdr",
            time_of_updates(model) + embedding * static_cast<double>(data.rows) / static_cast<double>(world.data.rows));
    }

    std::unique_ptr<method::Dynamics> make_dynamics() {
        return method::make_dynamics(context, config.dynamics, runner.pipeline().horizon(), world.map, world.statistics,
                                     0);
    }
    void dynamics() {
        method::OneStepModels one_step(context, config.one_step, resolve_one_step_updates(config), world.trajectories,
                                       world.statistics, 0);
        add("dynamics", static_cast<double>(config.dynamics.ensemble) * time_of_updates(*make_dynamics()) +
                            time_of_updates(one_step));
    }

    std::vector<std::unique_ptr<method::Dynamics>> members() {
        std::vector<std::unique_ptr<method::Dynamics>> made;
        for (int64_t m = 0; m < config.dynamics.ensemble; ++m) made.push_back(make_dynamics());
        return made;
    }
    void planner(bool trained, bool stitches) {
        const std::vector<std::unique_ptr<method::Dynamics>> owned = members();
        std::vector<const method::Dynamics*> dynamics;
        for (const auto& member : owned) dynamics.push_back(member.get());
        method::Planner model(context, config.planner, world.map, world.statistics, dynamics, config.dynamics, 0);
        if (trained && model.updates() > 0) add("planner", time_of_updates(model));
        if (!stitches) return;
        // One batch of pairs, between the first rows of one episode and later ones of the next.
        const int64_t pairs = 16, context_rows = config.planner.context;
        std::vector<method::StitchEnds> ends;
        std::vector<Rng> streams;
        for (int64_t i = 0; i < pairs; ++i) {
            const int64_t source = i * episode_rows, target = source + episode_rows + context_rows;
            ends.push_back(method::recorded_ends(world.data, source, world.data, target, context_rows));
            ends.back().steps = static_cast<double>(config.planner.gap + 1);
            streams.push_back(Rng(static_cast<uint64_t>(i)));
        }
        const double bridge =
            time_of([&] { model.sample(ends, config.planner.gap, config.augment.bridge_candidates, streams); }) /
            static_cast<double>(pairs);
        const auto rows = static_cast<double>(runner.pipeline().augmented_rows());
        add("stitching", rows / kMostRows * bridge, rows / kFewestRows * bridge);
    }

    void policies() {
        // Inputs with latents are as wide as states with so many more columns.
        const int64_t width = data.state_dim + (config.policy.latents ? config.tdr.latent : 0);
        const RandomWorld inputs(config, 32 * episode_rows, episode_rows, width, data.action_dim);
        learners::LearningData learning;
        learning.protocol = config.policy.protocol;
        learning.gamma = .99;
        learning.latent_columns = config.policy.latents ? config.tdr.latent : 0;
        learning.pools = {{&inputs.data, 1}};
        if (learning.protocol == Protocol::single_task)
            learning.pools[0].labels.rewards = learning.pools[0].labels.masks =
                std::vector<float>(to_size(inputs.data.rows), 1);
        const auto each = static_cast<double>(ssize(config.experiment.arms) * config.policy.seeds);
        const data::Environment* environment = data::find_environment(runner.environment());
        double updates = 0, evaluations = 0;
        for (const std::string& name : config.experiment.learners) {
            const std::unique_ptr<learners::Learner> learner =
                learners::make_learner(name, context, config, runner.environment(), learning, name);
            updates += each * time_of_updates(*learner);
            if (!environment) continue;
            const std::vector<float> states(to_size(evaluated_episodes(config, environment->spec()) * width), 0);
            const double rounds = static_cast<double>(config.evaluate.points + (config.evaluate.subgoals > 0)) *
                                  static_cast<double>(environment->spec().step_limit);
            evaluations += each * rounds * time_of([&] { learner->act(states, states); });
        }
        add(policies_of_experiment(config), updates);
        if (environment) add("evaluation", 0, evaluations);
    }
};

// Bytes of the process so far, of the largest model in training, of measurements, of the latents, and of the second
// data sets, each of which is held as recorded and in the method's units.
double memory_of(StageRunner& runner, int64_t training) {
    const Config& config = runner.config();
    const data::Dataset& data = runner.pipeline().train_data();
    int64_t second = 0;
    bool kept = false;
    for (const std::string& arm : config.experiment.arms) {
        const augmenters::Row& row = augmenters::row_of(arm);
        second += row.make && !(row.kept && kept);
        kept |= row.kept;
    }
    const int64_t columns = data.state_dim + data.action_dim + data.qpos_dim + data.qvel_dim;
    const int64_t floats = data.rows * config.tdr.latent + 2 * second * runner.pipeline().augmented_rows() * columns;
    return kMeasurements + static_cast<double>(peak_memory() + training) + 4 * static_cast<double>(floats);
}

}  // namespace

RunEstimate estimate_run(StageRunner& runner, const std::vector<std::string>& stages) {
    const OpenedDevice device = runner.open_another_device();
    Estimator estimator{runner, Context{*device.backend, runner.context().threads, runner.context().chunks}};
    auto trained = [&](const char* stage) { return std::count(stages.begin(), stages.end(), stage) > 0; };
    if (trained("tdr")) estimator.tdr();
    if (trained("dynamics")) estimator.dynamics();
    const bool stitches = needs_kept_file(runner.config());
    if (trained("planner") || stitches) estimator.planner(trained("planner"), stitches);
    estimator.policies();
    estimator.estimate.memory = memory_of(runner, device.backend->allocator().stats().peak);
    return estimator.estimate;
}

std::string describe(const RunEstimate& estimate) {
    auto range = [](double least, double most) {
        const std::string from = clock_time(least), to = clock_time(most);
        return from == to ? to : least == 0 ? "at most " + to : from + " to " + to;
    };
    std::string parts;
    double least = 0, most = 0;
    for (const RunEstimate::Part& part : estimate.parts) {
        least += part.least, most += part.most;
        parts += (parts.empty() ? "" : ", ") + part.name + " " + range(part.least, part.most);
    }
    return text(range(least, most), " on this machine (", parts, "), ", std::llround(estimate.memory / 1e6),
                " MB of memory");
}

}  // namespace astro::app
