// One-step models: an ensemble of plain networks that predict the change of the state [MBPO, PETS: the usual predictor
// of model-based RL; sizes and training: ours, docs/method.md 11.8]. The method does not use them.
//
//   s^_{t+1} = s_t + sigma_delta f([s_t | a_t])
// Each is trained on all real transitions, from its own initial weights and with its own minibatches.
#pragma once

#include "astro/config/config.h"
#include "astro/measure/open_loop.h"
#include "astro/transitions.h"
#include "tensor/base/rows.h"

namespace astro::method {

class OneStepModels : public TrainableModel {
  public:
    // Trains on every row of the segments that has a successor in its segment.
    OneStepModels(const Context& context, const OneStepConfig& config, int64_t updates, const Trajectories& data,
                  const Statistics& statistics, uint64_t seed);

    std::string name() const override { return "one_step"; }
    int64_t updates() const override { return updates_; }
    void update(int64_t k) override;
    TrainingState state() override;

    // (n, D + A) -> (n, D): the change of the state in sigma_delta. Further training changes the networks.
    const std::vector<nn::Mlp>& members() const { return networks_.member; }

  private:
    struct Networks {
        std::vector<nn::Mlp> member;
        template <class V>
        void visit(V& v) {
            v("member", member);
        }
    };

    OneStepConfig config_;
    int64_t updates_;
    const Trajectories& data_;
    const Statistics& statistics_;
    uint64_t seed_;
    std::vector<int64_t> sources_;  // rows with a successor
    Networks networks_;
    nn::ParameterSet set_;
    nn::Adam optimiser_;
};

// The next states s + sigma_delta f([s | a]) that one network predicts. states (n, D), actions (n, A) -> (n, D).
std::vector<float> one_step(Backend& backend, const nn::Mlp& network, const std::vector<float>& states,
                            const std::vector<float>& actions, const std::vector<double>& sigma_delta);

// The same step after step: a prediction for open_loop_rmse.
OpenLoopPrediction one_step_rollout(Backend& backend, const nn::Mlp& network, const std::vector<double>& sigma_delta);

}  // namespace astro::method
