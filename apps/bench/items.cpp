#include "apps/bench/items.h"

#include "apps/random_world.h"
#include "astro/learners/learner.h"
#include "astro/planner.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

// A million rows in episodes of 200, and the settings of the peers.
const std::shared_ptr<RandomWorld>& world() {
    static const std::shared_ptr<RandomWorld> made = [] {
        Config config;
        apply_preset(config, "small");
        // The form of the peers: one pass inside the loop, 20 steps for the final rollout, no ensemble.
        config.dynamics.form = DynamicsForm::sampled;
        config.dynamics.loop_steps = 1, config.dynamics.final_steps = 20;
        config.value.actor_layers = config.value.critic_layers = 2;
        config.value.actor_width = config.value.critic_width = 256;
        config.value.actor_layer_norm = config.value.critic_layer_norm = false;
        config.value.activation = PolicyActivation::relu;
        config.policy.protocol = Protocol::single_task;
        config.iql.actor = IqlActor::awr;
        config.cql.form = CqlForm::pure;
        config.cql.max_target = false;
        return std::make_shared<RandomWorld>(config, 1000000, 200);
    }();
    return made;
}

std::function<void()> repeat_updates(std::shared_ptr<TrainableModel> model, std::shared_ptr<void> keeps,
                                     int64_t units) {
    auto k = std::make_shared<int64_t>(0);
    return [model, keeps, k, units] {
        for (int64_t u = 0; u < units; ++u) model->update((*k)++);
    };
}

std::function<void()> make_tdr(const Context& context) {
    const auto w = world();
    return repeat_updates(std::make_shared<TemporalDistance>(context, w->config.tdr, .99, w->trajectories, 0), w, 1);
}

std::shared_ptr<Dynamics> make_dynamics_model(const Context& context, const RandomWorld& w) {
    return make_dynamics(context, w.config.dynamics, w.config.planner.gap + w.config.planner.context, w.map,
                         w.statistics, 0);
}

std::function<void()> make_dynamics_steps(const Context& context) {
    const auto w = world();
    return repeat_updates(make_dynamics_model(context, *w), w, 1);
}

std::shared_ptr<Planner> make_planner_model(const Context& context, const RandomWorld& w, const Dynamics& dynamics,
                                            const Config& config) {
    return std::make_shared<Planner>(context, config.planner, w.map, w.statistics,
                                     std::vector<const Dynamics*>{&dynamics}, config.dynamics, 0);
}

std::function<void()> make_planner(const Context& context) {
    const auto w = world();
    const auto dynamics = make_dynamics_model(context, *w);
    return repeat_updates(make_planner_model(context, *w, *dynamics, w->config), dynamics, 1);
}

// 32 bridges with `candidates` each. Each denoising step has a one-pass rollout; the final one takes `final_steps`.
struct SamplerForm {
    int64_t candidates = 8, denoising_steps = 20, guidance_steps = 0, final_steps = 1;
};
std::function<void()> make_sampler(const Context& context, const SamplerForm& form) {
    const auto w = world();
    Config config = w->config;
    config.dynamics.final_steps = form.final_steps;
    config.planner.denoising_steps = form.denoising_steps, config.planner.sampling.guidance_steps = form.guidance_steps;
    config.planner.sampling.final_guidance_steps = 0;
    const auto dynamics = make_dynamics_model(context, *w);
    const auto planner = make_planner_model(context, *w, *dynamics, config);
    auto ends = std::make_shared<std::vector<StitchEnds>>();
    std::vector<Rng> streams;
    for (int64_t i = 0; i < 32; ++i) {
        ends->push_back(recorded_ends(w->data, 200 * i, w->data, 200 * i + 100, planner->config().context));
        ends->back().steps = 9;
        streams.push_back(Rng(static_cast<uint64_t>(i)));
    }
    return [w, dynamics, planner, ends, streams, form] {
        planner->sample(*ends, planner->config().gap, form.candidates, streams);
    };
}

// Rollouts of 256 sequences, divided into chunks like a batch.
std::function<void()> make_dynamics_sampler(const Context& context) {
    const auto w = world();
    const auto dynamics = make_dynamics_model(context, *w);
    constexpr int64_t kRows = 256;
    const int64_t steps = dynamics->horizon();
    Rng rng = Rng(0).stream("bench/rollout");
    std::vector<float> states(kRows * 2), actions(to_size(kRows * steps * 2));
    rng.fill_normal(states.data(), kRows * 2);
    rng.fill_uniform(actions.data(), kRows * steps * 2, -1, 1);
    const Tensor s0 = Tensor::from(context.backend, Shape{kRows, 2}, states);
    const Tensor plan = Tensor::from(context.backend, Shape{kRows, steps, 2}, actions);
    return [w, dynamics, context, s0, plan] {
        context.threads.run(context.chunks, [&](int64_t c) {
            const auto [first, count] = nn::chunk_rows(kRows, context.chunks, c);
            dynamics->rollout(s0.rows(first, count), plan.rows(first, count), 20);
        });
    };
}

std::function<void()> make_learner_item(const Context& context, const std::string& name, int64_t units) {
    const auto w = world();
    learners::LearningData data;
    data.pools = {
        {&w->data, 1, data::relabel_singletask(w->data, *data::find_environment(data::default_environment()), {0, 0})}};
    data.protocol = Protocol::single_task;
    return repeat_updates(learners::make_learner(name, context, w->config, data::default_environment(), data, name), w,
                          units);
}

}  // namespace

std::vector<BenchItem> training_items() {
    auto learner = [](const char* name, int64_t units) {
        return [name, units](const Context& c) { return make_learner_item(c, name, units); };
    };
    auto sampler = [](const SamplerForm& form) { return [form](const Context& c) { return make_sampler(c, form); }; };
    return {
        {"steps", "tdr", "TDR, objective hilp, batch 256, 2 heads 3x256", make_tdr, 1},
        {"steps", "dynamics", "dynamics DiT 3/128/4, 32 tokens, batch 256", make_dynamics_steps, 1},
        {"steps", "planner", "planner DiT 4/128/4, 48 tokens, batch 256, joint objective", make_planner, 1},
        {"steps", "iql", "IQL 2x256, batch 256", learner("iql", 1), 1},
        {"steps", "td3bc", "TD3+BC 2x256, batch 256, mean of updates with and without actor", learner("td3bc", 2), 2},
        {"steps", "cql", "CQL 2x256, batch 256, 10 actions", learner("cql", 1), 1},
        {"samplers", "sampler", "planner sampling, 256 sequences, 20 steps, final rollout of 20 steps",
         sampler({8, 20, 0, 20}), 1},
        {"samplers", "sampler-one-pass", "the same with a one-pass final rollout", sampler({8, 20, 0, 1}), 1},
        {"samplers", "sampler-guided", "the same with 2 guidance steps per step", sampler({8, 20, 2, 1}), 1},
        {"samplers", "sampler-short", "64 sequences, 10 steps with 2 guidance steps each, one-pass final rollout",
         sampler({2, 10, 2, 1}), 1},
        {"samplers", "dynamics-sampler", "rollouts of 256 sequences of 32 actions in 20 steps", make_dynamics_sampler,
         1},
    };
}

}  // namespace astro::app
