// HIQL: hierarchical implicit Q-learning (Park et al., NeurIPS 2023; OGBench, impls/agents/hiql.py; docs/method.md
// 10.10).
//   V_i(s, g) = V_i(s, phi([s, g])): two networks with one representation phi; their loss: state_values.h
//   low actor pi(a | s, phi): Adv = mean_i V_i(s', s_k) - mean_i V_i(s, s_k), s_k the state k steps ahead
//       mean over rows of min(exp(beta_low Adv), cap) |pi(s, phi([s, s_k])) - a|^2
//   high actor pi(phi | s, g): Adv = mean_i V_i(s_k, g) - mean_i V_i(s, g), s_k not beyond g
//       mean over rows of min(exp(beta_high Adv), cap) |pi(s, g) - phi([s, s_k])|^2
//   acting: phi = high(s, g), scaled to the length of representations; a = low(s, phi)
// Only the value loss trains phi. As in OGBench, Adv and phi are those before the update.
#include "astro/learners/hiql.h"

#include "astro/learners/iql.h"

namespace astro::method::learners {

Tensor low_advantage(const StateValues& values, const Batch& rows) {
    return values.mean(with_goal(state_of(rows.next_input), rows.subgoal)) -
           values.mean(with_goal(state_of(rows.input), rows.subgoal));
}

Tensor high_advantage(const StateValues& values, const Batch& rows) {
    return values.mean(with_goal(rows.high_target, goal_of(rows.input))) - values.mean(rows.input);
}

Tensor represent(const StateValues& values, const Batch& rows, const Tensor& goal) {
    return values.represent(with_goal(state_of(rows.input), goal));
}

Tensor low_input(const Batch& rows, const Tensor& subgoal) { return with_goal(state_of(rows.input), subgoal); }

namespace {

class Hiql : public StateValueLearner {
    // min(exp(beta Adv), cap): (n, 1)
    Tensor weights(const Tensor& advantage, double beta) const {
        return awr_weights(advantage, beta, config_.advantage_cap, false);
    }

    // mean w |pi(s, phi([s, s_k])) - a|^2; subgoal: phi([s, s_k]) (n, R)
    Tensor low_actor_loss(const nn::Chunk& c, const Batch& rows, const Tensor& subgoal, const Tensor& weight) const {
        return awr_loss(c, actor_(low_input(rows, subgoal)), rows.action, weight);
    }

    // mean w |pi(s, g) - phi([s, s_k])|^2; subgoal: phi([s, s_k]) (n, R), s_k not beyond g
    Tensor high_actor_loss(const nn::Chunk& c, const Batch& rows, const Tensor& subgoal, const Tensor& weight) const {
        return awr_loss(c, high_.actor(rows.input), subgoal, weight);
    }

  public:
    void update(int64_t k) override {
        Update u = begin(k, "", {&values_optimiser_, &actor_optimiser_, &high_optimiser_});
        u.step.run([&] {
            const Tensor low_subgoal =
                u.map([&](const nn::Chunk&, const Batch& rows) { return represent(values_, rows, rows.subgoal); });
            const Tensor high_subgoal =
                u.map([&](const nn::Chunk&, const Batch& rows) { return represent(values_, rows, rows.high_target); });
            const Tensor low_weight = u.map([&](const nn::Chunk&, const Batch& rows) {
                return weights(low_advantage(values_, rows), config_.low_beta);
            });
            const Tensor high_weight = u.map([&](const nn::Chunk&, const Batch& rows) {
                return weights(high_advantage(values_, rows), config_.high_beta);
            });
            train_values(u);
            u.train(actor_set_, actor_optimiser_, {"actor_loss", ".actor"}, [&](const nn::Chunk& c, const Batch& rows) {
                return low_actor_loss(c, rows, c.rows(low_subgoal), c.rows(low_weight));
            });
            u.train(high_set_, high_optimiser_, {"high_actor_loss", ".high_actor"},
                    [&](const nn::Chunk& c, const Batch& rows) {
                        return high_actor_loss(c, rows, c.rows(high_subgoal), c.rows(high_weight));
                    });
        });
    }

    Hiql(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : StateValueLearner(context, config, data, stage, config.hiql.expectile, config.hiql.representation),
          config_(config.hiql) {
        sampler_.draw_random_actor_goals(config_.random_goals);
        sampler_.draw_subgoals(config_.subgoal_steps);
        Rng rng = init_stream();
        const nn::Maker make{context.backend, DType::f32, rng};
        actor_ = make_actor(make, sampler_.state_dim() + config_.representation, sampler_.action_dim(), true, {});
        high_.scaled = true;
        high_.actor = make_actor(make, sampler_.input_width(), config_.representation, false,
                                 sampler_.spread(1024, false, rng.stream("spread")));
        actor_set_ = nn::ParameterSet(actor_), high_set_ = nn::ParameterSet(high_);
        actor_optimiser_ = nn::Adam(actor_set_), high_optimiser_ = nn::Adam(high_set_);
    }

    TrainingState state() override {
        TrainingState state = StateValueLearner::state();
        state.add("model", high_set_);
        state.add("optimiser/high", high_set_, high_optimiser_);
        return state;
    }

  private:
    HiqlConfig config_;
    nn::Adam high_optimiser_;
};

}  // namespace

std::unique_ptr<Learner> make_hiql(const Context& context, const Config& config, const std::string&,
                                   const LearningData& data, const std::string& stage) {
    return std::make_unique<Hiql>(context, config, data, stage);
}

}  // namespace astro::method::learners
