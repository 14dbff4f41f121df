// The trajectory denoiser: a diffusion transformer (DiT) over a one-dimensional sequence of tokens.
//
//   x = embed(tokens) + position [+ segment]
//   c = SiLU(time(sinusoid(t)) + condition(cond)), each linear-SiLU-linear
//   x = block(x, c) for each block
//   out = head(LN(x) (1 + scale) + shift), shift, scale = modulation(c)
#pragma once

#include "nn/transformer.h"

namespace astro::diffusion {

struct DenoiserSpec {
    int64_t tokens = 0;  // maximum sequence length
    int64_t token_width = 0, condition_width = 0, out_width = 0;
    int64_t layers = 0, width = 0, heads = 0;
    bool causal = false;
    int64_t segments = 0;  // 0: no segment embedding
    int64_t levels = 0;    // the noise levels are 0..levels
};

struct TwoLayer {  // linear-SiLU-linear
    nn::Linear first, second;
    template <class V>
    void visit(V& v) {
        v("first", first);
        v("second", second);
    }
    Tensor operator()(const Tensor& x) const { return second(first(x, UnaryOp::silu)); }
};

struct Denoiser {
    DenoiserSpec spec;
    nn::Linear embed, head, modulation;
    TwoLayer time, condition;
    std::vector<nn::Block> blocks;
    Tensor position, segment;  // (tokens, width), (segments, width)
    Tensor level_waves;        // sinusoidal embedding of every level, (levels + 1, width); a constant

    template <class V>
    void visit(V& v) {
        v("embed", embed);
        v("position", position);
        v("segment", segment);
        v("time", time);
        v("condition", condition);
        v("block", blocks);
        v("modulation", modulation);
        v("head", head);
    }

    // tokens (B, n, token_width) with n <= spec.tokens; t: noise levels, i64 (B); cond (B, condition_width);
    // segment_of: the segment of each token, i64 (n), or undefined if there are no segments. Returns (B, n, out_width).
    Tensor operator()(const Tensor& tokens, const Tensor& t, const Tensor& cond, const Tensor& segment_of = {}) const;
};

Denoiser make_denoiser(const nn::Maker& make, const DenoiserSpec& spec);

}  // namespace astro::diffusion
