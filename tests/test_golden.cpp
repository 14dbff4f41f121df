// Comparison with PyTorch and NumPy in f64: attention, transformer, denoiser, schedules, samplers, Adam, TDR.
#include <doctest/doctest.h>

#include "astro/temporal_distance.h"
#include "diffusion/denoiser.h"
#include "diffusion/sampler.h"
#include "nn/optimiser.h"
#include "tests/golden.h"

using namespace astro;
using namespace astro::method;

namespace {
constexpr double kTolerance = 1e-9;
}

TEST_CASE("golden: attention, forward and backward") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "attention");
    const std::vector<std::pair<std::string, int64_t>> shapes = {{"2x5x2x3", 2}, {"1x1x1x4", 1}, {"3x17x2x8", 2}};
    for (const auto& [shape, heads] : shapes)
        for (const std::string form : {"full", "causal"}) {
            Tensor qkv = g.tensor("in/" + shape + "/qkv");
            qkv = qkv.reshape(Shape{qkv.dim(0), qkv.dim(1), qkv.numel() / qkv.dim(0) / qkv.dim(1)});
            Tape tape;
            const Tensor x = tape.watch(qkv), y = attention(x, heads, form == "causal");
            CHECK(difference(y, g.tensor("out/" + form + "/" + shape)) < kTolerance);
            tape.backward({y}, {g.tensor("in/" + shape + "/cotangent")});
            CHECK(difference(tape.gradient(x), g.tensor("grad/" + form + "/" + shape)) < kTolerance);
        }
}

TEST_CASE("golden: adaLN-Zero block") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "block");
    Rng rng(1);
    for (const std::string form : {"full", "causal"}) {
        nn::Block block = nn::make_block(nn::Maker{*backend, DType::f64, rng}, 8, 2, form == "causal");
        g.fill(block, "w/");
        const Tensor c = silu(g.tensor("in/c"));
        CHECK(difference(block(g.tensor("in/x"), c), g.tensor("out/" + form)) < kTolerance);
        CHECK(gradient_difference(g, block, "grad/" + form + "/", [&] {
                  return sum(block(g.tensor("in/x"), c) * g.tensor("in/cotangent"));
              }) < kTolerance);
        Tape tape;
        const Tensor x = tape.watch(g.tensor("in/x")), condition = tape.watch(c);
        tape.backward(sum(block(x, condition) * g.tensor("in/cotangent")));
        CHECK(difference(tape.gradient(x), g.tensor("grad/" + form + "/x")) < kTolerance);
        CHECK(difference(tape.gradient(condition), g.tensor("grad/" + form + "/condition")) < kTolerance);
    }
}

TEST_CASE("golden: trajectory denoiser") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "denoiser");
    Rng rng(1);
    for (const std::string form : {"full", "causal"}) {
        diffusion::DenoiserSpec spec;
        spec.tokens = 6, spec.token_width = 3, spec.condition_width = 2, spec.out_width = 2;
        spec.layers = 2, spec.width = 8, spec.heads = 2, spec.segments = 3, spec.causal = form == "causal",
        spec.levels = 100;
        diffusion::Denoiser net = make_denoiser(nn::Maker{*backend, DType::f64, rng}, spec);
        g.fill(net, "w/");
        const Tensor segment = Tensor::from(*backend, Shape{5}, g.integers("in/segment_of"));
        const std::vector<int64_t> levels = g.integers("in/t");
        const Tensor t = Tensor::from(*backend, Shape{static_cast<int64_t>(levels.size())}, levels);
        auto run = [&] { return net(g.tensor("in/tokens"), t, g.tensor("in/cond"), segment); };
        CHECK(difference(run(), g.tensor("out/" + form)) < kTolerance);
        if (form == "full")
            CHECK(gradient_difference(g, net, "grad/", [&] { return sum(run() * g.tensor("in/cotangent")); }) <
                  kTolerance);
    }
}

namespace {

// diffusion::row_levels in f64.
diffusion::RowLevels f64_levels(Backend& backend, const diffusion::NoiseSchedule& s, const std::vector<int64_t>& t) {
    std::vector<double> signal, noise;
    for (int64_t level : t) signal.push_back(s.signal(level)), noise.push_back(s.noise(level));
    const Shape shape{static_cast<int64_t>(t.size())};
    return {Tensor::from(backend, shape, t), Tensor::from(backend, shape, signal), Tensor::from(backend, shape, noise)};
}

}  // namespace

