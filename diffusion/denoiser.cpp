#include "diffusion/denoiser.h"

#include <numeric>

#include "tensor/base/rows.h"

namespace astro::diffusion {

Denoiser make_denoiser(const nn::Maker& make, const DenoiserSpec& spec) {
    const int64_t width = spec.width;
    auto two_layer = [&](int64_t in) {
        return TwoLayer{nn::make_linear(make, in, width), nn::make_linear(make, width, width)};
    };
    Denoiser net;
    net.spec = spec;
    net.embed = nn::make_linear(make, spec.token_width, width);
    net.position = make.normal(Shape{spec.tokens, width}, 0.02);
    if (spec.segments > 0) net.segment = make.normal(Shape{spec.segments, width}, 0.02);
    net.time = two_layer(width);
    std::vector<double> levels(to_size(spec.levels + 1));
    std::iota(levels.begin(), levels.end(), 0.0);
    net.level_waves = nn::sinusoid(make.backend, make.type, levels, width);
    net.condition = two_layer(spec.condition_width);
    for (int64_t i = 0; i < spec.layers; ++i)
        net.blocks.push_back(nn::make_block(make, width, spec.heads, spec.causal));
    net.modulation = nn::make_zero_linear(make, width, 2 * width);
    net.head = nn::make_zero_linear(make, width, spec.out_width);
    return net;
}

Tensor Denoiser::operator()(const Tensor& tokens, const Tensor& t, const Tensor& cond, const Tensor& segment_of) const {
    ASTRO_CHECK(tokens.rank() == 3 && tokens.dim(1) <= spec.tokens && tokens.dim(2) == spec.token_width &&
                    cond.rank() == 2 && cond.dim(0) == tokens.dim(0) && cond.dim(1) == spec.condition_width &&
                    t.numel() == tokens.dim(0),
                "Denoiser: tokens ", tokens.shape(), ", condition ", cond.shape(), ", ", t.numel(),
                " levels; expected at most ", spec.tokens, " tokens of ", spec.token_width, ", condition of ",
                spec.condition_width);
    const int64_t n = tokens.dim(1);
    Tensor place = slice(position, 0, 0, n);  // (n, D)
    if (spec.segments > 0) place = place + gather_rows(segment, segment_of);
    Tensor x = embed(tokens) + place;  // (B, n, D)
    const Tensor c = silu(time(gather_rows(level_waves, t)) + condition(cond));
    for (const nn::Block& block : blocks) x = block(x, c);
    const Tensor m = modulation(c);  // (B, 2 D)
    return head(layer_norm(x, slice(m, 1, spec.width, spec.width), slice(m, 1, 0, spec.width), 1.0));
}

}  // namespace astro::diffusion
