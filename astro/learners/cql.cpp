// CQL (Kumar et al., NeurIPS 2020; CORL, algorithms/offline/cql.py; docs/method.md 10.6), in two forms.
//   conservative term of critic i: mean over rows of log sum_k exp(Q_i(s, a_k) [- log p_k]) - Q_i(s, a)
// td3bc-actor (ours): TD3+BC with that term; a_k: n uniform actions and n of the policy with TD3's noise, no densities.
// pure (CORL): tanh-Gaussian policy with automatic temperature; a_k: n uniform, n of the policy at s', n at s, with
// importance weights; optionally a Lagrange multiplier for the term and the best of n actions in the target.
#include "astro/learners/conservative.h"
#include "astro/learners/cql_pure.h"
#include "astro/learners/td3bc.h"

namespace astro::method::learners {

namespace {

// The conservative term of the first form. TD3+BC requests it once per update.
Td3Bc::CriticTerm conservative_term(const CqlConfig& config, const Td3Bc& td3bc, Update& u) {
    auto streams = [&](const char* what) {
        return u.cut.streams(u.step, [&](int64_t chunk) {
            return u.rng.stream("actions").stream(static_cast<uint64_t>(chunk)).stream(what);
        });
    };
    return [&td3bc, n = config.sampled_actions, weight = config.weight, uniform = streams("uniform"),
            noise = streams("policy")](const nn::Chunk& c, const Batch& rows, const std::vector<Tensor>& q) {
        const Shape shape{c.count, n, rows.action.dim(1)};
        const Tensor random = c.uniform(uniform, shape, -1, 1);
        Tensor mean;  // the policy's output without noise
        {
            NoTape off;
            mean = td3bc.actor()(rows.value_input);
        }
        const Tensor policy = td3bc.noisy_actions(c, repeat_inputs(mean, n), noise);
        const Tensor actions = concat({random, policy.reshape(shape)}, 1);  // (count, 2 n, A)
        return c.mean(conservative_differences(td3bc.critics(), rows, actions, Tensor(), q)) * weight;
    };
}

}  // namespace

std::unique_ptr<Learner> make_cql(const Context& context, const Config& config, const std::string& environment,
                                  const LearningData& data, const std::string& stage) {
    if (config.cql.form == CqlForm::pure) return make_cql_pure(context, config, environment, data, stage);
    return std::make_unique<Td3Bc>(context, config, data, stage, [cql = config.cql](const Td3Bc& td3bc, Update& u) {
        return conservative_term(cql, td3bc, u);
    });
}

}  // namespace astro::method::learners
