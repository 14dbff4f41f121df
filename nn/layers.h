// Linear layers and multi-layer perceptrons.
#pragma once

#include <vector>

#include "nn/module.h"

namespace astro::nn {

// y = x W + b; x (..., in), W (in, out), b (out).
struct Linear {
    Tensor weight, bias;

    template <class V>
    void visit(V& v) {
        v("weight", weight);
        v("bias", bias);
    }
    Tensor operator()(const Tensor& x) const { return linear(x, weight, bias); }
    Tensor operator()(const Tensor& x, UnaryOp activation) const { return linear(x, weight, bias, activation); }
};

Linear make_linear(const Maker& make, int64_t in, int64_t out);       // Xavier-uniform weight, bias 0
Linear make_zero_linear(const Maker& make, int64_t in, int64_t out);  // all zeros (adaLN-Zero, DiT's output)

// A first layer whose activation thresholds w.x + b = 0 pass through sampled data points: w ~ N(0, 1/in), b = -w.x
// (docs/method.md 3.4). With zero biases and layer norm it would see only the direction of a low-dimensional
// state. data: (rows, in) in the units the layer will read.
Linear make_data_spread_linear(const Maker& make, int64_t in, int64_t out, const std::vector<float>& data);

enum class Activation { relu, gelu };

struct MlpSpec {
    int64_t in = 0, out = 0, width = 0, layers = 0;  // layers: hidden ones
    Activation activation = Activation::gelu;
    bool layer_norm = false;  // after each activation (HILP, OGBench), with gain and bias
    double output_scale = 1;  // factor on the last layer's first weights
};

struct Mlp {
    MlpSpec spec;
    std::vector<Linear> layers;  // spec.layers hidden ones and the output
    struct Norm {
        Tensor gain, bias;  // (width)
        template <class V>
        void visit(V& v) {
            v("gain", gain);
            v("bias", bias);
        }
    };
    std::vector<Norm> norms;

    template <class V>
    void visit(V& v) {
        v("layer", layers);
        v("norm", norms);
    }
    Tensor operator()(const Tensor& x) const;  // (..., in) -> (..., out)
};

// data: rows of inputs for the spread first layer; empty: Xavier there too.
Mlp make_mlp(const Maker& make, const MlpSpec& spec, const std::vector<float>& data = {});

}  // namespace astro::nn
