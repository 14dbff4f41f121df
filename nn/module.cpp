#include "nn/module.h"

#include <cmath>

#include "tensor/base/rows.h"

namespace astro::nn {

namespace {

template <class Draw>
Tensor drawn(const Maker& make, const Shape& shape, Draw draw) {
    std::vector<double> values(to_size(shape.numel()));
    for (double& v : values) v = draw();
    return Tensor::from(make.backend, shape, values).cast(make.type);
}

}  // namespace

Tensor Maker::normal(const Shape& shape, double standard_deviation) const {
    return drawn(*this, shape, [&] { return standard_deviation * rng.normal(); });
}

Tensor Maker::uniform(const Shape& shape, double bound) const {
    return drawn(*this, shape, [&] { return rng.uniform(-bound, bound); });
}

Tensor Maker::xavier(int64_t in, int64_t out) const {
    return uniform(Shape{in, out}, std::sqrt(6.0 / static_cast<double>(in + out)));
}

ParameterSet::ParameterSet(const std::vector<Parameter>& parameters) {
    ASTRO_CHECK(!parameters.empty(), "ParameterSet: the module has no parameters");
    int64_t total = 0;
    for (const Parameter& p : parameters) {
        entries_.push_back(Entry{p.name, total, p.tensor->shape()});
        total += p.tensor->numel();
    }
    const Tensor& first = *parameters[0].tensor;
    flat_ = Tensor(first.backend(), first.dtype(), Shape{total});
    for (size_t i = 0; i < parameters.size(); ++i) {
        Tensor view = flat_.view(entries_[i].offset, entries_[i].shape);
        view.assign(*parameters[i].tensor);
        *parameters[i].tensor = view;
    }
}

std::vector<std::pair<std::string, Tensor>> ParameterSet::views(const Tensor& flat) const {
    ASTRO_CHECK(flat.numel() == flat_.numel(), "ParameterSet: a flat tensor of ", flat.numel(), " elements for ",
                flat_.numel(), " parameters");
    std::vector<std::pair<std::string, Tensor>> result;
    for (const Entry& e : entries_) result.emplace_back(e.name, flat.view(e.offset, e.shape));
    return result;
}

}  // namespace astro::nn
