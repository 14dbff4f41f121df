#include "astro/learners/learner.h"

#include <algorithm>

#include "tensor/base/rows.h"

namespace astro::method::learners {

Update Learner::begin(int64_t k, const std::string& kind, int64_t rows, const Rng& rng, double rate,
                      const std::vector<nn::Adam*>& optimisers, BatchSampler::Contents contents) {
    nn::Step step = steps_.begin(kind, k);
    const Batch batch = sampler_.draw(context_.threads, step.inputs(), rows, rng, contents);
    for (nn::Adam* optimiser : optimisers) optimiser->prepare(step, rate);
    return {std::move(step), batch, context_.cut(rows), {}, stream(k)};
}

std::vector<float> Learner::act(const std::vector<float>& states, const std::vector<float>& goals) const {
    const int64_t ds = sampler_.state_dim(), n = ssize(states) / ds, da = sampler_.action_dim();
    std::vector<float> actions(to_size(n * da));
    constexpr int64_t kPiece = 64;
    context_.threads.run((n + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, n - first);
        std::vector<float> input;
        auto append = [&](const std::vector<float>& rows, int64_t r) {
            input.insert(input.end(), rows.begin() + r * ds, rows.begin() + (r + 1) * ds);
        };
        for (int64_t r = first; r < first + count; ++r) {
            append(states, r);
            if (sampler_.goals()) append(goals, r);
        }
        const Tensor out =
            clamp(policy(Tensor::from(context_.backend, Shape{count, sampler_.input_width()}, input)), -1, 1);
        context_.backend.download(actions.data() + first * da, out.raw(), out.bytes());
    });
    return actions;
}

}  // namespace astro::method::learners
