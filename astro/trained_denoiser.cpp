#include "astro/trained_denoiser.h"

namespace astro::method {

diffusion::NoiseSchedule make_schedule(const DenoiserConfig& config) {
    return diffusion::make_schedule(config.schedule, config.diffusion_steps);
}

TrainedDenoiser::TrainedDenoiser(const Context& context, const DenoiserConfig& config, diffusion::DenoiserSpec spec,
                                 Rng stream)
    : context_(context), config_(config) {
    spec.layers = config.layers, spec.width = config.width, spec.heads = config.heads;
    spec.levels = config.diffusion_steps;
    online_ = diffusion::make_denoiser(nn::Maker{context.backend, DType::f32, stream}, spec);
    averaged_ = online_;
    online_set_ = nn::ParameterSet(online_);
    averaged_set_ = nn::ParameterSet(averaged_);
    optimiser_ = nn::Adam(online_set_, config.weight_decay);
}

void TrainedDenoiser::train_step(nn::Step& step, int64_t k, const nn::ChunkLoss& loss) {
    optimiser_.prepare(
        step, nn::cosine_rate(k, config_.updates, config_.warmup, config_.learning_rate, config_.learning_rate_end));
    const Tensor average_rate = step.number(nn::average_rate(k, config_.ema_decay));
    step.run([&] {
        nn::train_step(step, context_.cut(config_.batch), online_set_, optimiser_, {"loss"}, loss,
                       config_.gradient_clip);
        nn::polyak_update(step, averaged_set_, online_set_, average_rate);
    });
}

TrainingState TrainedDenoiser::state() {
    TrainingState state;
    state.add("model", online_set_);
    state.add("average", averaged_set_);
    state.add("optimiser", online_set_, optimiser_);
    return state;
}

}  // namespace astro::method
