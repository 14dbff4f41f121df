// A trajectory denoiser with what its training keeps: averaged weights and AdamW. Dynamics and planner each have one.
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
    // Layers, width and heads of `spec` come from the settings; `stream` names the random stream of the first weights.
    TrainedDenoiser(const Context& context, const DenoiserConfig& config, diffusion::DenoiserSpec spec, Rng stream);

    const diffusion::Denoiser& online() const { return online_; }
    const diffusion::Denoiser& averaged() const { return averaged_; }  // for sampling, and when frozen

    // One AdamW step at update k on the loss, then one of the average.
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
