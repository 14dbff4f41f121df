#include "nn/optimiser.h"

#include <cmath>
#include <memory>

namespace astro::nn {

Adam::Adam(const ParameterSet& parameters, double weight_decay) : weight_decay_(weight_decay) {
    const Tensor& flat = parameters.flat();
    first_moment = Tensor::zeros(flat.backend(), flat.dtype(), flat.shape());
    second_moment = Tensor::zeros(flat.backend(), flat.dtype(), flat.shape());
}

void Adam::prepare(Step& step, double rate) {
    const AdamConstants c;
    const auto t = static_cast<double>(steps + 1);
    const std::vector<double> factors = {rate / (1 - std::pow(c.beta1, t)), 1 - rate * weight_decay_,
                                         1 / std::sqrt(1 - std::pow(c.beta2, t))};
    factors_ = step.input(Shape{3}, factors);
    step.counts(steps);
}

void Adam::apply(Step& step, ParameterSet& parameters, const Tensor& gradient, const std::string& name, double clip) {
    Tensor& w = parameters.flat();
    ASTRO_CHECK(gradient.shape() == w.shape(), "Adam: gradient ", gradient.shape(), " for parameters ", w.shape());
    Backend& b = w.backend();
    Tensor norm(b, DType::f64, Shape{1});
    b.norm(gradient.dtype(), gradient.numel(), gradient.raw(), norm.data<double>());
    step.report(name, norm);
    AdamConstants constants;
    constants.clip = clip;
    step.share(w.numel(), [&](int64_t first, int64_t count) {
        auto part = [&](const Tensor& all) { return all.view(first, Shape{count}).raw(); };
        b.adam(w.dtype(), count, constants, factors_.data<double>(), norm.data<double>(), step.failed(), part(gradient),
               part(w), part(first_moment), part(second_moment));
    });
    w.touch();
}

double Adam::step(ParameterSet& parameters, const Tensor& gradient, double rate, double clip) {
    ThreadPool alone(1);
    Steps steps_of_one(parameters.flat().backend(), alone, 1);
    Step step = steps_of_one.begin("Adam");
    prepare(step, rate);
    step.run([&] { apply(step, parameters, gradient, "gradient_norm", clip); });
    return steps_of_one.metrics()[0].second;
}

void polyak_update(Step& step, ParameterSet& target, const ParameterSet& source, const Tensor& rate) {
    ASTRO_CHECK(target.size() == source.size(), "polyak_update: ", target.size(), " and ", source.size(),
                " parameters");
    Tensor& t = target.flat();
    step.share(t.numel(), [&](int64_t first, int64_t count) {
        t.backend().lerp(t.dtype(), count, rate.data<double>(), step.failed(),
                         source.flat().view(first, Shape{count}).raw(), t.view(first, Shape{count}).raw());
    });
    t.touch();
}

double cosine_rate(int64_t k, int64_t n, int64_t warmup, double start, double end) {
    const double grow = warmup > 0 ? std::min(1.0, static_cast<double>(k + 1) / static_cast<double>(warmup)) : 1.0;
    const double part = n > 0 ? std::min(1.0, static_cast<double>(k) / static_cast<double>(n)) : 0.0;
    return grow * (end + (start - end) * 0.5 * (1 + std::cos(3.141592653589793 * part)));
}

double linear_rate(int64_t k, int64_t n, double start, double end) {
    const double part = n > 0 ? std::min(1.0, static_cast<double>(k) / static_cast<double>(n)) : 0.0;
    return start + (end - start) * part;
}

double average_rate(int64_t k, double decay) { return std::max(1 - decay, 1 / static_cast<double>(k + 1)); }

}  // namespace astro::nn
