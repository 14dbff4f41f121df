#include "astro/latent_inputs.h"

#include <cmath>

#include "tensor/base/moments.h"
#include "tensor/base/rows.h"

namespace astro::method {

LatentInputs::LatentInputs(const TemporalDistance& encoder, const std::vector<float>& latents) : encoder_(encoder) {
    const int64_t width = encoder.latent(), rows = ssize(latents) / width;
    std::vector<Moments> column(to_size(width));
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t k = 0; k < width; ++k) nth(column, k).add(double(nth(latents, i * width + k)));
    double variance = 0;
    for (const Moments& m : column) {
        centre_.push_back(static_cast<float>(m.mean()));
        variance += m.variance() / double(width);
    }
    if (variance > 0) scale_ = static_cast<float>(std::sqrt(variance));
}

std::vector<float> LatentInputs::of(const std::vector<float>& states) const {
    return join(states, encoder_.embed(states.data(), ssize(states) / encoder_.state_dim()));
}

std::vector<float> LatentInputs::join(const std::vector<float>& states, const std::vector<float>& latents) const {
    const int64_t d = encoder_.state_dim(), n = ssize(states) / d, l = encoder_.latent();
    std::vector<float> inputs(to_size(n * (d + l)));
    for (int64_t i = 0; i < n; ++i) {
        float* input = &nth(inputs, i * (d + l));
        std::copy_n(states.begin() + i * d, d, input);
        for (int64_t k = 0; k < l; ++k) input[d + k] = (nth(latents, i * l + k) - nth(centre_, k)) / scale_;
    }
    return inputs;
}

data::Dataset LatentInputs::of(const data::Dataset& rows, const std::vector<float>& latents) const {
    data::Dataset inputs;
    inputs.rows = rows.rows, inputs.action_dim = rows.action_dim;
    inputs.state_dim = encoder_.state_dim() + encoder_.latent();
    inputs.observations = join(rows.observations, latents);
    inputs.actions = rows.actions, inputs.terminals = rows.terminals;
    inputs.episode_start = rows.episode_start, inputs.episode_of = rows.episode_of;
    return inputs;
}

}  // namespace astro::method
