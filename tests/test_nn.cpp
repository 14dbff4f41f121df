// Networks at random weights: gradients in f64, causality, chunked gradients, sampling, training steps.
#include <doctest/doctest.h>

#include <cmath>

#include "diffusion/denoiser.h"
#include "diffusion/sampler.h"
#include "nn/train_step.h"
#include "tensor/check/gradcheck.h"
#include "tests/error_message.h"

using namespace astro;

namespace {

// Sets all parameters to random values. At its initial values, adaLN-Zero passes no gradient, and a wrong backward
// pass would not be detected.
template <class M>
nn::ParameterSet randomised(M& module, Rng& rng) {
    nn::ParameterSet set(module);
    double* w = set.flat().template data<double>();
    for (int64_t i = 0; i < set.size(); ++i) w[i] = rng.uniform(-0.7, 0.7);
    return set;
}

Tensor random_tensor(Backend& backend, const Shape& shape, Rng& rng) {
    std::vector<double> values(size_t(shape.numel()));
    for (double& v : values) v = rng.uniform(-1, 1);
    return Tensor::from(backend, shape, values);
}

// Checks gradients with respect to the inputs and all parameters, which are passed as an additional input.
template <class M, class F>
GradCheck check_module(M& module, nn::ParameterSet& set, std::vector<Tensor> inputs, F f) {
    inputs.push_back(set.flat().clone());
    return gradcheck(
        [&](const std::vector<Tensor>& x) {
            // The tensors of the module are replaced by slices of the last input.
            auto parameters = nn::parameters_of(module);
            std::vector<Tensor> kept;
            int64_t at = 0;
            for (auto& p : parameters) {
                kept.push_back(*p.tensor);
                *p.tensor = slice(x.back(), 0, at, p.tensor->numel()).reshape(p.tensor->shape());
                at += p.tensor->numel();
            }
            Tensor y = f(x);
            for (size_t i = 0; i < parameters.size(); ++i) *parameters[i].tensor = kept[i];
            return y;
        },
        inputs, Rng(11));
}

}  // namespace

TEST_CASE("mlp: gradients of inputs and parameters, with and without layer normalisation") {
    auto backend = make_cpu_backend();
    Rng rng(1);
    nn::Maker make{*backend, DType::f64, rng};
    for (bool norm : {false, true}) {
        nn::MlpSpec spec;
        spec.in = 3, spec.out = 2, spec.width = 5, spec.layers = 2, spec.layer_norm = norm;
        nn::Mlp mlp = nn::make_mlp(make, spec);
        nn::ParameterSet set = randomised(mlp, rng);
        GradCheck check = check_module(mlp, set, {random_tensor(*backend, {4, 3}, rng)},
                                       [&](const std::vector<Tensor>& x) { return mlp(x[0]); });
        INFO(check.message);
        CHECK(check.ok);
    }
}

TEST_CASE("denoiser: gradients at random weights; the output is 0 at its initial weights") {
    auto backend = make_cpu_backend();
    Rng rng(2);
    nn::Maker make{*backend, DType::f64, rng};
    diffusion::DenoiserSpec spec;
    spec.tokens = 6, spec.token_width = 3, spec.condition_width = 2, spec.out_width = 2;
    spec.layers = 2, spec.width = 8, spec.heads = 2, spec.segments = 3, spec.levels = 100;
    diffusion::Denoiser net = make_denoiser(make, spec);
    Tensor segment = Tensor::from(*backend, {5}, std::vector<int64_t>{0, 0, 1, 1, 2});
    Tensor tokens = random_tensor(*backend, {2, 5, 3}, rng), cond = random_tensor(*backend, {2, 2}, rng);
    const Tensor t = Tensor::from(*backend, {2}, std::vector<int64_t>{3, 50});
    Tensor start = net(tokens, t, cond, segment);
    CHECK(start.norm() == 0);
    nn::ParameterSet set = randomised(net, rng);
    GradCheck check = check_module(net, set, {tokens, cond},
                                   [&](const std::vector<Tensor>& x) { return net(x[0], t, x[1], segment); });
    INFO(check.message);
    CHECK(check.ok);
}

