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
    ASTRO_CHECK(target.size() == source.size(), "polyak_update: ", target.size(), " and ", source.size(), " parameters");
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

Tensor join_elements(const std::vector<Tensor>& parts) {
    std::vector<Tensor> rows;
    for (const Tensor& part : parts) rows.push_back(part.reshape(Shape{part.numel()}).detach());
    return rows.size() == 1 ? rows[0] : concat(rows, 0);
}

Tensor tree_sum(ThreadPool& threads, std::vector<Tensor>& parts) {
    ASTRO_CHECK(!parts.empty(), "tree_sum: nothing to sum");
    if (parts.size() == 1) return parts[0];
    const int64_t n = parts[0].numel(), size = dtype_size(parts[0].dtype());
    constexpr int64_t kPiece = 2048;  // elements a thread adds at a time
    threads.run((n + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, n - first);
        const Traversal flat = Traversal::flat(count);
        for (size_t stride = 1; stride < parts.size(); stride *= 2)
            for (size_t i = 0; i + stride < parts.size(); i += 2 * stride) {
                const char* from = static_cast<const char*>(parts[i + stride].raw()) + first * size;
                parts[0].backend().sum_to(parts[0].dtype(), flat, from,
                                          static_cast<char*>(parts[i].raw()) + first * size);
            }
    });
    return parts[0];
}

Gradient chunked_gradient(ThreadPool& threads, int64_t chunks, int64_t rows, const Tensor& parameters,
                          const std::function<Tensor(int64_t, int64_t, int64_t)>& body) {
    chunks = chunk_count(chunks, rows);
    std::vector<Tensor> gradients(static_cast<size_t>(chunks)), losses(static_cast<size_t>(chunks));
    threads.run(chunks, [&](int64_t c) {
        const auto [first, count] = chunk_rows(rows, chunks, c);
        Tape tape({parameters});
        Tensor loss = body(c, first, count);
        tape.backward(loss);
        losses[static_cast<size_t>(c)] = loss.detach();
        gradients[static_cast<size_t>(c)] = tape.parameter_gradient();
    });
    Gradient result;
    result.flat = tree_sum(threads, gradients);
    result.loss = join_elements(losses);
    return result;
}

Gradient joint_gradient(ThreadPool& threads, int64_t chunks, int64_t rows, const Tensor& parameters,
                        const std::function<Tensor(int64_t, int64_t, int64_t)>& forward,
                        const std::function<Joined(const std::vector<Tensor>&)>& join) {
    chunks = chunk_count(chunks, rows);
    const auto n = static_cast<size_t>(chunks);
    std::vector<std::unique_ptr<Tape>> tapes(n);
    std::vector<Tensor> outputs(n), gradients(n);
    threads.run(chunks, [&](int64_t c) {
        const auto i = static_cast<size_t>(c);
        const auto [first, count] = chunk_rows(rows, chunks, c);
        tapes[i] = std::make_unique<Tape>(std::initializer_list<Tensor>{parameters});
        outputs[i] = forward(c, first, count);
        tapes[i]->stop();
    });
    Joined joined = join(outputs);
    ASTRO_CHECK(joined.gradients.size() == n, "joint_gradient: ", joined.gradients.size(), " gradients for ", n,
                " chunks");
    threads.run(chunks, [&](int64_t c) {
        const auto i = static_cast<size_t>(c);
        tapes[i]->backward({outputs[i]}, {joined.gradients[i]});
        gradients[i] = tapes[i]->parameter_gradient();
        tapes[i].reset();
    });
    Gradient result;
    result.loss = joined.loss;
    result.flat = tree_sum(threads, gradients);
    return result;
}

}  // namespace astro::nn
