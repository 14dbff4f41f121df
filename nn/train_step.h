// A training step over a minibatch that is cut into chunks: each chunk goes through the network under a tape of its
// own, on some thread; the chunks' gradients are added in a fixed tree; one optimiser step follows. The result depends
// on the number of chunks, never on the number of threads.
//
// A loss is a function of a chunk. It returns the chunk's share of the mean over the whole minibatch:
//
//     train_step(step, cut, parameters, optimiser, "loss", [&](const nn::Chunk& c) {
//         return c.mean(square(network(c.rows(x)) - c.rows(y)));
//     });
#pragma once

#include <functional>

#include "nn/optimiser.h"

namespace astro::nn {

// Rows [first, first + count) of a minibatch of `batch` rows.
struct Chunk {
    int64_t index = 0, first = 0, count = 0, batch = 0;

    // The chunk's rows of a tensor, or of anything else that has rows(first, count).
    template <class T>
    T rows(const T& of_batch) const {
        return of_batch.rows(first, count);
    }
    // The share of mean(x) over the whole minibatch that these rows hold: x (count, ...), rank 0.
    Tensor mean(const Tensor& x) const;
    // Random numbers from the chunk's own stream. streams: i64 (chunks, 3), see Cut::streams.
    Tensor normal(const Tensor& streams, const Shape& shape) const;
    Tensor uniform(const Tensor& streams, const Shape& shape, double low, double high) const;
};

using ChunkLoss = std::function<Tensor(const Chunk&)>;

// How a minibatch of `batch` rows is cut, and the threads that work on the chunks.
struct Cut {
    ThreadPool& threads;
    int64_t chunks, batch;  // chunks: as asked for; at most one a row

    Cut(ThreadPool& pool, int64_t wanted, int64_t rows)
        : threads(pool), chunks(chunk_count(wanted, rows)), batch(rows) {}

    Chunk chunk(int64_t index) const;
    // f of each chunk, nothing recorded; the results (count, ...) one after another: (batch, ...).
    Tensor map(const ChunkLoss& f) const;
    // A random stream for each chunk, among the inputs of a step: stream(index).
    Tensor streams(Step& step, const std::function<Rng(int64_t index)>& stream) const;
    Tensor streams(Step& step, const Rng& rng) const;  // rng.stream(index)
};

struct Gradient {
    Tensor flat;     // of the parameters, summed over chunks
    Tensor loss;     // (chunks): shares that add up to it
    Tensor outputs;  // of a coupled loss: what `forward` gave, (batch, ...)
};

// Gradient of the sum of the chunks' losses by the parameters (a flat tensor).
Gradient chunked_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& loss);

// The same for losses that couple the rows of a minibatch. `forward` gives each chunk's rows (count, ...) under a tape
// that stays open. `loss` gets the chunk, its own rows and those of the whole minibatch (batch, ...), and returns the
// chunk's share; it is differentiated by both.
using CoupledLoss = std::function<Tensor(const Chunk&, const Tensor& own, const Tensor& all)>;
Gradient coupled_gradient(const Cut& cut, const Tensor& parameters, const ChunkLoss& forward, const CoupledLoss& loss);

// Names under which a step reports: the loss, and the norm of its gradient (with a leading dot: only to be looked at
// for numbers that are not finite).
struct Report {
    std::string loss, norm = "gradient_norm";
};

// In the body of a step: one step of the optimiser on the loss, after Adam::prepare outside. clip: see Adam::apply.
void train_step(Step& step, const Cut& cut, ParameterSet& parameters, Adam& optimiser, const Report& report,
                const ChunkLoss& loss, double clip = 0);
void train_step(Step& step, const Cut& cut, ParameterSet& parameters, Adam& optimiser, const Report& report,
                const ChunkLoss& forward, const CoupledLoss& loss);
// Its second half, where the gradient was taken earlier.
void apply_gradient(Step& step, ParameterSet& parameters, Adam& optimiser, const Report& report,
                    const Gradient& gradient, double clip = 0);
// Of a loss of a few numbers, on the caller's thread.
void train_step(Step& step, ParameterSet& parameters, Adam& optimiser, const std::string& norm,
                const std::function<Tensor()>& loss);

// Sums tensors pairwise in a fixed tree; destroys its argument. The threads share the elements' additions.
Tensor tree_sum(ThreadPool& threads, std::vector<Tensor>& parts);

}  // namespace astro::nn
