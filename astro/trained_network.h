// A network with its training state: averaged weights and AdamW. The dynamics models and the planner have one each.
#pragma once

#include "astro/config/config.h"
#include "astro/training.h"
#include "diffusion/denoiser.h"
#include "diffusion/noise_schedule.h"

namespace astro::method {

diffusion::NoiseSchedule make_schedule(const DenoiserConfig& config);

// The denoiser of a specification, with layers, width and heads from the settings. `stream` is the random stream of the
// initial weights.
diffusion::Denoiser make_denoiser(const Context& context, const DenoiserConfig& config, diffusion::DenoiserSpec spec,
                                  Rng stream);

// Network: a module (nn/module.h).
template <class Network>
class TrainedNetwork {
  public:
    TrainedNetwork(const Context& context, const DenoiserConfig& config, Network network)
        : context_(context), config_(config), online_(std::move(network)), averaged_(online_) {
        online_set_ = nn::ParameterSet(online_);
        averaged_set_ = nn::ParameterSet(averaged_);
        optimiser_ = nn::Adam(online_set_, config.weight_decay);
    }

    const Network& online() const { return online_; }
    const Network& averaged() const { return averaged_; }  // for sampling, and after training

    // One AdamW step on the loss of a batch at update k, followed by one update of the average.
    void train_step(nn::Step& step, int64_t k, int64_t batch, const nn::ChunkLoss& loss) {
        optimiser_.prepare(step, nn::cosine_rate(k, config_.updates, config_.warmup, config_.learning_rate,
                                                 config_.learning_rate_end));
        const Tensor average_rate = step.number(nn::average_rate(k, config_.ema_decay));
        step.run([&] {
            nn::train_step(step, context_.cut(batch), online_set_, optimiser_, {"loss"}, loss, config_.gradient_clip);
            nn::polyak_update(step, averaged_set_, online_set_, average_rate);
        });
    }

    TrainingState state() {
        TrainingState state;
        state.add("model", online_set_);
        state.add("average", averaged_set_);
        state.add("optimiser", online_set_, optimiser_);
        return state;
    }

  private:
    Context context_;
    DenoiserConfig config_;
    Network online_, averaged_;
    nn::ParameterSet online_set_, averaged_set_;
    nn::Adam optimiser_;
};

}  // namespace astro::method
