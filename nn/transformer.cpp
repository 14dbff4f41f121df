#include "nn/transformer.h"

#include <cmath>

#include "tensor/base/rows.h"

namespace astro::nn {

Block make_block(const Maker& make, int64_t width, int64_t heads, bool causal) {
    ASTRO_CHECK(heads > 0 && width % heads == 0, "make_block: ", heads, " heads do not divide a width of ", width);
    Block block;
    block.heads = heads;
    block.causal = causal;
    block.qkv = make_linear(make, width, 3 * width);
    block.project = make_linear(make, width, width);
    block.up = make_linear(make, width, 4 * width);
    block.down = make_linear(make, 4 * width, width);
    block.modulation = make_zero_linear(make, width, 6 * width);
    return block;
}

Tensor Block::operator()(const Tensor& x, const Tensor& condition) const {
    const int64_t width = x.dim(2);
    const Tensor m = modulation(condition);                                // (B, 6 D)
    auto part = [&](int64_t i) { return slice(m, 1, i * width, width); };  // (B, D), the same for all tokens
    Tensor h = layer_norm(x, part(1), part(0), 1.0);
    const Tensor y = gated_linear(x, part(2), attention(qkv(h), heads, causal), project.weight, project.bias);
    h = layer_norm(y, part(4), part(3), 1.0);
    return gated_linear(y, part(5), up(h, UnaryOp::gelu), down.weight, down.bias);
}

Tensor sinusoid(Backend& backend, DType type, const std::vector<double>& t, int64_t width) {
    ASTRO_CHECK(width % 2 == 0, "sinusoid: the width must be even, got ", width);
    const int64_t half = width / 2, batch = ssize(t);
    std::vector<double> values(to_size(batch * width));
    const Rows rows(values, width);
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t i = 0; i < half; ++i) {
            const double angle =
                nth(t, b) * std::exp(-std::log(10000.0) * static_cast<double>(i) / static_cast<double>(half));
            rows(b, i) = std::cos(angle);
            rows(b, half + i) = std::sin(angle);
        }
    return Tensor::from(backend, Shape{batch, width}, values).cast(type);
}

}  // namespace astro::nn