TEST_CASE("denoiser: with causal attention, outputs do not depend on later tokens") {
    auto backend = make_cpu_backend();
    Rng rng(3);
    nn::Maker make{*backend, DType::f64, rng};
    diffusion::DenoiserSpec spec;
    spec.tokens = 6, spec.token_width = 2, spec.condition_width = 1, spec.out_width = 2;
    spec.layers = 2, spec.width = 8, spec.heads = 2, spec.causal = true, spec.levels = 100;
    diffusion::Denoiser net = make_denoiser(make, spec);
    nn::ParameterSet set = randomised(net, rng);
    Tensor tokens = random_tensor(*backend, {1, 6, 2}, rng), cond = random_tensor(*backend, {1, 1}, rng);
    const Tensor level = Tensor::from(*backend, {1}, std::vector<int64_t>{7});
    const std::vector<double> before = net(tokens, level, cond).to_vector<double>();
    tokens.data<double>()[4 * 2] += 1;  // token 4
    const std::vector<double> after = net(tokens, level, cond).to_vector<double>();
    for (size_t i = 0; i < 8; ++i) CHECK(before[i] == after[i]);
    CHECK(before[8] != after[8]);
}

TEST_CASE("chunked gradient: identical with 1, 2 and 3 threads, and equal to that of the whole batch") {
    auto backend = make_cpu_backend();
    Rng rng(4);
    nn::Maker make{*backend, DType::f32, rng};
    nn::MlpSpec spec;
    spec.in = 3, spec.out = 1, spec.width = 16, spec.layers = 2;
    nn::Mlp mlp = nn::make_mlp(make, spec);
    nn::ParameterSet set(mlp);
    Tensor x = random_tensor(*backend, {37, 3}, rng).cast(DType::f32);
    auto loss = [&](const nn::Chunk& c) { return c.mean(square(mlp(c.rows(x)))); };
    std::vector<std::vector<float>> results;
    for (int threads : {1, 2, 3}) {
        ThreadPool pool(threads);
        results.push_back(nn::chunked_gradient(nn::Cut(pool, 8, 37), set.flat(), loss).flat.to_vector<float>());
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
    ThreadPool pool(2);
    auto whole = nn::chunked_gradient(nn::Cut(pool, 1, 37), set.flat(), loss).flat.to_vector<float>();
    auto largest_difference = [](const std::vector<float>& a, const std::vector<float>& b) {
        double worst = 0;
        for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, double(std::fabs(a[i] - b[i])));
        return worst;
    };
    CHECK(largest_difference(whole, results[0]) < 1e-5);
    // The same loss as a function of the network's outputs, which are returned.
    const nn::Gradient kept = nn::chunked_gradient(
        nn::Cut(pool, 8, 37), set.flat(), [&](const nn::Chunk& c) { return mlp(c.rows(x)); },
        [](const nn::Chunk& c, const Tensor& y) { return c.mean(square(y)); });
    CHECK(kept.outputs.to_vector<float>() == mlp(x).to_vector<float>());
    CHECK(kept.flat.to_vector<float>() == results[0]);
    // A loss that couples all rows: y_i times the mean over the batch.
    auto forward = [&](const nn::Chunk& c) { return mlp(c.rows(x)); };
    auto coupled = [&](int threads, int64_t chunks) {
        ThreadPool some(threads);
        return nn::coupled_gradient(
            nn::Cut(some, chunks, 37), set.flat(), forward,
            [](const nn::Chunk& c, const Tensor& own, const Tensor& all) { return c.mean(own * mean(all)); });
    };
    Tape tape({set.flat()});
    const Tensor y = mlp(x);
    const Tensor square_of_mean = square(mean(y));
    tape.backward(square_of_mean);
    const std::vector<float> direct = tape.parameter_gradient().to_vector<float>();
    const nn::Gradient one = coupled(1, 8), two = coupled(2, 8), three = coupled(3, 8);
    CHECK(one.flat.to_vector<float>() == two.flat.to_vector<float>());
    CHECK(one.flat.to_vector<float>() == three.flat.to_vector<float>());
    CHECK(largest_difference(direct, one.flat.to_vector<float>()) < 1e-5);
    CHECK(largest_difference(direct, coupled(2, 1).flat.to_vector<float>()) < 1e-5);
    CHECK(sum(one.loss).item() == doctest::Approx(square_of_mean.item()).epsilon(1e-5));
    CHECK(one.outputs.to_vector<float>() == y.to_vector<float>());
}

TEST_CASE("ddim: with an exact denoiser, sampling returns the clean data") {
    auto backend = make_cpu_backend();
    Rng rng(6);
    auto schedule = diffusion::make_schedule(diffusion::ScheduleKind::cosine, 100);
    Tensor x0 = random_tensor(*backend, {2, 3}, rng), noise = random_tensor(*backend, {2, 3}, rng);
    Tensor x = x0 * schedule.signal(100) + noise * schedule.noise(100);
    auto levels = diffusion::sampler_levels(100, 7);
    CHECK(levels.front() == 100);
    CHECK(levels.back() == 0);
    for (size_t k = 0; k + 1 < levels.size(); ++k) x = diffusion::ddim_step(schedule, x, x0, levels[k], levels[k + 1]);
    auto got = x.to_vector<double>(), want = x0.to_vector<double>();
    for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(want[i]));
}

