#include "apps/selftest/small_networks.h"

#include <cmath>

#include "astro/temporal_distance.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct PlannerOfItsOwn : Planner {
    std::unique_ptr<Dynamics> dynamics;
    PlannerOfItsOwn(const Context& context, const SmallWorld& world, const PlannerConfig& config,
                    const DynamicsConfig& dynamics_config, std::unique_ptr<Dynamics> made)
        : Planner(context, config, world.map, world.statistics, {made.get()}, dynamics_config, 0),
          dynamics(std::move(made)) {}
};

std::unique_ptr<Dynamics> make_small_dynamics(const Context& context, const SmallWorld& world, DynamicsForm form) {
    return make_dynamics(context, small_dynamics(world, form), world.horizon(), world.map, world.statistics, 0);
}

void add_learners(std::vector<SmallNetwork>& all, const SmallWorld& world) {
    std::vector<std::string> forms = learner_names();
    forms.insert(forms.end(), {"iql-awr", "cql-pure", "cql-lagrange", "hgcbc-latents"});
    for (const std::string& form : forms)
        for (Protocol protocol : {Protocol::goal_conditioned, Protocol::single_task}) {
            const std::string learner = form.substr(0, form.find('-'));
            if (protocol == Protocol::single_task && !has_single_task_form(learner)) continue;
            Config config = world.config;
            if (form == "cql-pure" || form == "cql-lagrange") config.cql.form = CqlForm::pure;
            config.cql.lagrange = form == "cql-lagrange";
            if (form == "iql-awr") config.iql.actor = IqlActor::awr;
            all.push_back({form + (protocol == Protocol::single_task ? ", single task" : ""),
                           [&world, config, protocol, learner, form](const Context& c) {
                               learners::LearningData data = world.learning_data(protocol);
                               data.latent_columns = form == "hgcbc-latents" ? 1 : 0;
                               return learners::make_learner(learner, c, config, data::default_environment(), data,
                                                             "policy/small");
                           }});
            if (form == "cql-pure") all.back().idle = {"optimiser/log_multiplier"};
        }
}

}  // namespace

Config SmallWorld::settings() {
    Config config;
    apply_preset(config, "tiny");
    config.planner.context = config.planner.gap = 4, config.planner.denoising_steps = 2;
    config.dynamics.network.batch = config.planner.network.batch = 6;
    config.tdr.batch = 7, config.tdr.batch_episodes = 3, config.tdr.rows_per_episode = 4, config.tdr.width = 20;
    config.value.actor_width = config.value.critic_width = 20, config.value.batch = 9;
    config.gcbc.width = 20, config.gcbc.batch = 9;
    return config;
}

learners::LearningData SmallWorld::learning_data(Protocol protocol) const {
    learners::LearningData learning;
    learning.pools = {
        {&data, 1.0, data::relabel_singletask(data, *data::find_environment(data::default_environment()), {1, 1})}};
    learning.protocol = protocol;
    return learning;
}

DynamicsConfig small_dynamics(const SmallWorld& world, DynamicsForm form) {
    DynamicsConfig config = world.config.dynamics;
    config.form = form;
    config.one_pass_share = form == DynamicsForm::sampled ? .4 : 1;
    config.rollout_share = 1;
    config.loop_steps = config.final_steps = 2;
    return config;
}

std::unique_ptr<Planner> make_small_planner(const Context& context, const SmallWorld& world, DynamicsForm form,
                                            const PlannerConfig& config) {
    std::unique_ptr<Dynamics> dynamics = make_small_dynamics(context, world, form);
    randomise(*dynamics);
    return std::make_unique<PlannerOfItsOwn>(context, world, config, small_dynamics(world, form), std::move(dynamics));
}

std::vector<SmallNetwork> small_networks(const SmallWorld& world) {
    std::vector<SmallNetwork> all;
    for (TdrObjective objective : {TdrObjective::in_batch, TdrObjective::hilp}) {
        TdrConfig config = world.config.tdr;
        config.objective = objective;
        config.heads = objective == TdrObjective::hilp ? 2 : 1;
        all.push_back({objective == TdrObjective::hilp ? "tdr, hilp" : "tdr, in batch", [&world, config](auto& c) {
                           return std::make_unique<TemporalDistance>(c, config, .99, world.trajectories, 0);
                       }});
    }
    for (const auto& [form, words] : {std::pair(DynamicsForm::one_pass, std::string("one pass")),
                                      std::pair(DynamicsForm::sampled, std::string("sampled")),
                                      std::pair(DynamicsForm::recurrent, std::string("recurrent"))}) {
        all.push_back(
            {"dynamics, " + words, [&world, form = form](auto& c) { return make_small_dynamics(c, world, form); }});
        for (bool random_gap : {false, true}) {
            PlannerConfig config = world.config.planner;
            config.random_gap = random_gap;
            all.push_back(
                {"planner, " + words + (random_gap ? ", random gap" : ""),
                 [&world, form = form, config](auto& c) { return make_small_planner(c, world, form, config); }});
        }
    }
    add_learners(all, world);
    return all;
}

void randomise(TrainableModel& model) {
    TrainingState state = model.state();
    for (auto& [name, counter] : state.counters) *counter = 0;
    Rng rng(12);
    for (auto& [name, tensor] : state.tensors) {
        if (name.compare(0, 9, "optimiser") == 0) {
            tensor.fill(0);
            continue;
        }
        std::vector<float> values(to_size(tensor.numel()));
        const double size = tensor.rank() == 2 ? 1 / std::sqrt(static_cast<double>(tensor.dim(0))) : .3;
        for (float& v : values) v = static_cast<float>(rng.normal() * size);
        tensor.assign(Tensor::from(tensor.backend(), tensor.shape(), values));
    }
}

}  // namespace astro::app
