#include "nn/layers.h"

#include <cmath>

#include "tensor/base/rows.h"

namespace astro::nn {

Linear make_linear(const Maker& make, int64_t in, int64_t out) {
    return Linear{make.xavier(in, out), make.zeros(Shape{out})};
}

Linear make_zero_linear(const Maker& make, int64_t in, int64_t out) {
    return Linear{make.zeros(Shape{in, out}), make.zeros(Shape{out})};
}

Linear make_data_spread_linear(const Maker& make, int64_t in, int64_t out, const std::vector<float>& data) {
    const int64_t rows = ssize(data) / in;
    ASTRO_CHECK(rows >= 1, "make_data_spread_linear: no data rows of width ", in);
    Tensor weight = make.normal(Shape{in, out}, 1.0 / std::sqrt(static_cast<double>(in)));
    const std::vector<double> values = weight.cast(DType::f64).to_vector<double>();
    const Rows w(values, out);  // (in, out)
    const Rows x(data, in);
    std::vector<double> b(to_size(out));
    for (int64_t j = 0; j < out; ++j) {
        const int64_t row = make.rng.below(rows);
        for (int64_t i = 0; i < in; ++i) nth(b, j) -= w(i, j) * double(x(row, i));
    }
    return Linear{weight, Tensor::from(make.backend, Shape{out}, b).cast(make.type)};
}

Mlp make_mlp(const Maker& make, const MlpSpec& spec, const std::vector<float>& data) {
    Mlp mlp;
    mlp.spec = spec;
    for (int64_t i = 0; i <= spec.layers; ++i) {
        const int64_t in = i == 0 ? spec.in : spec.width, out = i == spec.layers ? spec.out : spec.width;
        if (i == 0 && !data.empty())
            mlp.layers.push_back(make_data_spread_linear(make, in, out, data));
        else
            mlp.layers.push_back(make_linear(make, in, out));
        if (i < spec.layers && spec.layer_norm)
            mlp.norms.push_back({Tensor::full(make.backend, make.type, Shape{out}, 1), make.zeros(Shape{out})});
    }
    Linear& last = mlp.layers.back();
    last.weight = last.weight * spec.output_scale;
    return mlp;
}

Tensor Mlp::operator()(const Tensor& x) const {
    Tensor h = x;
    for (size_t i = 0; i + 1 < layers.size(); ++i) {
        h = layers[i](h, spec.activation == Activation::relu ? UnaryOp::relu : UnaryOp::gelu);
        if (spec.layer_norm) h = layer_norm(h, norms[i].gain, norms[i].bias);
    }
    return layers.back()(h);
}

}  // namespace astro::nn
