#include "astro/trained_network.h"

namespace astro::method {

diffusion::NoiseSchedule make_schedule(const DenoiserConfig& config) {
    return diffusion::make_schedule(config.schedule, config.diffusion_steps);
}

diffusion::Denoiser make_denoiser(const Context& context, const DenoiserConfig& config, diffusion::DenoiserSpec spec,
                                  Rng stream) {
    spec.layers = config.layers, spec.width = config.width, spec.heads = config.heads;
    spec.levels = config.diffusion_steps;
    return diffusion::make_denoiser(nn::Maker{context.backend, DType::f32, stream}, spec);
}

}  // namespace astro::method
