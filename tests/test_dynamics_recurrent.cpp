// The recurrent dynamics model: losses, rollouts against a plain loop, accuracy after training.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "astro/dynamics_recurrent.h"
#include "tensor/check/gradcheck.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

namespace {

Tensor random_f64(Backend& backend, const Shape& shape, Rng& rng) {
    std::vector<double> values(to_size(shape.numel()));
    for (double& v : values) v = rng.normal();
    return Tensor::from(backend, shape, values);
}

DynamicsConfig recurrent(const Config& config, double rollout_share) {
    DynamicsConfig dynamics = config.dynamics;
    dynamics.form = DynamicsForm::recurrent;
    dynamics.rollout_share = rollout_share;
    dynamics.network.updates = 300, dynamics.network.batch = 64, dynamics.network.width = 64;
    return dynamics;
}

}  // namespace

TEST_CASE("recurrent dynamics: losses by hand, and their gradients in f64") {
    auto backend = make_cpu_backend();
    Rng rng(3);
    const Tensor change = random_f64(*backend, {5, 3}, rng), displacement = random_f64(*backend, {4, 6, 3}, rng),
                 sigma = Tensor::from(*backend, {3}, std::vector<double>{.5, 1, 2});
    GradCheck check = gradcheck(
        [&](const std::vector<Tensor>& x) {
            return one_step_loss({0, 0, 5, 5}, x[0], change);
        },
        {random_f64(*backend, {5, 3}, rng)}, Rng(4));
    CHECK_MESSAGE(check.ok, check.message);
    check = gradcheck(
        [&](const std::vector<Tensor>& x) {
            return rollout_loss({0, 0, 4, 4}, x[0], displacement, sigma);
        },
        {random_f64(*backend, {4, 6, 3}, rng)}, Rng(5));
    CHECK_MESSAGE(check.ok, check.message);
    auto one = [&](double v) { return Tensor::from(*backend, {1, 1, 1}, std::vector<double>{v}); };
    const Tensor half = Tensor::from(*backend, {1}, std::vector<double>{.5});
    CHECK(rollout_loss({0, 0, 1, 1}, one(3), one(1), half).item() == doctest::Approx(2 * (std::sqrt(17.0) - 1)));
}

TEST_CASE("recurrent dynamics: a rollout repeats the one-step prediction; later actions do not change earlier states") {
    Small& s = small();
    const auto model = make_dynamics(s.pipeline->context(), recurrent(s.config, .2), s.pipeline->horizon(),
                                     s.pipeline->map(), s.pipeline->statistics(), 3);
    Small::train(*model);
    const int64_t n = s.pipeline->horizon();
    Rng rng(8);
    std::vector<float> first(2 * 2), actions(to_size(2 * n * 2));
    for (float& x : first) x = float(rng.normal());
    for (float& x : actions) x = float(rng.uniform(-1, 1));
    const auto roll = [&](const std::vector<float>& s0, const std::vector<float>& a, int64_t steps) {
        return model
            ->rollout(Tensor::from(*s.backend, Shape{2, 2}, s0), Tensor::from(*s.backend, Shape{2, steps, 2}, a), 1)
            .to_vector<float>();
    };
    const std::vector<float> whole = roll(first, actions, n);
    std::vector<float> state = first;
    for (int64_t j = 0; j < n; ++j) {  // one step at a time, from the state that was reached
        std::vector<float> action;
        for (int64_t i = 0; i < 2; ++i)
            action.insert(action.end(), actions.begin() + (i * n + j) * 2, actions.begin() + (i * n + j + 1) * 2);
        const std::vector<float> moved = roll(state, action, 1);
        for (int64_t i = 0; i < 2; ++i)
            for (int64_t x = 0; x < 2; ++x) {
                nth(state, i * 2 + x) += nth(moved, i * 2 + x);
                CHECK(nth(state, i * 2 + x) - nth(first, i * 2 + x) ==
                      doctest::Approx(nth(whole, (i * n + j) * 2 + x)).epsilon(1e-4));
            }
    }
    std::vector<float> changed = actions;
    changed[4 * 2] += .5f;  // action 4 of the first window
    const std::vector<float> after = roll(first, changed, n);
    CHECK(std::equal(whole.begin(), whole.begin() + 8, after.begin()));
    CHECK(whole[8] != after[8]);
}

TEST_CASE("recurrent dynamics: no step of a rollout is larger than the largest recorded one") {
    Small& s = small();
    const auto model = make_dynamics(s.pipeline->context(), recurrent(s.config, 0), s.pipeline->horizon(),
                                     s.pipeline->map(), s.pipeline->statistics(), 3);
    Small::train(*model);
    const data::Dataset& d = s.pipeline->train_data();
    const int64_t n = s.pipeline->horizon();
    std::vector<float> largest(2, 0);
    for (int64_t row : rows_with_successor(s.pipeline->train()))
        for (int64_t x = 0; x < 2; ++x)
            nth(largest, x) = std::max(nth(largest, x), std::fabs(d.observation(row + 1)[x] - d.observation(row)[x]));
    // Far from all data, where a network extrapolates linearly.
    const std::vector<float> far = {300, -500}, actions(to_size(n * 2), 1);
    const std::vector<float> moved =
        model->rollout(Tensor::from(*s.backend, Shape{1, 2}, far), Tensor::from(*s.backend, Shape{1, n, 2}, actions), 1)
            .to_vector<float>();
    int64_t at_limit = 0;
    for (int64_t j = 0; j < n; ++j)
        for (int64_t x = 0; x < 2; ++x) {
            const float step = std::fabs(nth(moved, 2 * j + x) - (j > 0 ? nth(moved, 2 * j - 2 + x) : 0));
            CHECK(step <= 1.001f * nth(largest, x));
            at_limit += step > .999f * nth(largest, x);
        }
    CHECK(at_limit > 0);
}

TEST_CASE("recurrent dynamics: training on transitions and on rollouts reduces the error far below standing still") {
    Small& s = small();
    for (double rollout_share : {0.0, .3, 1.0}) {
        const auto model = make_dynamics(s.pipeline->context(), recurrent(s.config, rollout_share),
                                         s.pipeline->horizon(), s.pipeline->map(), s.pipeline->statistics(), 3);
        Small::train(*model);
        const OpenLoopError e =
            model->open_loop_error(s.pipeline->validation(), s.pipeline->validation_map().arrival, {1, 9}, 200);
        CHECK(e.sampled.empty());
        CHECK(e.one_pass[0] < .4 * e.persistence[0]);
        CHECK(e.one_pass[1] < .35 * e.persistence[1]);
    }
}
