// IQL (Kostrikov, Nair & Levine, ICLR 2022; CORL, algorithms/offline/iql.py; actor DDPG+BC: OGBench, gciql.py).
//   A = min_i Q'_i(s, a) - V(s);   V: mean w A^2, w = tau where A >= 0, else 1 - tau
//   Q_i: mean (Q_i(s, a) - r - gamma mask V(s'))^2
//   actor: AWR: mean min(exp(beta A), cap) |pi(s) - a|^2, or DDPG+BC: -mean Q / mean |Q| + weight mean |pi(s) - a|^2
// V(s') and A are taken before V's step, as in CORL.
#include "astro/learners/iql.h"

#include <cmath>

namespace astro::learners {

namespace {

class Iql : public ValueLearner {
  public:
    Iql(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : ValueLearner(context, config, data, stage), config_(config.iql) {
        Rng rng = init_stream().stream("value");
        nn::Maker make{context.backend, DType::f32, rng};
        v_ = make_critic(make, sampler_.input_width(), sampler_.spread(1024, false, rng.stream("spread")));
        v_set_ = nn::ParameterSet(v_);
        v_optimiser_ = nn::Adam(v_set_);
    }

    void update(int64_t k) override {
        nn::Step step = steps_.begin("", k);
        const Batch batch = sampler_.draw(context_.threads, step.inputs(), value_.batch, stream(k).stream("batch"));
        for (nn::Adam* optimiser : {&v_optimiser_, &critics_optimiser_, &actor_optimiser_})
            optimiser->prepare(step, rate(k));
        const Tensor target_rate = step.number(value_.target_rate);
        step.run([&] { body(step, batch, target_rate); });
    }

    TrainingState state() override {
        TrainingState state = ValueLearner::state();
        state.add("model/value", v_set_);
        state.add("optimiser/value", v_set_, v_optimiser_);
        return state;
    }

  private:
    void body(nn::Step& step, const Batch& batch, const Tensor& target_rate) {
        const int64_t count = batch.reward.dim(0);
        const bool awr = config_.actor == IqlActor::awr;
        // V's step, and what is taken before it: the critics' targets and the actor's advantages, those at the actor's
        // goals; single-task, its inputs are the critics'.
        std::vector<Tensor> y(static_cast<size_t>(context_.chunks_of(count))), advantage(y.size());
        auto value_loss = [&](int64_t chunk, int64_t first, int64_t n) {
            const Batch rows = batch.rows(first, n);
            const auto c = static_cast<size_t>(chunk);
            Tensor target_q;
            {
                NoTape off;
                target_q = critics_target_.least(rows.value_input, rows.action);
                y[c] = regression_target(rows, value_of(v_, rows.next_input), target_rule());
                if (awr && sampler_.goals())
                    advantage[c] = critics_target_.least(rows.input, rows.action) - value_of(v_, rows.input);
            }
            const Tensor a = target_q - value_of(v_, rows.value_input);
            if (awr && !sampler_.goals()) advantage[c] = a.detach();
            return expectile_loss(a, config_.expectile, count);
        };
        const nn::Gradient v =
            nn::chunked_gradient(context_.threads, context_.chunks, count, v_set_.flat(), value_loss);
        step.report("value_loss", v.loss);
        v_optimiser_.apply(step, v_set_, v.flat, ".value");
        update_critics(step, batch, [&](int64_t chunk, const Batch&) { return y[static_cast<size_t>(chunk)]; });
        nn::polyak_update(step, critics_target_set_, critics_set_, target_rate);
        if (awr) {
            update_awr(step, batch, concat(advantage, 0));
        } else {
            ActorTerms terms;
            terms.bc_weight = config_.bc_weight;
            terms.least = true;
            update_actor(step, batch, terms);
        }
    }

    // Goal-conditioned, advantages are divided by their deviation over the batch first (ours).
    void update_awr(nn::Step& step, const Batch& batch, const Tensor& advantage) {
        const Tensor weights =
            awr_weights(advantage, sampler_.goals() ? config_.beta : config_.single_task_beta,
                        config_.advantage_cap, sampler_.goals());
        const int64_t count = batch.reward.dim(0);
        const nn::Gradient g = nn::chunked_gradient(
            context_.threads, context_.chunks, count, actor_set_.flat(), [&](int64_t, int64_t first, int64_t n) {
                return awr_loss(actor_, batch.rows(first, n), weights.rows(first, n), count);
            });
        step.report("actor_loss", g.loss);
        actor_optimiser_.apply(step, actor_set_, g.flat, ".actor");
    }

    IqlConfig config_;
    nn::Mlp v_;
    nn::ParameterSet v_set_;
    nn::Adam v_optimiser_;
};

}  // namespace

Tensor expectile_loss(const Tensor& advantage, double tau, int64_t count) {
    return sum(where_nonnegative(advantage.detach(), tau, 1 - tau) * square(advantage)) * (1.0 / static_cast<double>(count));
}

Tensor awr_weights(const Tensor& advantage, double beta, double cap, bool normalised) {
    Tensor scaled = advantage * beta;
    if (normalised) scaled = scaled / clamp(sqrt(mean(square(advantage - mean(advantage)))), 1e-6, HUGE_VAL);
    return clamp(exp(scaled), 0, cap).reshape(Shape{advantage.numel(), 1});
}

Tensor awr_loss(const Actor& actor, const Batch& rows, const Tensor& weight, int64_t count) {
    return sum(square(actor(rows.input) - rows.action) * weight) * (1.0 / static_cast<double>(count));
}

std::unique_ptr<Learner> make_iql(const Context& context, const Config& config, const std::string&,
                                  const LearningData& data, const std::string& stage) {
    return std::make_unique<Iql>(context, config, data, stage);
}

}  // namespace astro::learners
