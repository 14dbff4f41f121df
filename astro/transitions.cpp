#include "astro/transitions.h"

#include "tensor/base/rows.h"

namespace astro::method {

namespace {

// [s | a] of each row: (rows, D + A).
std::vector<float> states_and_actions(const data::Dataset& d, const std::vector<int64_t>& rows) {
    std::vector<float> all;
    all.reserve(rows.size() * to_size(d.state_dim + d.action_dim));
    for (int64_t row : rows) {
        all.insert(all.end(), d.observation(row), d.observation(row + 1));
        all.insert(all.end(), d.action(row), d.action(row + 1));
    }
    return all;
}

// (s' - s) / sigma_delta of each row: (rows, D).
std::vector<float> changes(const data::Dataset& d, const std::vector<int64_t>& rows,
                           const std::vector<double>& sigma_delta) {
    std::vector<float> all;
    all.reserve(rows.size() * to_size(d.state_dim));
    for (int64_t row : rows)
        for (int64_t i = 0; i < d.state_dim; ++i)
            all.push_back(static_cast<float>((double(d.observation(row + 1)[i]) - double(d.observation(row)[i])) /
                                             nth(sigma_delta, i)));
    return all;
}

}  // namespace

std::vector<int64_t> rows_with_successor(const Trajectories& t) {
    std::vector<int64_t> rows;
    for (int64_t row = 0; row + 1 < t.dataset->rows; ++row)
        if (t.segment(row) == t.segment(row + 1)) rows.push_back(row);
    return rows;
}

nn::Mlp make_one_step_network(const nn::Maker& make, const data::Dataset& d, const std::vector<int64_t>& rows,
                              int64_t layers, int64_t width) {
    nn::MlpSpec spec;
    spec.in = d.state_dim + d.action_dim, spec.out = d.state_dim;
    spec.width = width, spec.layers = layers;
    return nn::make_mlp(make, spec, states_and_actions(d, spread_evenly(rows, 4096)));
}

nn::Mlp make_inverse_network(const nn::Maker& make, const data::Dataset& d, const std::vector<int64_t>& rows,
                             const std::vector<double>& sigma_delta, int64_t layers, int64_t width) {
    const std::vector<int64_t> some = spread_evenly(rows, 4096);
    const std::vector<float> change = changes(d, some, sigma_delta);
    std::vector<float> inputs;
    for (size_t i = 0; i < some.size(); ++i) {
        const auto own = change.begin() + static_cast<std::ptrdiff_t>(i) * d.state_dim;
        inputs.insert(inputs.end(), d.observation(some[i]), d.observation(some[i] + 1));
        inputs.insert(inputs.end(), own, own + d.state_dim);
    }
    nn::MlpSpec spec;
    spec.in = 2 * d.state_dim, spec.out = d.action_dim;
    spec.width = width, spec.layers = layers;
    return nn::make_mlp(make, spec, inputs);
}

Transitions draw_transitions(nn::Step& step, const data::Dataset& d, const std::vector<int64_t>& rows, int64_t batch,
                             const std::vector<double>& sigma_delta, Rng rng) {
    std::vector<int64_t> drawn;
    for (int64_t b = 0; b < batch; ++b) drawn.push_back(nth(rows, rng.below(ssize(rows))));
    return {step.input(Shape{batch, d.state_dim + d.action_dim}, states_and_actions(d, drawn)),
            step.input(Shape{batch, d.state_dim}, changes(d, drawn, sigma_delta))};
}

Tensor one_step_loss(const nn::Chunk& chunk, const Tensor& predicted, const Tensor& actual) {
    return chunk.mean(square(predicted - actual));
}

}  // namespace astro::method
