#include "apps/bench_items.h"

#include <cmath>
#include <numeric>

#include "astro/learners/learner.h"
#include "astro/planner.h"

namespace astro::app {

namespace {

// A million random rows in episodes of 200, states and actions of 2 dimensions, and what the stages ask of a map.
struct RandomWorld {
    data::Dataset data;
    Trajectories trajectories;
    Statistics statistics;
    TemporalMap map;
    Config config;

    RandomWorld() {
        constexpr int64_t kRows = 1000000, kEpisode = 200;
        data.rows = kRows, data.state_dim = data.action_dim = 2;
        data.observations.resize(2 * kRows), data.actions.resize(2 * kRows), data.terminals.resize(kRows);
        Rng rng = Rng(0).stream("bench");
        rng.fill_normal(data.observations.data(), 2 * kRows);
        rng.fill_uniform(data.actions.data(), 2 * kRows, -1, 1);
        for (int64_t t = kEpisode - 1; t < kRows; t += kEpisode) data.terminals[static_cast<size_t>(t)] = 1;
        data::index_episodes(data);
        trajectories = cut_at_jumps(data, 1e9);
        apply_preset(config, "small");
        statistics = measure(trajectories, config.planner.hole + 1, config.data.std_floor);
        map.data = &trajectories, map.gamma = .99, map.width = 2, map.latent = data.observations;
        for (int64_t k = 0; k < trajectories.count(); ++k) map.arrival.push_back(trajectories.last(k));
        std::vector<double> medians(64);
        std::iota(medians.begin(), medians.end(), 1.0);
        map.calibration = Calibration(medians);
        config.dynamics.form = DynamicsForm::one_pass;  // the peers' planner rolls out in one pass
        config.value.actor_layers = config.value.critic_layers = 2;
        config.value.actor_width = config.value.critic_width = 256;
        config.value.actor_layer_norm = config.value.critic_layer_norm = false;
        config.value.activation = PolicyActivation::relu;
        config.policy.protocol = Protocol::single_task;
        config.iql.actor = IqlActor::awr;
        config.cql.form = CqlForm::pure;
        config.cql.max_target = false;
    }
};

const std::shared_ptr<RandomWorld>& world() {
    static const std::shared_ptr<RandomWorld> made = std::make_shared<RandomWorld>();
    return made;
}

std::function<void()> repeat_updates(std::shared_ptr<Trainee> trainee, std::shared_ptr<void> keeps, int64_t units) {
    auto k = std::make_shared<int64_t>(0);
    return [trainee, keeps, k, units] {
        for (int64_t u = 0; u < units; ++u) trainee->update((*k)++);
    };
}

std::function<void()> make_tdr(const Context& context) {
    const auto w = world();
    return repeat_updates(std::make_shared<TemporalDistance>(context, w->config.tdr, .99, w->trajectories, w->statistics, 0), w, 1);
}

std::shared_ptr<Dynamics> make_dynamics_model(const Context& context, const RandomWorld& w) {
    return std::make_shared<Dynamics>(context, w.config.dynamics, w.config.planner.hole + w.config.planner.context, w.map, w.statistics, 0);
}

std::function<void()> make_dynamics(const Context& context) {
    const auto w = world();
    return repeat_updates(make_dynamics_model(context, *w), w, 1);
}

std::shared_ptr<Planner> make_planner_model(const Context& context, const RandomWorld& w, const Dynamics& dynamics, int64_t guidance) {
    PlannerConfig config = w.config.planner;
    config.guidance_steps = guidance;
    return std::make_shared<Planner>(context, config, w.map, w.statistics, std::vector<const Dynamics*>{&dynamics}, w.config.dynamics, 0);
}

std::function<void()> make_planner(const Context& context) {
    const auto w = world();
    const auto dynamics = make_dynamics_model(context, *w);
    return repeat_updates(make_planner_model(context, *w, *dynamics, 0), dynamics, 1);
}

// 32 bridges of 8 candidates, 20 steps, one-pass dynamics.
std::function<void()> make_sampler(const Context& context, int64_t guidance) {
    const auto w = world();
    const auto dynamics = make_dynamics_model(context, *w);
    const auto planner = make_planner_model(context, *w, *dynamics, guidance);
    const PlannerConfig& c = planner->config();
    auto ends = std::make_shared<std::vector<StitchEnds>>();
    std::vector<Rng> streams;
    for (int64_t i = 0; i < 32; ++i) {
        StitchEnds end;
        const int64_t s = 200 * i, g = 200 * i + 100;
        end.source_states.assign(w->data.observation(s), w->data.observation(s + c.context));
        end.source_actions.assign(w->data.action(s), w->data.action(s + c.context - 1));
        end.target_states.assign(w->data.observation(g), w->data.observation(g + c.context));
        end.target_actions.assign(w->data.action(g), w->data.action(g + c.context - 1));
        end.steps = 9;
        ends->push_back(end);
        streams.push_back(Rng(static_cast<uint64_t>(i)));
    }
    return [w, dynamics, planner, ends, streams] { planner->sample(*ends, planner->config().hole, 8, streams); };
}

std::function<void()> make_learner_item(const Context& context, const std::string& name, int64_t units) {
    const auto w = world();
    learners::LearningData data;
    data.pools = {{&w->data, 1}};
    data.scaling = {{0, 0}, {1, 1}};
    data.protocol = Protocol::single_task;
    data.tolerance = .1;
    return repeat_updates(learners::make_learner(name, context, w->config, "pointmaze-medium-v0", data, name), w, units);
}

}  // namespace

std::vector<BenchItem> bench_items() {
    std::vector<BenchItem> items = {
        {"tdr", "TDR, objective hilp, batch 256, 2 heads 3x256", make_tdr, 1},
        {"dynamics", "dynamics DiT 3/128/4, 32 tokens, batch 256", make_dynamics, 1},
        {"planner", "planner DiT 4/128/4, 48 tokens, batch 256, joint objective", make_planner, 1},
        {"iql", "IQL 2x256, batch 256", [](const Context& c) { return make_learner_item(c, "iql", 1); }, 1},
        {"td3bc", "TD3+BC 2x256, batch 256, mean over the actor's delay", [](const Context& c) { return make_learner_item(c, "td3bc", 2); }, 2},
        {"cql", "CQL 2x256, batch 256, 10 actions", [](const Context& c) { return make_learner_item(c, "cql", 1); }, 1},
        {"sampler", "planner sampling, 256 sequences, 20 steps, one-pass dynamics", [](const Context& c) { return make_sampler(c, 0); }, 1},
        {"sampler-guided", "the same with 2 guidance steps", [](const Context& c) { return make_sampler(c, 2); }, 1},
    };
    for (BenchItem& item : maze_bench_items()) items.push_back(std::move(item));
    return items;
}

}  // namespace astro::app
