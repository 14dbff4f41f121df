// Minibatches for the learners: rows from one or two data sets, hindsight goals, rewards and masks (docs/method.md
// 10.1).
//
// Goal-conditioned: r = 0 and mask = 0 if the goal is row s itself, else r = -1 and mask = 1 (OGBench,
// impls/utils/datasets.py, gc_negative). Single-task: r and mask are the labels (data/relabel.h). No transition crosses
// the end of an episode.
#pragma once

#include <memory>
#include <vector>

#include "astro/config/config.h"
#include "astro/goal_relabelling.h"
#include "astro/training.h"
#include "data/dataset.h"
#include "data/environment.h"
#include "data/goal_sampling.h"
#include "data/relabel.h"

namespace astro::method::learners {

// A data set of inputs in the method's units: states, or states and latents (astro/latent_inputs.h), and the share of
// each batch that comes from it.
struct Pool {
    const data::Dataset* data = nullptr;
    double share = 1;
    data::TaskLabels labels = {};  // of its rows; single-task only
    // Relabels goals of the actor with rows of relabelled_goals; goal-conditioned only, or null.
    std::shared_ptr<const GoalRelabeller> relabeller = {};
    const data::Dataset* relabelled_goals = nullptr;  // the data set whose rows are these goals
};

struct LearningData {
    std::vector<Pool> pools;  // the shares add up to 1
    // Data sets of the pools that were made for this policy (LatentInputs).
    std::vector<std::shared_ptr<const data::Dataset>> owned = {};
    Protocol protocol = Protocol::goal_conditioned;
    double gamma = 0.99;
    int64_t latent_columns = 0;  // so many last columns of a state are latents (LatentInputs)
};

struct Batch {
    // The inputs of critics, the returns and `subgoal` are undefined if the batch is for an actor only, as in cloning.
    Tensor input;        // (B, I): state, and the actor's goal when goal-conditioned
    Tensor value_input;  // (B, I): the same with the critic's goal
    Tensor next_input;   // (B, I): next state with the critic's goal
    Tensor action;       // (B, A)
    // (B). With returns of n steps, reward is the discounted sum of n rewards, next_input is n steps ahead, and mask is
    // gamma^(n - 1), or 0 after the goal or the end of the task. In all cases y = reward + gamma mask V(next_input).
    Tensor reward, mask;
    // (B, 1) of the rows, if goals are relabelled by the rule weighted; undefined: all are 1.
    Tensor weight = {};
    // Only after BatchSampler::draw_subgoals(k), for HIQL and HGCBC; D is the width of a state.
    Tensor subgoal = {};  // (B, D), of HIQL: the state k rows ahead, or the last of the episode
    // (B, D): the same, but not beyond the hindsight goal, unless the actor's goal is a random row or one relabelled by
    // the rule weighted.
    Tensor high_target = {};
    Batch rows(int64_t first, int64_t count) const;
};

class BatchSampler {
  public:
    BatchSampler(const LearningData& data, double current_goals, double trajectory_goals);
    // Share of the actor's goals that are random rows; without this call 0.
    void draw_random_actor_goals(double share) { random_actor_goals_ = share; }
    // Returns of so many steps, fewer where the goal, the end of the task or of the episode is nearer; without this
    // call 1.
    void draw_returns(int64_t steps) { return_steps_ = steps; }
    // Batches contain subgoals `steps` ahead.
    void draw_subgoals(int64_t steps) { subgoal_steps_ = steps; }

    // All random numbers come from `rng`. Each block of kBlock rows has its own stream, so that threads can share the
    // work.
    enum class Contents { actor, actor_and_critics };
    Batch draw(ThreadPool& threads, nn::Inputs& inputs, int64_t size, const Rng& rng,
               Contents contents = Contents::actor_and_critics) const;

    int64_t state_dim() const { return data_.pools[0].data->state_dim; }
    int64_t action_dim() const { return data_.pools[0].data->action_dim; }
    bool goals() const { return data_.protocol == Protocol::goal_conditioned; }
    int64_t input_width() const { return state_dim() * (goals() ? 2 : 1); }
    const LearningData& data() const { return data_; }
    // Inputs of random rows of the first pool, for the initialisation of first layers: (n, input_width), with or
    // without actions.
    std::vector<float> spread(int64_t n, bool with_actions, Rng rng) const;

  private:
    static constexpr int64_t kBlock = 32;

    struct Return {
        double reward = 0, mask = 1;
        int64_t next = 0;  // the row after the last transition
    };
    // Of the transitions from `row` on in a pool; goal: a row, or -1 if there are no goals.
    Return return_from(size_t pool, int64_t row, int64_t goal) const;

    LearningData data_;
    data::GoalShares value_goals_;
    std::vector<data::GoalSampler> samplers_;  // one per pool
    double random_actor_goals_ = 0;
    int64_t subgoal_steps_ = 0;  // 0: no subgoals
    int64_t return_steps_ = 1;
};

}  // namespace astro::method::learners
