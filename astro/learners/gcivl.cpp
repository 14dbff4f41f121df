// GCIVL: goal-conditioned implicit V-learning (Park et al., OGBench, ICLR 2025, impls/agents/gcivl.py;
// docs/method.md 10.9).
//   V_i(s, g): two networks; their loss: state_values.h
//   Adv = mean_i V_i(s', g) - mean_i V_i(s, g)   at the actor's goals
//   actor: mean over rows of min(exp(beta Adv), cap) |pi(s, g) - a|^2
// There is no action-value function: an action is weighted by the value of the state to which it led, which is exact if
// the system is deterministic. As in OGBench, Adv is computed with the values before the update.
#include "astro/learners/iql.h"
#include "astro/learners/state_values.h"

namespace astro::method::learners {

namespace {

class Gcivl : public StateValueLearner {
    // min(exp(beta Adv), cap): (n, 1)
    Tensor weights(const Batch& rows) const {
        return awr_weights(step_advantage(values_, rows), config_.beta, config_.advantage_cap, false);
    }

    // mean w |pi(s, g) - a|^2
    Tensor actor_loss(const nn::Chunk& c, const Batch& rows, const Tensor& w) const {
        return awr_loss(c, actor_(rows.input), rows.action, w);
    }

  public:
    void update(int64_t k) override {
        Update u = begin(k, "", {&values_optimiser_, &actor_optimiser_});
        u.step.run([&] {
            const Tensor w = u.map([&](const nn::Chunk&, const Batch& rows) { return weights(rows); });
            train_values(u);
            u.train(actor_set_, actor_optimiser_, {"actor_loss", ".actor"},
                    [&](const nn::Chunk& c, const Batch& rows) { return actor_loss(c, rows, c.rows(w)); });
        });
    }

    Gcivl(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : StateValueLearner(context, config, data, stage, config.gcivl.expectile, 0), config_(config.gcivl) {
        sampler_.draw_random_actor_goals(config_.random_goals);
        Rng rng = init_stream();
        actor_ = make_actor({context.backend, DType::f32, rng}, sampler_.input_width(), sampler_.action_dim(), true,
                            sampler_.spread(1024, false, rng.stream("spread")));
        actor_set_ = nn::ParameterSet(actor_);
        actor_optimiser_ = nn::Adam(actor_set_);
    }

  private:
    GcivlConfig config_;
};

}  // namespace

std::unique_ptr<Learner> make_gcivl(const Context& context, const Config& config, const std::string&,
                                    const LearningData& data, const std::string& stage) {
    return std::make_unique<Gcivl>(context, config, data, stage);
}

}  // namespace astro::method::learners
