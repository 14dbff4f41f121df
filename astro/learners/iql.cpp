// IQL (Kostrikov, Nair & Levine, ICLR 2022; CORL, algorithms/offline/iql.py; actor DDPG+BC: OGBench, gciql.py;
// docs/method.md 10.5).
//   Adv = min_i Q'_i(s, a) - V(s)
//   V: mean w_tau(Adv) Adv^2,   w_tau(Adv) = tau where Adv >= 0, else 1 - tau
//   critics: sum_i mean (Q_i(s, a) - y)^2,   y = r + gamma mask V(s')   (n-step returns: batch.h)
//   actor: AWR: mean over rows of min(exp(beta Adv), cap) |pi(s) - a|^2
//   or DDPG+BC: -mean Q / mean |Q| + bc_weight mean (pi(s) - a)^2,   Q = min_i Q_i(s, pi(s))
// V(s') and Adv are computed before the step on V, as in CORL.
#include "astro/learners/iql.h"

#include <cmath>

#include "astro/expectile.h"

namespace astro::method::learners {

Tensor expectile_loss(const nn::Chunk& chunk, const Tensor& advantage, double tau) {
    return chunk.mean(expectile_weight(advantage.detach(), tau) * square(advantage));
}

Tensor awr_weights(const Tensor& advantage, double beta, double cap, bool normalised) {
    Tensor scaled = advantage * beta;
    if (normalised) scaled = scaled / clamp(sqrt(mean(square(advantage - mean(advantage)))), 1e-6, HUGE_VAL);
    return clamp(exp(scaled), 0, cap).reshape(Shape{advantage.numel(), 1});
}

Tensor awr_loss(const nn::Chunk& chunk, const Tensor& pi, const Tensor& a, const Tensor& weight) {
    return chunk.mean(sum(square(pi - a) * weight, 1));
}

namespace {

class Iql : public CriticLearner {
    // mean w_tau(Adv) Adv^2, Adv = min_i Q'_i(s, a) - V(s)
    Tensor value_loss(const nn::Chunk& c, const Batch& rows) const {
        Tensor q;
        {
            NoTape off;
            q = critics_target_.min(rows.value_input, rows.action);  // (n)
        }
        return expectile_loss(c, q - value_of(v_, rows.value_input), config_.expectile);
    }

    Tensor critic_target(const Batch& rows) const {  // r + gamma mask V(s')
        return td_target(rows, value_of(v_, rows.next_input), target_rule());
    }

    Tensor advantage(const Batch& rows) const {  // at the actor's goals
        return critics_target_.min(rows.input, rows.action) - value_of(v_, rows.input);
    }

    // min(exp(beta Adv), cap): (B, 1). If goal-conditioned, Adv is first divided by its standard deviation over the
    // batch (ours).
    Tensor weights(const Tensor& adv) const {
        const bool goals = sampler_.goals();
        return awr_weights(adv, goals ? config_.beta : config_.single_task_beta, config_.advantage_cap, goals);
    }

    // mean w |pi(s) - a|^2
    Tensor awr_actor_loss(const nn::Chunk& c, const Batch& rows, const Tensor& w) const {
        return awr_loss(c, actor_(rows.input), rows.action, w);
    }

    ActorTerms ddpg_bc_terms() const {
        ActorTerms terms;
        terms.bc_weight = config_.bc_weight;
        terms.min_q = true;
        return terms;
    }

  public:
    void update(int64_t k) override {
        const bool awr = config_.actor == IqlActor::awr;
        Update u = begin(k, "", {&v_optimiser_, &critics_optimiser_, &actor_optimiser_});
        u.step.run([&] {
            // As in CORL, the critics' targets and the actor's advantages are computed before V is updated.
            const Tensor y = u.map([&](const nn::Chunk&, const Batch& rows) { return critic_target(rows); });
            Tensor w;  // weights of the actor's loss
            if (awr) w = weights(u.map([&](const nn::Chunk&, const Batch& rows) { return advantage(rows); }));
            u.train(v_set_, v_optimiser_, {"value_loss", ".value"},
                    [&](const nn::Chunk& c, const Batch& rows) { return value_loss(c, rows); });
            train_critics(u, [&](const nn::Chunk& c, const Batch& rows) {
                return critic_loss(c, critic_values(critics_, rows), c.rows(y));
            });
            nn::polyak_update(u.step, critics_target_set_, critics_set_, u.target_rate);
            if (!awr) return train_actor(u, ddpg_bc_terms());
            u.train(actor_set_, actor_optimiser_, {"actor_loss", ".actor"},
                    [&](const nn::Chunk& c, const Batch& rows) { return awr_actor_loss(c, rows, c.rows(w)); });
        });
    }

    Iql(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : CriticLearner(context, config, data, stage), config_(config.iql) {
        Rng rng = init_stream().stream("value");
        nn::Maker make{context.backend, DType::f32, rng};
        v_ = make_critic(make, sampler_.input_width(), sampler_.spread(1024, false, rng.stream("spread")));
        v_set_ = nn::ParameterSet(v_);
        v_optimiser_ = nn::Adam(v_set_);
    }

    TrainingState state() override {
        TrainingState state = CriticLearner::state();
        state.add("model/value", v_set_);
        state.add("optimiser/value", v_set_, v_optimiser_);
        return state;
    }

  private:
    IqlConfig config_;
    nn::Mlp v_;
    nn::ParameterSet v_set_;
    nn::Adam v_optimiser_;
};

}  // namespace

std::unique_ptr<Learner> make_iql(const Context& context, const Config& config, const std::string&,
                                  const LearningData& data, const std::string& stage) {
    return std::make_unique<Iql>(context, config, data, stage);
}

}  // namespace astro::method::learners
