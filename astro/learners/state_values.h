// State-value functions V_i(s, g), learnt by expectile regression without action values. Shared by GCIVL and HIQL.
// Source: OGBench, impls/agents/gcivl.py and hiql.py; docs/method.md 10.9, 10.10.
//   y_i = r + gamma mask V'_i(s', g),   b = min_i y_i - mean_i V'_i(s, g)
//   loss: sum_i mean w_tau(b) (y_i - V_i(s, g))^2,   w_tau(b) = tau where b >= 0, else 1 - tau
#pragma once

#include "astro/learners/value.h"

namespace astro::method::learners {

// V_0, V_1, ... on [s, g] or, if there is a representation phi, on [s, phi([s, g])]; phi has the length sqrt(R).
struct StateValues {
    std::vector<nn::Mlp> v;
    nn::Mlp phi = {};  // without layers: no representation

    template <class V>
    void visit(V& visitor) {
        visitor("value", v);
        visitor("representation", phi);
    }
    // Inputs are [s, g]: (B, 2 D).
    std::vector<Tensor> operator()(const Tensor& input) const;  // each (B)
    Tensor mean(const Tensor& input) const;                     // over the networks: (B)
    Tensor represent(const Tensor& input) const;                // phi([s, g]): (B, R)
};

// Adv = mean_i V_i(s', g) - mean_i V_i(s, g) at the actor's goals: (B).
Tensor step_advantage(const StateValues& values, const Batch& rows);

// The chunk's share of the loss above, for the critic's goals. No gradient through the target.
Tensor implicit_value_loss(const nn::Chunk& chunk, const StateValues& values, const StateValues& target,
                           const Batch& rows, const TargetRule& rule, double tau);

// A learner with two such values. Derived learners create their actors.
class StateValueLearner : public ValueLearner {
  public:
    // representation: R, or 0 for values of states and goals themselves.
    StateValueLearner(const Context& context, const Config& config, const LearningData& data, const std::string& stage,
                      double expectile, int64_t representation);

    TrainingState state() override;
    const StateValues& values() const { return values_; }

  protected:
    // One Adam step on the values; their targets follow.
    void train_values(Update& u);

    StateValues values_, values_target_;
    nn::ParameterSet values_set_, values_target_set_;
    nn::Adam values_optimiser_;

  private:
    double expectile_;
};

}  // namespace astro::method::learners
