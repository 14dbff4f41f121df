#include "nn/optimiser.h"

#include <cmath>
#include <memory>

namespace astro::nn {

Adam::Adam(const ParameterSet& parameters, double weight_decay) : weight_decay_(weight_decay) {
    const Tensor& flat = parameters.flat();
    first_moment = Tensor::zeros(flat.backend(), flat.dtype(), flat.shape());
    second_moment = Tensor::zeros(flat.backend(), flat.dtype(), flat.shape());
}

double Adam::step(ParameterSet& parameters, const Tensor& gradient, double rate, double clip) {
    Tensor& w = parameters.flat();
    ASTRO_CHECK(gradient.shape() == w.shape(), "Adam: gradient ", gradient.shape(), " for parameters ", w.shape());
    const double norm = std::sqrt(w.backend().sum_of_squares(gradient.dtype(), gradient.numel(), gradient.raw()));
    if (!std::isfinite(norm))
        fail(ErrorKind::numeric,
             "the gradient is not finite; hint: a lower learning rate, or look for extreme values with "
             "'astro data inspect'");
    ++steps;
    AdamStep step;
    step.rate = rate;
    step.weight_decay = weight_decay_;
    step.correction1 = 1 - std::pow(step.beta1, static_cast<double>(steps));
    step.correction2 = 1 - std::pow(step.beta2, static_cast<double>(steps));
    if (clip > 0 && norm > clip) step.gradient_scale = clip / (norm + 1e-6);
    w.backend().adam(w.dtype(), w.numel(), step, gradient.raw(), w.raw(), first_moment.raw(), second_moment.raw());
    w.touch();
    return norm;
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

Tensor tree_sum(ThreadPool& threads, std::vector<Tensor>& parts) {
    ASTRO_CHECK(!parts.empty(), "tree_sum: nothing to sum");
    const int64_t n = parts[0].numel(), size = dtype_size(parts[0].dtype());
    constexpr int64_t kPiece = 8192;  // elements a thread adds at a time
    threads.run((n + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, n - first);
        Traversal t;
        t.rank = 1, t.sizes[0] = count, t.a_step[0] = t.b_step[0] = 1;
        for (size_t gap = 1; gap < parts.size(); gap *= 2)
            for (size_t i = 0; i + gap < parts.size(); i += 2 * gap) {
                const char* from = static_cast<const char*>(parts[i + gap].raw()) + first * size;
                parts[0].backend().sum_to(parts[0].dtype(), t, from, static_cast<char*>(parts[i].raw()) + first * size);
            }
    });
    return parts[0];
}

Gradient chunked_gradient(ThreadPool& threads, int64_t chunks, int64_t rows, const Tensor& parameters,
                          const std::function<Tensor(int64_t, int64_t, int64_t)>& body) {
    chunks = std::max<int64_t>(1, std::min(chunks, rows));
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
    for (const Tensor& loss : losses) result.loss += loss.item();  // waits for the device: after all work is queued
    return result;
}

Gradient joint_gradient(ThreadPool& threads, int64_t chunks, int64_t rows, const Tensor& parameters,
                        const std::function<Tensor(int64_t, int64_t, int64_t)>& forward,
                        const std::function<Joined(const std::vector<Tensor>&)>& join) {
    chunks = std::max<int64_t>(1, std::min(chunks, rows));
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
