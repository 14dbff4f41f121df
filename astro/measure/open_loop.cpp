#include "astro/measure/open_loop.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::method {

std::vector<int64_t> open_loop_windows(const Trajectories& data, const std::vector<int64_t>& arrival, int64_t horizon,
                                       int64_t limit) {
    return spread_evenly(window_starts(data, arrival, horizon, 0), limit);
}

std::vector<float> persistence(const Tensor& first, const Tensor& actions) {
    return std::vector<float>(to_size(first.numel() * actions.dim(1)), 0.0f);
}

std::vector<double> open_loop_rmse(const Context& context, const Trajectories& data, const std::vector<int64_t>& starts,
                                   int64_t horizon, const std::vector<double>& sigma_delta,
                                   const OpenLoopPrediction& predict) {
    const data::Dataset& d = *data.dataset;
    const int64_t used = ssize(starts), ds = d.state_dim, da = d.action_dim;
    constexpr int64_t kPiece = 64;
    const int64_t pieces = (used + kPiece - 1) / kPiece;
    // Squared errors by piece and step, summed over windows and dimensions.
    std::vector<double> square(to_size(pieces * horizon));
    context.threads.run(pieces, [&](int64_t p) {
        const std::vector<int64_t> part(starts.begin() + p * kPiece, starts.begin() + std::min(used, (p + 1) * kPiece));
        const auto n = ssize(part);
        std::vector<float> first, actions;
        for (int64_t start : part) {
            first.insert(first.end(), d.observation(start), d.observation(start + 1));
            actions.insert(actions.end(), d.action(start), d.action(start + horizon));
        }
        const std::vector<float> guess = predict(Tensor::from(context.backend, Shape{n, ds}, first),
                                                 Tensor::from(context.backend, Shape{n, horizon, da}, actions));
        for (size_t i = 0; i < guess.size(); ++i) {
            const auto at = static_cast<int64_t>(i), step = at / ds % horizon, column = at % ds;
            const int64_t start = nth(part, at / ds / horizon);
            const float truth = d.observation(start + step + 1)[column] - d.observation(start)[column];
            nth(square, p * horizon + step) += scaled_square(double(guess[i]), double(truth), nth(sigma_delta, column));
        }
    });
    std::vector<double> rmse;
    for (int64_t step = 0; step < horizon; ++step) {
        double sum = 0;
        for (int64_t p = 0; p < pieces; ++p) sum += nth(square, p * horizon + step);
        rmse.push_back(used > 0 ? std::sqrt(sum / static_cast<double>(used * ds)) : std::nan(""));
    }
    return rmse;
}

std::vector<int64_t> far_worse(std::vector<double> errors) {
    for (double& error : errors)
        if (!std::isfinite(error)) error = HUGE_VAL;
    const double median = percentile(errors, 50);  // of two, the smaller one
    std::vector<int64_t> worse;
    for (int64_t m = 0; m < ssize(errors); ++m)
        if (std::isfinite(median) && nth(errors, m) > 1.5 * median) worse.push_back(m);
    return worse;
}

}  // namespace astro::method