TEST_CASE("golden: schedules, conversions and samplers") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "schedule");
    for (int64_t n : {5, 7, 10, 20})
        CHECK(diffusion::sampler_levels(100, n) == g.integers("out/levels_" + std::to_string(n)));
    for (const std::string name : {"cosine", "linear"}) {
        const auto s = diffusion::make_schedule(
            name == "cosine" ? diffusion::ScheduleKind::cosine : diffusion::ScheduleKind::linear, 100);
        CHECK(difference(Tensor::from(*backend, Shape{101}, s.alpha_bar), g.tensor("out/" + name)) < 1e-12);
        const std::string out = "out/" + name + "/";
        const std::vector<int64_t> t = g.integers("in/t");
        const Tensor xt = diffusion::add_noise(f64_levels(*backend, s, t), g.tensor("in/x0"), g.tensor("in/epsilon"));
        CHECK(difference(xt, g.tensor(out + "q_sample")) < kTolerance);
        for (int64_t r = 0; r < 3; ++r) {
            const int64_t level = t[size_t(r)];
            CHECK(difference(diffusion::noise_from_clean(s, xt.rows(r, 1), g.tensor("in/x0_guess").rows(r, 1), level),
                             g.tensor(out + "epsilon_from_x0").rows(r, 1)) < kTolerance);
        }
        auto denoise = [&](const Tensor& x) { return x * .3 + g.tensor("in/c"); };
        for (int64_t n : {5, 10}) {
            const Tensor path = g.tensor(out + "ddim_" + std::to_string(n));
            const auto levels = diffusion::sampler_levels(100, n);
            Tensor x = g.tensor("in/xT");
            for (size_t k = 0; k + 1 < levels.size(); ++k) {
                x = diffusion::ddim_step(s, x, denoise(x), levels[k], levels[k + 1]);
                CHECK(difference(x, path.rows(int64_t(k) + 1, 1)) < kTolerance);
            }
        }
    }
}

TEST_CASE("golden: Adam, AdamW, clipping, averages") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "adam");
    struct One {
        Tensor weight;
        void visit(nn::ParameterVisitor& v) { v("weight", weight); }
    };
    const std::vector<double> rate = g.numbers("in/rate"), norm = g.numbers("out/norm");
    for (const std::string form : {"adam", "adamw", "adamw_clipped"}) {
        One one{g.tensor("in/weight")};
        nn::ParameterSet set(one);
        nn::Adam adam(set, form == "adam" ? 0 : g.number("in/decay"));
        for (int64_t k = 0; k < 5; ++k) {
            const Tensor gradient = g.tensor("in/gradient").rows(k, 1).reshape(Shape{7});
            const double got = adam.step(set, gradient, rate[size_t(k)], form == "adamw_clipped" ? 1 : 0);
            CHECK(got == doctest::Approx(norm[size_t(k)]).epsilon(1e-12));
            CHECK(difference(set.flat(), g.tensor("out/" + form).rows(k, 1)) < kTolerance);
        }
        CHECK(difference(adam.second_moment, g.tensor("out/" + form + "/second_moment")) < kTolerance);
    }
    const std::vector<double> want = g.numbers("out/average_rate");
    for (int64_t k = 0; k < 40; ++k)
        CHECK(nn::average_rate(k, g.number("in/average_decay")) == doctest::Approx(want[size_t(k)]));
}

TEST_CASE("golden: HILP's loss and gradients, and one update") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "tdr_hilp");
    struct Heads {
        std::vector<nn::Mlp> head;
        void visit(nn::ParameterVisitor& v) { v("head", head); }
    };
    Heads online{{g.mlp("w/head0", nn::Activation::gelu), g.mlp("w/head1", nn::Activation::gelu)}};
    const Heads target{{g.mlp("w/target0", nn::Activation::gelu), g.mlp("w/target1", nn::Activation::gelu)}};
    auto all = [&](const Heads& nets, const char* key) {
        std::vector<Tensor> out;
        for (const nn::Mlp& head : nets.head) out.push_back(head(g.tensor(key)));
        return out;
    };
    auto loss = [&] {
        auto values = [&](const Heads& nets, const char* from) {
            return head_values(all(nets, from), all(nets, "in/goal"));
        };
        return hilp_loss({0, 0, 6, 6}, values(online, "in/s"), values(target, "in/s"), values(target, "in/next"),
                         g.tensor("in/hit"), .99, .95);
    };
    CHECK(loss().item() == doctest::Approx(g.number("out/loss")).epsilon(kTolerance));
    CHECK(gradient_difference(g, online, "grad/", loss) < kTolerance);
    nn::ParameterSet set(online);
    nn::Adam adam(set);
    Tape tape({set.flat()});
    tape.backward(loss());
    adam.step(set, tape.parameter_gradient(), 3e-4);
    for (auto& [name, view] : set.views(set.flat()))
        CHECK(difference(view, g.tensor("out/after/" + name)) < kTolerance);
}

TEST_CASE("golden: the in-batch pair objective") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "tdr_inbatch");
    const nn::Mlp online = g.mlp("w/head0", nn::Activation::gelu), target = g.mlp("w/target0", nn::Activation::gelu);
    const auto weights = in_batch_weights(g.integers("in/offset"), g.integers("in/episode"), .3);
    const auto want = g.numbers("out/pair_weight");
    double total = 0;
    for (size_t i = 0; i < want.size(); ++i) {
        CHECK(double(weights[i]) == doctest::Approx(want[i]).epsilon(1e-6));
        total += want[i];
    }
    CHECK(total == doctest::Approx(1));
    Tape tape;
    const Tensor latent = tape.watch(online(g.tensor("in/s")));
    CHECK(difference(latent, g.tensor("out/latent")) < kTolerance);
    const Tensor s = target(g.tensor("in/s")), next = target(g.tensor("in/next"));
    const Tensor loss = in_batch_loss(latent, latent, s, next, s, g.tensor("out/pair_weight"), .99, .95);
    CHECK(loss.item() == doctest::Approx(g.number("out/loss")).epsilon(kTolerance));
    tape.backward(loss);
    CHECK(difference(tape.gradient(latent), g.tensor("grad/latent")) < kTolerance);
}