TEST_CASE(
    "steps: inputs are uploaded, to the same memory from the second step on; a step that was not run has no effect") {
    auto backend = make_cpu_backend();
    ThreadPool alone(1);
    nn::Steps steps(*backend, alone, 1);
    std::vector<const void*> places;
    for (int64_t round = 0; round < 4; ++round) {
        if (round == 2) steps.begin("a").input(Shape{3}, std::vector<float>(3, 7.0f));
        nn::Step step = steps.begin("a");
        const Tensor small = step.input(Shape{3}, std::vector<float>(3, float(round)));
        const Tensor none = step.input(Shape{0, 2}, std::vector<double>{});
        const Tensor large =
            step.input(Shape{2, 5000}, std::vector<double>(10000, 0.5));  // larger than the first block
        const Tensor last = step.input(Shape{1}, std::vector<int64_t>{40 + round});
        places.push_back(small.raw()), places.push_back(large.raw()), places.push_back(last.raw());
        step.run([&] {
            step.report("small", small);
            step.report("none", none);
            step.report("large", large);
            step.report(".unseen", small);
            step.report("last", last.cast(DType::f64));
        });
        CHECK(steps.metrics() ==
              Metrics{{"small", 3.0 * double(round)}, {"none", 0}, {"large", 5000}, {"last", 40.0 + double(round)}});
    }
    for (size_t i = 6; i < places.size(); ++i) CHECK(places[i] == places[i - 3]);
}

TEST_CASE("steps: after a metric that is not finite, parameters, averages and counters do not change") {
    auto backend = make_cpu_backend();
    Rng rng(1);
    nn::MlpSpec spec;
    spec.in = 2, spec.out = 1, spec.width = 4, spec.layers = 1;
    nn::Mlp mlp = nn::make_mlp({*backend, DType::f32, rng}, spec), average = mlp;
    nn::ParameterSet set(mlp), average_set(average);
    nn::Adam adam(set);
    ThreadPool alone(1);
    nn::Steps steps(*backend, alone, 1);
    int64_t k = 0;
    auto start = [&](double loss) {
        nn::Step step = steps.begin("", k++);
        adam.prepare(step, .1);
        const Tensor rate = step.number(.5), value = step.number(loss);
        step.run([&] {
            step.report("loss", value);
            adam.apply(step, set, Tensor::full(*backend, DType::f32, set.flat().shape(), 1), "gradient_norm");
            nn::polyak_update(step, average_set, set, rate);
        });
    };
    auto update = [&](double loss) {
        start(loss);
        return steps.metrics();
    };
    auto state = [&] {
        std::vector<std::vector<float>> all;
        for (const Tensor& t : {set.flat(), average_set.flat(), adam.first_moment, adam.second_moment})
            all.push_back(t.to_vector<float>());
        return all;
    };
    const auto before = state();
    CHECK(update(3) == Metrics{{"loss", 3}, {"gradient_norm", std::sqrt(double(set.size()))}});
    const auto moved = state();
    for (size_t i = 0; i < moved.size(); ++i) CHECK(moved[i] != before[i]);
    for (double bad : {HUGE_VAL, std::nan("")}) {
        CHECK(error_message([&] { update(bad); }, ErrorKind::numeric).find("loss is ") == 0);
        CHECK(state() == moved);
        CHECK(adam.steps == 1);
    }
    update(3);
    CHECK(state() != moved);
    CHECK(adam.steps == 2);

    // Metrics are read after several steps: the error is that of the first failed step, and later steps have no effect.
    start(1);
    const auto good = state();
    const int64_t failing = k;
    for (double loss : {HUGE_VAL, 2.0, std::nan(""), 4.0}) start(loss);
    CHECK(adam.steps == 7);
    try {
        steps.metrics();
        FAIL("no failure");
    } catch (const nn::StepFailed& failure) {
        CHECK(failure.update() == failing);
        CHECK(std::string(failure.what()).find("loss is inf") == 0);
    }
    CHECK(adam.steps == 3);
    CHECK(state() == good);
    for (double loss : {5.0, 6.0}) start(loss);
    CHECK(steps.metrics()[0].second == 6);  // of the last step
    CHECK(adam.steps == 5);
}
