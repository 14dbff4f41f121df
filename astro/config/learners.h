// Settings of policy learning: those shared by all learners, and those of each (see astro/config/config.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "astro/config/field.h"
#include "astro/learners/learners.h"
#include "data/environment.h"

namespace astro::method {

enum class PolicyActivation { gelu, relu };
enum class IqlActor { ddpg_bc, awr };
enum class CqlForm { td3bc_actor, pure };
enum class RelabelRule { on_the_way, weighted };

// Settings shared by all learners.
struct PolicyConfig {
    std::string learner = "gcbc";
    Protocol protocol = Protocol::goal_conditioned;
    int64_t task = 1, seeds = 1;
    double gamma = 0;
    bool latents = false;
    double synthetic_share = 1, single_task_synthetic_share = .5;

    template <class V>
    void visit(V& v) {
        v("learner", learner, "learning algorithm", Source::corl, one_of(learner_names()));
        v("protocol", protocol, "goals as inputs (hindsight), or one fixed task; gcbc and hgcbc support only the former",
          Source::ogbench, one_of({"goal-conditioned", "single-task"}));
        v("task", task, "single-task: number of the task in the environment", Source::ogbench, between(1, 1000));
        v("seeds", seeds, "policies of each kind with different random numbers; trained in parallel on a GPU",
          Source::ours, between(1, 64));
        v("gamma", gamma, "discount per step; auto: that of the environment", Source::ours,
          between_or_auto(.5, .99999));
        v("latents", latents, "actor and critics read the latents of the TDR in addition to states and goals",
          Source::ours, anything());
        v("synthetic_share", synthetic_share, "goal-conditioned: share of a batch from the spliced file", Source::ours,
          between(0, 1));
        v("single_task_synthetic_share", single_task_synthetic_share,
          "single-task: share of a batch from the spliced file", Source::ours, between(0, 1));
    }
};

// Relabelling: goals of the actor beyond the end of a row's episode (astro/goal_relabelling.h).
struct RelabelConfig {
    RelabelRule rule = RelabelRule::on_the_way;
    double share = .5, progress = .8, least_steps = 8, beta = 3;
    int64_t tries = 8, progress_steps = 16;

    template <class V>
    void visit(V& v) {
        v("rule", rule,
          "goals for which the hindsight goal lies on the way; or any goals, and rows weighted by their progress "
          "(gcbc and hgcbc)",
          Source::ours, one_of({"on-the-way", "weighted"}));
        v("share", share, "share of the actor's goals that are replaced by other ones, where one is found",
          Source::ours, between(0, 1));
        v("progress", progress,
          "on-the-way: minimum progress towards the goal from the row to its hindsight goal, as a share of their "
          "distance d_G",
          Source::ours, between(0, 1));
        v("least_steps", least_steps, "on-the-way: hindsight goals closer than this, in steps of d_G, are kept",
          Source::ours, at_least(0));
        v("tries", tries, "on-the-way: random goals tried for a row", Source::ours, between(1, 1000));
        v("progress_steps", progress_steps, "weighted: steps over which progress is measured", Source::ours,
          between(1, 1000));
        v("beta", beta, "weighted: a row weighs exp(beta (progress - 1)), progress in steps per step", Source::ours,
          between(0, 100));
    }
};

// Goal-conditioned behaviour cloning.
struct GcbcConfig {
    int64_t layers = 3, width = 256, batch = 256, updates = 0;
    double learning_rate = 1e-3, learning_rate_end = 0, last_layer_scale = .01;

    template <class V>
    void visit(V& v) {
        v("layers", layers, "hidden layers", Source::ours, between(1, 16));
        v("width", width, "units per hidden layer", Source::ours, between(1, kMaxWidth));
        v("batch", batch, "transitions per batch", Source::ours, between(1, 65536));
        v("updates", updates, "gradient steps; auto: those of the environment", Source::ours,
          between_or_auto(1, kMaxCount));
        v("learning_rate", learning_rate, "initial learning rate of Adam", Source::ours, between(1e-8, 1));
        v("learning_rate_end", learning_rate_end, "final learning rate (cosine decay)", Source::ours, between(0, 1));
        v("last_layer_scale", last_layer_scale, "factor on the initial weights of the last layer", Source::ogbench,
          between(1e-6, 10));
    }
};

// Hierarchical behaviour cloning; networks and optimiser are those of GcbcConfig.
struct HgcbcConfig {
    int64_t subgoal_steps = 25;

