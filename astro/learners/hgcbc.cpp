// HGCBC: hierarchical goal-conditioned behaviour cloning, HIQL's two levels without its values (docs/method.md 10.11).
// w is the state k steps ahead, but not beyond the hindsight goal (Batch::high_target); c(w) are its latents if the
// policy reads latents, else its state.
//   low actor:  mean |pi(s, c(w)) - a|^2
//   high actor: mean |pi_high(s, g) - c(w)|^2
//   acting:     a = pi(s, pi_high(s, g)), without search
// With goals that are relabelled by the rule weighted, rows of the high actor's loss are weighted (10.7).
#include "astro/learners/hgcbc.h"

#include "astro/learners/gcbc.h"

namespace astro::method::learners {

Tensor subgoal_columns(const Tensor& states, int64_t columns) {
    return slice(states, 1, states.dim(1) - columns, columns);
}

// mean |pi(s, c(w)) - a|^2
Tensor low_cloning_loss(const nn::Chunk& chunk, const Actor& low, const Batch& rows, int64_t columns) {
    const Tensor pi = low(with_goal(state_of(rows.input), subgoal_columns(rows.high_target, columns)));
    return cloning_loss(chunk, pi, rows.action);
}

// mean |pi_high(s, g) - c(w)|^2
Tensor high_cloning_loss(const nn::Chunk& chunk, const Actor& high, const Batch& rows) {
    const Tensor pi = high(rows.input);
    return cloning_loss(chunk, pi, subgoal_columns(rows.high_target, pi.dim(1)), rows.weight);
}

namespace {

class Hgcbc : public CloningLearner {
  public:
    void update(int64_t k) override {
        Update u = begin(k, {&actor_optimiser_, &high_optimiser_});
        u.step.run([&] {
            u.train(actor_set_, actor_optimiser_, {"loss"}, [&](const nn::Chunk& c, const Batch& rows) {
                return low_cloning_loss(c, actor_, rows, high_.actor.actions);
            });
            u.train(high_set_, high_optimiser_, {"high_actor_loss", ".high_actor"},
                    [&](const nn::Chunk& c, const Batch& rows) { return high_cloning_loss(c, high_.actor, rows); });
        });
    }

    Hgcbc(const Context& context, const Config& config, const std::string& environment, const LearningData& data,
          const std::string& stage)
        : CloningLearner(context, config, environment, data, stage) {
        sampler_.draw_subgoals(config.hgcbc.subgoal_steps);
        const int64_t subgoal = data.latent_columns > 0 ? data.latent_columns : sampler_.state_dim();
        Rng rng = init_stream();
        const nn::Maker make{context.backend, DType::f32, rng};
        actor_ = make_actor(make, sampler_.state_dim() + subgoal, sampler_.action_dim(), {});
        high_.actor =
            make_actor(make, sampler_.input_width(), subgoal, sampler_.spread(1024, false, rng.stream("spread")));
        actor_set_ = nn::ParameterSet(actor_), high_set_ = nn::ParameterSet(high_);
        actor_optimiser_ = nn::Adam(actor_set_), high_optimiser_ = nn::Adam(high_set_);
    }

    TrainingState state() override {
        TrainingState state = CloningLearner::state();
        state.add("model", high_set_);
        state.add("optimiser/high", high_set_, high_optimiser_);
        return state;
    }

  private:
    nn::Adam high_optimiser_;
};

}  // namespace

std::unique_ptr<Learner> make_hgcbc(const Context& context, const Config& config, const std::string& environment,
                                    const LearningData& data, const std::string& stage) {
    return std::make_unique<Hgcbc>(context, config, environment, data, stage);
}

}  // namespace astro::method::learners
