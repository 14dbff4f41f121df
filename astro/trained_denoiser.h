// A trajectory denoiser with its training state: averaged weights and AdamW. The dynamics and the planner have one
// each.
#pragma once

#include <functional>
#include <memory>

#include "astro/config/config.h"
#include "astro/training.h"
#include "diffusion/denoiser.h"
#include "diffusion/noise_schedule.h"

namespace astro::method {

diffusion::NoiseSchedule make_schedule(const DenoiserConfig& config);

class TrainedDenoiser {
  public:
    // The settings give layers, width and heads of `spec`; `stream` names the random stream of the initial weights.
    TrainedDenoiser(const Context& context, const DenoiserConfig& config, diffusion::DenoiserSpec spec, Rng stream);

    const diffusion::Denoiser& online() const { return online_; }
    const diffusion::Denoiser& averaged() const { return averaged_; }  // for sampling, and after training

    // One AdamW step on the loss at update k, followed by one update of the average.
    void train_step(nn::Step& step, int64_t k, const nn::ChunkLoss& loss);
    TrainingState state();

  private:
    Context context_;
    DenoiserConfig config_;
    diffusion::Denoiser online_, averaged_;
    nn::ParameterSet online_set_, averaged_set_;
    nn::Adam optimiser_;
};

}  // namespace astro::method
