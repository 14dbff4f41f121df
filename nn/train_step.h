// A training step over a minibatch that is divided into chunks. Each chunk has its own tape and is processed by one
// thread. The gradients of the chunks are added in a fixed tree, and one optimiser step follows. The result depends on
// the number of chunks, but not on the number of threads.
//
// A loss is a function of a chunk. It returns the contribution of the chunk to the mean over the whole minibatch:
//
//     train_step(step, cut, parameters, optimiser, {"loss"}, [&](const nn::Chunk& c) {
//         return c.mean(square(network(c.rows(x)) - c.rows(y)));
//     });
#pragma once

#include <algorithm>
#include <functional>

#include "nn/optimiser.h"

namespace astro::nn {

// Rows [first, first + count) of a minibatch of `batch` rows.
struct Chunk {
    int64_t index = 0, first = 0, count = 0, batch = 0;

    // The rows of this chunk, of a tensor or of any type with a member rows(first, count).
    template <class T>
    T rows(const T& of_batch) const {
        return of_batch.rows(first, count);
    }
    // Its rows that come before row `end` of the minibatch.
    Chunk before(int64_t end) const {
        return {index, first, std::max<int64_t>(0, std::min(end - first, count)), batch};
    }
    // Its first rows: half of the rows of the minibatch over all chunks, whatever their number.
    Chunk half() const { return {index, first, (first + count) / 2 - first / 2, batch}; }
    // The contribution of x (count, ...) to the mean over the whole minibatch; rank 0.
    Tensor mean(const Tensor& x) const;
    // Random numbers from the stream of this chunk. streams: i64 (chunks, 3), see Cut::streams.
    Tensor normal(const Tensor& streams, const Shape& shape) const;
    Tensor uniform(const Tensor& streams, const Shape& shape, double low, double high) const;
};

using ChunkLoss = std::function<Tensor(const Chunk&)>;

// The division of a minibatch of `batch` rows into chunks, and the threads that process them.
struct Cut {
    ThreadPool& threads;
    int64_t chunks, batch;  // chunks: the requested number, but at most one per row

    Cut(ThreadPool& pool, int64_t wanted, int64_t rows)
        : threads(pool), chunks(chunk_count(wanted, rows)), batch(rows) {}

    Chunk chunk(int64_t index) const;
    // Applies f to each chunk without recording and concatenates the results (count, ...) to (batch, ...).
    Tensor map(const ChunkLoss& f) const;
    // Adds the state of a random stream for each chunk, stream(index), to the inputs of a step.
    Tensor streams(Step& step, const std::function<Rng(int64_t index)>& stream) const;
    Tensor streams(Step& step, const Rng& rng) const;  // rng.stream(index)
};

struct Gradient {
    Tensor flat;     // the gradient of the parameters, summed over the chunks
    Tensor loss;     // (chunks): the contributions of the chunks, which add up to the loss
    Tensor outputs;  // the outputs of `forward`, if the loss has one: (batch, ...), constants
};

// The gradient of the sum of the chunks' losses with respect to the parameters (a flat tensor).
Gradient chunked_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& loss);
// The same for a loss that is a function of outputs which are needed after the step, too. `forward` computes the
// outputs (count, ...) of a chunk, and `loss` its contribution from these.
using OutputsLoss = std::function<Tensor(const Chunk&, const Tensor& outputs)>;
Gradient chunked_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& forward, const OutputsLoss& loss);

// The gradient for losses that couple the rows of a minibatch. `forward` computes the outputs (count, ...) of a chunk.
// `loss` receives the chunk, its own outputs and the outputs of the whole minibatch (batch, ...), and returns the
// contribution of the chunk. It is differentiated with respect to both.
using CoupledLoss = std::function<Tensor(const Chunk&, const Tensor& own, const Tensor& all)>;
Gradient coupled_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& forward, const CoupledLoss& loss);

// Names of the metrics that a step reports: the loss and the norm of its gradient. See Step::report for names with a
// leading dot.
struct Report {
    std::string loss, norm = "gradient_norm";
};

// For the body of a step: computes the gradient of the loss and updates the parameters. Adam::prepare must be called
// before Step::run. clip: see Adam::apply.
void train_step(Step& step, const Cut& cut, ParameterSet& parameters, Adam& optimiser, const Report& report,
                const ChunkLoss& loss, double clip = 0);
void train_step(Step& step, const Cut& cut, ParameterSet& parameters, Adam& optimiser, const Report& report,
                const ChunkLoss& forward, const CoupledLoss& loss);
// The same for a gradient that has already been computed.
void apply_gradient(Step& step, ParameterSet& parameters, Adam& optimiser, const Report& report,
                    const Gradient& gradient, double clip = 0);
// The same without chunks, on the calling thread, for small losses. norm: name of the metric.
void train_step(Step& step, ParameterSet& parameters, Adam& optimiser, const std::string& norm,
                const std::function<Tensor()>& loss);

// Sums tensors pairwise in a fixed tree, and overwrites them. The elements are divided among the threads.
Tensor tree_sum(ThreadPool& threads, std::vector<Tensor>& parts);

}  // namespace astro::nn