    template <class V>
    void visit(V& v) {
        v("subgoal_steps", subgoal_steps, "steps to a subgoal", Source::ogbench, between(1, 1e6));
    }
};

// Settings shared by the value learners: IQL, TD3+BC, CQL, GCIVL and HIQL.
struct ValueConfig {
    int64_t actor_layers = 3, actor_width = 256, critic_layers = 3, critic_width = 128;
    bool actor_layer_norm = false, critic_layer_norm = true;
    PolicyActivation activation = PolicyActivation::gelu;
    int64_t batch = 256, updates = 10000;
    double learning_rate = 1e-3, learning_rate_end = 0, target_rate = .05, last_layer_scale = .01;
    double current_goals = .2, trajectory_goals = .5;
    int64_t return_steps = 1;

    template <class V>
    void visit(V& v) {
        v("actor_layers", actor_layers, "hidden layers of the actor", Source::ours, between(1, 16));
        v("actor_width", actor_width, "units per hidden layer of the actor", Source::ours, between(1, kMaxWidth));
        v("actor_layer_norm", actor_layer_norm, "layer normalisation in the actor", Source::ours, anything());
        v("last_layer_scale", last_layer_scale, "factor on the initial weights of the actor's last layer",
          Source::ogbench, between(1e-6, 10));
        v("critic_layers", critic_layers, "hidden layers of a critic", Source::ours, between(1, 16));
        v("critic_width", critic_width, "units per hidden layer of a critic", Source::ours, between(1, kMaxWidth));
        v("critic_layer_norm", critic_layer_norm, "layer normalisation in the critics", Source::ogbench, anything());
        v("activation", activation, "after each hidden layer: GELU (OGBench) or ReLU (CORL)", Source::ogbench,
          one_of({"gelu", "relu"}));
        v("batch", batch, "transitions per batch", Source::corl, between(1, 65536));
        v("updates", updates, "gradient steps", Source::ours, between(1, kMaxCount));
        v("learning_rate", learning_rate, "initial learning rate of Adam, for actor and critics", Source::ours,
          between(1e-8, 1));
        v("learning_rate_end", learning_rate_end, "final learning rate (cosine decay)", Source::ours, between(0, 1));
        v("target_rate", target_rate, "rate of Polyak averaging of the target networks", Source::ours,
          between(1e-6, 1));
        v("current_goals", current_goals, "critics: share of goals that are the current state", Source::ogbench,
          between(0, 1));
        v("trajectory_goals", trajectory_goals,
          "critics: share of goals from the same trajectory (geometric offset); others are random", Source::ogbench,
          between(0, 1));
        v("return_steps", return_steps,
          "IQL, TD3+BC and CQL: rewards summed in the critics' targets before they bootstrap (n-step returns)",
          Source::ours, between(1, 10000));
    }
};

struct IqlConfig {
    double expectile = .9;
    IqlActor actor = IqlActor::ddpg_bc;
    double bc_weight = 1, beta = .3, single_task_beta = 10, advantage_cap = 100;

    template <class V>
    void visit(V& v) {
        v("expectile", expectile, "expectile of the value loss", Source::corl, between(.5, .9999));
        v("actor", actor, "actor's loss", Source::ogbench, one_of({"ddpg-bc", "awr"}));
        v("bc_weight", bc_weight, "ddpg-bc: weight of cloning against Q / mean|Q|", Source::ogbench, between(0, 1e6));
        v("beta", beta, "awr, goal-conditioned: inverse temperature, for advantages divided by their std", Source::ours,
          between(0, 1e3));
        v("single_task_beta", single_task_beta, "awr, single-task: inverse temperature", Source::corl, between(0, 1e3));
        v("advantage_cap", advantage_cap, "awr: maximum weight", Source::corl, between(1, 1e6));
    }
};

struct GcivlConfig {
    double expectile = .9, beta = 10, advantage_cap = 100, random_goals = .5;

