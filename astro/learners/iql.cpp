// IQL (Kostrikov, Nair & Levine, ICLR 2022; CORL, algorithms/offline/iql.py; actor DDPG+BC: OGBench, gciql.py).
//   A = min_i Q'_i(s, a) - V(s);   V: mean w A^2, w = tau where A >= 0, else 1 - tau
//   Q_i: mean (Q_i(s, a) - r - gamma mask V(s'))^2
//   actor: AWR: mean min(exp(beta A), cap) |pi(s) - a|^2, or DDPG+BC: -mean Q / mean |Q| + weight mean |pi(s) - a|^2
// V(s') and A are taken before V's step, as in CORL.
#include "astro/learners/iql.h"

#include <algorithm>
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

    Figures update(int64_t k) override {
        const Batch batch = sampler_.draw(context_.backend, value_.batch, stream(k).stream("batch"));
        const int64_t count = batch.reward.dim(0);
        const Tensor target_q = evaluate(
            batch, [&](int64_t, const Batch& rows) { return critics_target_.least(rows.value_input, rows.action); });
        const Tensor y = evaluate(batch, [&](int64_t, const Batch& rows) {
            return regression_target(rows, value_of(v_, rows.next_input), target_rule());
        });
        const bool awr = config_.actor == IqlActor::awr;
        Tensor advantage;  // at the actor's goals; single-task, at the critics' inputs, which are the same
        if (awr && sampler_.goals())
            advantage = evaluate(batch, [&](int64_t, const Batch& rows) {
                return critics_target_.least(rows.input, rows.action) - value_of(v_, rows.input);
            });

        std::vector<Tensor> seen(static_cast<size_t>(std::max<int64_t>(1, std::min(context_.chunks, count))));
        const nn::Gradient v = nn::chunked_gradient(
            context_.threads, context_.chunks, count, v_set_.flat(), [&](int64_t chunk, int64_t first, int64_t n) {
                const Tensor a = target_q.rows(first, n) - value_of(v_, batch.value_input.rows(first, n));
                seen[static_cast<size_t>(chunk)] = a.detach();
                return expectile_loss(a, config_.expectile, count);
            });
        if (awr && !sampler_.goals()) advantage = concat(seen, 0);
        v_optimiser_.step(v_set_, v.flat, rate(k));
        const double critics = update_critics(k, batch, y);
        nn::move_towards(critics_target_set_, critics_set_, value_.ema);
        return {{"value_loss", v.loss},
                {"critic_loss", critics},
                {"actor_loss", awr ? update_awr(k, batch, advantage) : update_ddpg(k, batch)}};
    }

    TrainingState state() override {
        TrainingState state = ValueLearner::state();
        state.add("model/value", v_set_);
        state.add("optimiser/value", v_set_, v_optimiser_);
        return state;
    }

  private:
    double update_ddpg(int64_t k, const Batch& batch) {
        ActorTerms terms;
        terms.bc_weight = config_.bc_weight;
        terms.least = true;
        return update_actor(k, batch, terms);
    }

    // Goal-conditioned, advantages are divided by their deviation over the batch first (ours).
    double update_awr(int64_t k, const Batch& batch, const Tensor& advantage) {
        const std::vector<float> weight = awr_weights(
            advantage.to_vector<float>(), sampler_.goals() ? config_.temperature : config_.single_task_temperature,
            config_.advantage_cap, sampler_.goals());
        const int64_t count = batch.reward.dim(0);
        const Tensor weights = Tensor::from(context_.backend, Shape{count, 1}, weight);
        const nn::Gradient g = nn::chunked_gradient(
            context_.threads, context_.chunks, count, actor_set_.flat(), [&](int64_t, int64_t first, int64_t n) {
                return awr_loss(actor_, batch.rows(first, n), weights.rows(first, n), count);
            });
        actor_optimiser_.step(actor_set_, g.flat, rate(k));
        return g.loss;
    }

    IqlConfig config_;
    nn::Mlp v_;
    nn::ParameterSet v_set_;
    nn::Adam v_optimiser_;
};

}  // namespace

Tensor expectile_loss(const Tensor& advantage, double tau, int64_t count) {
    return sum(step(advantage.detach(), tau, 1 - tau) * square(advantage)) * (1.0 / static_cast<double>(count));
}

std::vector<float> awr_weights(const std::vector<float>& advantage, double beta, double cap, bool normalised) {
    double sum = 0, square = 0;
    for (float a : advantage) sum += double(a), square += double(a) * double(a);
    const double n = static_cast<double>(advantage.size()), mean = sum / n;
    if (normalised) beta /= std::max(1e-6, std::sqrt(std::max(0.0, square / n - mean * mean)));
    std::vector<float> weight;
    for (float a : advantage) weight.push_back(static_cast<float>(std::min(std::exp(beta * double(a)), cap)));
    return weight;
}

Tensor awr_loss(const Actor& actor, const Batch& rows, const Tensor& weight, int64_t count) {
    return sum(square(actor(rows.input) - rows.action) * weight) * (1.0 / static_cast<double>(count));
}

std::unique_ptr<Learner> make_iql(const Context& context, const Config& config, const std::string&,
                                  const LearningData& data, const std::string& stage) {
    return std::make_unique<Iql>(context, config, data, stage);
}

}  // namespace astro::learners
