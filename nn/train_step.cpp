#include "nn/train_step.h"

#include <memory>

#include "tensor/base/rows.h"

namespace astro::nn {

Tensor Chunk::mean(const Tensor& x) const { return sum(x) * (1.0 / static_cast<double>(x.numel() / count * batch)); }

Tensor Chunk::normal(const Tensor& streams, const Shape& shape) const {
    return Tensor::normal(shape, streams.rows(index, 1));
}

Tensor Chunk::uniform(const Tensor& streams, const Shape& shape, double low, double high) const {
    return Tensor::uniform(shape, low, high, streams.rows(index, 1));
}

Chunk Cut::chunk(int64_t index) const {
    const auto [first, count] = chunk_rows(batch, chunks, index);
    return {index, first, count, batch};
}

Tensor Cut::map(const ChunkLoss& f) const {
    std::vector<Tensor> parts(to_size(chunks));
    threads.run(chunks, [&](int64_t c) {
        NoTape off;
        nth(parts, c) = f(chunk(c));
    });
    return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

Tensor Cut::streams(Step& step, const std::function<Rng(int64_t)>& stream) const {
    return step.streams(chunks, stream);
}

Tensor Cut::streams(Step& step, const Rng& rng) const {
    return step.streams(chunks, [&](int64_t index) { return rng.stream(static_cast<uint64_t>(index)); });
}

namespace {

// Concatenates the losses of the chunks.
Tensor joined(const std::vector<Tensor>& losses) {
    std::vector<Tensor> elements;
    for (const Tensor& loss : losses) elements.push_back(loss.reshape(Shape{1}).detach());
    return elements.size() == 1 ? elements[0] : concat(elements, 0);
}

}  // namespace

Tensor tree_sum(ThreadPool& threads, std::vector<Tensor>& parts) {
    ASTRO_CHECK(!parts.empty(), "tree_sum: nothing to sum");
    if (parts.size() == 1) return parts[0];
    const int64_t n = parts[0].numel(), size = dtype_size(parts[0].dtype());
    constexpr int64_t kPiece = 2048;  // elements per work item
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

Gradient chunked_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& loss) {
    const auto n = to_size(cut.chunks);
    std::vector<Tensor> gradients(n), losses(n);
    cut.threads.run(cut.chunks, [&](int64_t c) {
        const auto i = to_size(c);
        Tape tape({parameters});
        losses[i] = loss(cut.chunk(c));
        tape.backward(losses[i]);
        gradients[i] = tape.parameter_gradient();
    });
    return {tree_sum(cut.threads, gradients), joined(losses), {}};
}

Gradient chunked_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& forward, const OutputsLoss& loss) {
    std::vector<Tensor> outputs(to_size(cut.chunks));
    Gradient gradient = chunked_gradient(cut, parameters, [&](const Chunk& c) {
        const Tensor own = forward(c);
        nth(outputs, c.index) = own.detach();
        return loss(c, own);
    });
    gradient.outputs = concat(outputs, 0);
    return gradient;
}

Gradient coupled_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& forward, const CoupledLoss& loss) {
    const auto n = to_size(cut.chunks);
    std::vector<std::unique_ptr<Tape>> tapes(n);
    std::vector<Tensor> outputs(n), constants(n), by_own(n), by_all(n), losses(n), gradients(n);
    cut.threads.run(cut.chunks, [&](int64_t c) {
        const auto i = to_size(c);
        tapes[i] = std::make_unique<Tape>(std::initializer_list<Tensor>{parameters});
        outputs[i] = forward(cut.chunk(c));
        tapes[i]->stop();
        constants[i] = outputs[i].detach();
    });
    // The derivative of the loss with respect to the outputs of each chunk has two parts: as `own` rows of that chunk,
    // and as part of the `all` rows that every chunk's loss depends on.
    const Tensor whole = concat(constants, 0);
    cut.threads.run(cut.chunks, [&](int64_t c) {
        const auto i = to_size(c);
        Tape tape;
        const Tensor own = tape.watch(constants[i]), all = tape.watch(whole);
        losses[i] = loss(cut.chunk(c), own, all);
        tape.backward(losses[i]);
        by_own[i] = tape.gradient(own);
        by_all[i] = tape.gradient(all);
    });
    const Tensor by_whole = tree_sum(cut.threads, by_all);
    cut.threads.run(cut.chunks, [&](int64_t c) {
        const auto i = to_size(c);
        tapes[i]->backward({outputs[i]}, {by_own[i] + cut.chunk(c).rows(by_whole)});
        gradients[i] = tapes[i]->parameter_gradient();
        tapes[i].reset();
    });
    return {tree_sum(cut.threads, gradients), joined(losses), whole};
}

void apply_gradient(Step& step, ParameterSet& parameters, Adam& optimiser, const Report& report,
                    const Gradient& gradient, double clip) {
    step.report(report.loss, gradient.loss);
    optimiser.apply(step, parameters, gradient.flat, report.norm, clip);
}

void train_step(Step& step, const Cut& cut, ParameterSet& parameters, Adam& optimiser, const Report& report,
                const ChunkLoss& loss, double clip) {
    apply_gradient(step, parameters, optimiser, report, chunked_gradient(cut, parameters.flat(), loss), clip);
}

void train_step(Step& step, const Cut& cut, ParameterSet& parameters, Adam& optimiser, const Report& report,
                const ChunkLoss& forward, const CoupledLoss& loss) {
    apply_gradient(step, parameters, optimiser, report, coupled_gradient(cut, parameters.flat(), forward, loss), 0);
}

void train_step(Step& step, ParameterSet& parameters, Adam& optimiser, const std::string& norm,
                const std::function<Tensor()>& loss) {
    Tape tape({parameters.flat()});
    tape.backward(loss());
    optimiser.apply(step, parameters, tape.parameter_gradient(), norm);
}

}  // namespace astro::nn