    template <class V>
    void visit(V& v) {
        v("expectile", expectile, "expectile of the value loss", Source::ogbench, between(.5, .9999));
        v("beta", beta, "inverse temperature of the actor's weights exp(beta advantage)", Source::ogbench,
          between(0, 1e3));
        v("advantage_cap", advantage_cap, "maximum weight of a row", Source::ogbench, between(1, 1e6));
        v("random_goals", random_goals,
          "actor: share of goals that are random rows; others are ahead (OGBench on stitch data)", Source::ogbench,
          between(0, 1));
    }
};

struct HiqlConfig {
    double expectile = .7, low_beta = 3, high_beta = 3, advantage_cap = 100, random_goals = .5;
    int64_t subgoal_steps = 25, representation = 10;

    template <class V>
    void visit(V& v) {
        v("expectile", expectile, "expectile of the value loss", Source::ogbench, between(.5, .9999));
        v("low_beta", low_beta, "inverse temperature of the weights of actions", Source::ogbench, between(0, 1e3));
        v("high_beta", high_beta, "inverse temperature of the weights of subgoals", Source::ogbench, between(0, 1e3));
        v("advantage_cap", advantage_cap, "maximum weight of a row", Source::ogbench, between(1, 1e6));
        v("random_goals", random_goals,
          "subgoals: share of goals that are random rows; others are ahead (OGBench on stitch data)", Source::ogbench,
          between(0, 1));
        v("subgoal_steps", subgoal_steps, "steps to a subgoal", Source::ogbench, between(1, 1e6));
        v("representation", representation, "dimensions of a subgoal's representation", Source::ogbench,
          between(1, 1024));
    }
};

struct Td3BcConfig {
    double alpha = 2.5, policy_noise = .2, noise_clip = .5;
    int64_t policy_delay = 2;

    template <class V>
    void visit(V& v) {
        v("alpha", alpha, "weight of Q / mean|Q| against cloning", Source::corl, between(0, 1e6));
        v("policy_noise", policy_noise, "std of the noise on target actions", Source::corl, between(0, 10));
        v("noise_clip", noise_clip, "bound of that noise", Source::corl, between(0, 10));
        v("policy_delay", policy_delay, "critic updates per actor update", Source::corl, between(1, 100));
    }
};

struct CqlConfig {
    CqlForm form = CqlForm::td3bc_actor;
    double weight = 1, pure_weight = 5;
    int64_t sampled_actions = 10;
    bool lagrange = true, max_target = true;
    double lagrange_gap = .8, difference_low = -200, actor_learning_rate = 1e-4;
    double reward_scale = 10, reward_shift = 5;

    template <class V>
    void visit(V& v) {
        v("form", form, "TD3+BC's actor on conservative critics, or CQL's own actor and loss", Source::ours,
          one_of({"td3bc-actor", "pure"}));
        v("weight", weight, "td3bc-actor: weight of the conservative term", Source::ours, between(0, 1e6));
        v("pure_weight", pure_weight, "pure: weight of the conservative term", Source::corl, between(0, 1e6));
        v("sampled_actions", sampled_actions, "actions sampled per state for the log-sum-exp", Source::corl,
          between(1, 1000));
        v("lagrange", lagrange, "pure: tune the weight so that the difference stays at the gap", Source::corl,
          anything());
        v("max_target", max_target, "pure: the target uses the best of the sampled actions", Source::corl, anything());
        v("lagrange_gap", lagrange_gap, "pure: the gap for lagrange", Source::corl, between(-1e6, 1e6));
        v("difference_low", difference_low, "pure: lower bound of the conservative difference", Source::corl,
          between(-1e6, 1e6));
        v("actor_learning_rate", actor_learning_rate, "pure: learning rate of the actor", Source::corl,
          between(1e-8, 1));
        v("reward_scale", reward_scale, "pure, single-task: reward becomes (r + 1) scale - shift", Source::corl,
          between(1e-6, 1e6));
        v("reward_shift", reward_shift, "pure, single-task: the shift of the reward", Source::corl, between(-1e6, 1e6));
    }
};

}  // namespace astro::method
