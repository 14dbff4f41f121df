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

Linear make_linear(const Maker& make, int64_t in, int64_t out);       // Xavier-uniform weight, zero bias
Linear make_zero_linear(const Maker& make, int64_t in, int64_t out);  // all zeros (adaLN-Zero, output layer of DiT)

// A first layer whose activation thresholds w.x + b = 0 pass through sampled data points: w ~ N(0, 1/in), b = -w.x
// (docs/method.md 3.4). With zero biases and a layer norm, the next layers would only see the direction of the state.
// data: (rows, in), scaled like the inputs of the layer.
Linear make_data_spread_linear(const Maker& make, int64_t in, int64_t out, const std::vector<float>& data);

enum class Activation { relu, gelu };

struct MlpSpec {
    int64_t in = 0, out = 0, width = 0, layers = 0;  // layers: number of hidden layers
    Activation activation = Activation::gelu;
    bool layer_norm = false;  // layer norm with gain and bias after each activation (as in HILP and OGBench)
    double output_scale = 1;  // factor on the initial weights of the output layer
};

struct Mlp {
    MlpSpec spec;
    std::vector<Linear> layers;  // spec.layers hidden layers and the output layer
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

// data: inputs for make_data_spread_linear, which creates the first layer; empty: make_linear for all layers.
Mlp make_mlp(const Maker& make, const MlpSpec& spec, const std::vector<float>& data = {});

}  // namespace astro::nn
