// CQL (Kumar et al., NeurIPS 2020; CORL, algorithms/offline/cql.py), in two forms.
//   conservative term of critic i: mean over rows of log sum_k exp(Q_i(s, a_k) [- log p_k]) - Q_i(s, a)
// td3bc-actor (ours): TD3+BC with that term; a_k: n uniform actions and n of the policy with TD3's noise, no densities.
// pure (CORL): tanh-Gaussian policy with automatic temperature; a_k: n uniform, n of the policy at s', n at s, with
// importance weights; optionally a Lagrange multiplier for the term and the best of n actions in the target.
#include <cmath>

#include "astro/learners/td3bc.h"

namespace astro::learners {

namespace {

class CqlTd3Bc : public Td3Bc {
  public:
    CqlTd3Bc(const Context& context, const Config& config, const LearningData& data, const std::string& stage)
        : Td3Bc(context, config, data, stage), cql_(config.cql) {}

  protected:
    Extra critic_term(nn::Step& step, int64_t k) const override {
        const Rng rng = stream(k).stream("actions");
        auto streams = [&](const char* what) {
            return step.streams(context_.chunks_of(value_.batch),
                                [&](int64_t chunk) { return rng.stream(static_cast<uint64_t>(chunk)).stream(what); });
        };
        return [this, uniform = streams("uniform"), noise = streams("policy")](
                   int64_t chunk, const Batch& rows, const std::vector<Tensor>& q, int64_t count) {
            const Shape shape{rows.reward.dim(0), cql_.sampled_actions, sampler_.action_dim()};
            const Tensor random = Tensor::uniform(shape, -1, 1, uniform.rows(chunk, 1));
            Tensor mean;  // the policy's, which has no noise of its own
            {
                NoTape off;
                mean = actor_(rows.value_input);
            }
            const Tensor policy = noisy_actions(repeat_inputs(mean, cql_.sampled_actions), noise.rows(chunk, 1));
            return conservative_term(critics_, rows, concat({random, policy.reshape(shape)}, 1), Tensor(), q) *
                   (cql_.weight / static_cast<double>(count));
        };
    }

  private:
    CqlConfig cql_;
};

}  // namespace

Tensor repeat_inputs(const Tensor& input, int64_t n) {
    return repeat_rows(input, n).reshape(Shape{input.dim(0) * n, input.dim(1)});
}

Tensor conservative_differences(const Critics& critics, size_t i, const Batch& rows, const Tensor& actions,
                                const Tensor& log_p, const Tensor& q) {
    const int64_t size = actions.dim(0), n = actions.dim(1);
    const Tensor inputs = repeat_inputs(rows.value_input, n);
    Tensor sampled = critics(i, inputs, actions.reshape(Shape{size * n, actions.dim(2)})).reshape(Shape{size, n});
    if (log_p.defined()) sampled = sampled - log_p;
    return logsumexp(sampled) - q;
}

Tensor conservative_term(const Critics& critics, const Batch& rows, const Tensor& actions, const Tensor& log_p,
                         const std::vector<Tensor>& q, double low) {
    Tensor total;
    for (size_t i = 0; i < critics.q.size(); ++i) {
        const Tensor differences = conservative_differences(critics, i, rows, actions, log_p, q[i]);
        const Tensor term = sum(std::isfinite(low) ? clamp(differences, low, 1e30) : differences);
        total = i == 0 ? term : total + term;
    }
    return total;
}

std::unique_ptr<Learner> make_cql(const Context& context, const Config& config, const std::string& environment,
                                  const LearningData& data, const std::string& stage) {
    if (config.cql.form == CqlForm::pure) return make_cql_pure(context, config, environment, data, stage);
    return std::make_unique<CqlTd3Bc>(context, config, data, stage);
}

}  // namespace astro::learners
