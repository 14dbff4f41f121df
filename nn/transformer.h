// The transformer block of the diffusion transformer, with adaLN-Zero modulation (Peebles & Xie, "Scalable
// diffusion models with transformers", ICCV 2023, section 3.2).
#pragma once

#include "nn/layers.h"

namespace astro::nn {

// x (B, T, D); condition (B, D), to which SiLU has already been applied:
//   shift1, scale1, gate1, shift2, scale2, gate2 = modulation(condition)
//   x += gate1 * project(attention(LN(x) (1 + scale1) + shift1))
//   x += gate2 * down(GELU(up(LN(x) (1 + scale2) + shift2)))
// LN has no gain and bias. The modulation layer is initialised to zero, so the block is initially the identity.
struct Block {
    int64_t heads = 1;
    bool causal = false;
    Linear qkv, project, up, down, modulation;

    template <class V>
    void visit(V& v) {
        v("qkv", qkv);
        v("project", project);
        v("up", up);
        v("down", down);
        v("modulation", modulation);
    }
    Tensor operator()(const Tensor& x, const Tensor& condition) const;
};

Block make_block(const Maker& make, int64_t width, int64_t heads, bool causal);

// Sinusoidal embedding [cos(t f_i), sin(t f_i)], f_i = exp(-ln(10000) i / (width/2)), of diffusion steps t (B) ->
// (B, width); width must be even.
Tensor sinusoid(Backend& backend, DType type, const std::vector<double>& t, int64_t width);

}  // namespace astro::nn
