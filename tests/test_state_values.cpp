// GCIVL, HIQL and HGCBC: losses and gradients compared with PyTorch (tests/golden/make_gcivl.py, ...), with differences
// and with a table whose values are known; subgoals; policies on a line.
#include <doctest/doctest.h>

#include "astro/learners/hgcbc.h"
#include "astro/learners/hiql.h"
#include "astro/learners/iql.h"
#include "tensor/base/rows.h"
#include "tests/golden.h"
#include "tests/numbered_episodes.h"

using namespace astro;
using namespace astro::method;
using namespace astro::method::learners;

namespace {

constexpr double kTolerance = 1e-9, kRate = 1e-3;
constexpr TargetRule kRule{.99, true};
const nn::Chunk kWhole{0, 0, 6, 6};  // the golden batches have six rows

Batch batch_of(const Golden& g) {
    return {g.tensor("in/input"),  g.tensor("in/value_input"), g.tensor("in/next_input"),
            g.tensor("in/action"), g.tensor("in/reward"),      g.tensor("in/mask")};
}

StateValues values_of(const Golden& g, const std::string& first, const std::string& second,
                      const std::string& representation = "") {
    StateValues values{{g.mlp(first, nn::Activation::gelu), g.mlp(second, nn::Activation::gelu)}};
    if (!representation.empty()) values.phi = g.mlp(representation, nn::Activation::gelu);
    return values;
}

// Under the name that it has in the reference.
struct Named {
    std::string name;
    Actor actor;
    template <class V>
    void visit(V& v) {
        v(name, actor.net);
    }
};

Named actor_of(const Golden& g, const std::string& name, bool squash, int64_t outputs) {
    return {name, {g.mlp("w/" + name, nn::Activation::gelu), squash, outputs}};
}

// The loss and its gradient equal PyTorch's, the gradient equals a difference quotient along a random direction, and
// so do the weights after one step of Adam.
template <class M, class Loss>
void check_loss(const Golden& g, M& module, const std::string& loss_name, Loss loss) {
    CAPTURE(loss_name);
    CHECK(loss().item() == doctest::Approx(g.number("out/" + loss_name)).epsilon(kTolerance));
    CHECK(gradient_difference(g, module, "grad/", loss) < kTolerance);

    nn::ParameterSet set(module);
    Tape tape({set.flat()});
    tape.backward(loss());
    const Tensor gradient = tape.parameter_gradient();
    const std::vector<double> at = set.flat().template to_vector<double>();
    std::vector<double> direction(at.size());
    Rng rng(5);
    for (double& d : direction) d = rng.normal();
    auto moved = [&](double h) {
        std::vector<double> to = at;
        for (size_t i = 0; i < to.size(); ++i) to[i] += h * direction[i];
        set.flat().assign(Tensor::from(g.backend, Shape{ssize(to)}, to));
        return loss().item();
    };
    const double quotient = (moved(1e-6) - moved(-1e-6)) / 2e-6;
    moved(0);
    double along = 0;
    const std::vector<double> slope = gradient.to_vector<double>();
    for (size_t i = 0; i < at.size(); ++i) along += slope[i] * direction[i];
    CHECK(along == doctest::Approx(quotient).epsilon(1e-6));

    nn::Adam adam(set);
    adam.step(set, gradient, kRate);
    for (auto& [name, view] : set.views(set.flat()))
        CHECK(difference(view, g.tensor("out/after/" + name).reshape(view.shape())) < kTolerance);
}

}  // namespace

TEST_CASE("gcivl: values and actor equal PyTorch's") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "gcivl");
    const Batch batch = batch_of(g);
    StateValues values = values_of(g, "w/value0", "w/value1");
    const StateValues target = values_of(g, "w/target0", "w/target1");
    Named actor = actor_of(g, "actor", true, 2);

    const Tensor advantage = step_advantage(values, batch);
    CHECK(difference(advantage, g.tensor("out/advantage")) < kTolerance);
    const Tensor weight = awr_weights(advantage, 2, 100, false);
    CHECK(difference(weight, g.tensor("out/weight")) < kTolerance);
    check_loss(g, values, "value_loss", [&] { return implicit_value_loss(kWhole, values, target, batch, kRule, .9); });
    check_loss(g, actor, "actor_loss",
               [&] { return awr_loss(kWhole, actor.actor(batch.input), batch.action, weight); });
}

TEST_CASE("hiql: values, representation, both actors and actions equal PyTorch's") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "hiql");
    Batch batch = batch_of(g);
    batch.subgoal = g.tensor("in/subgoal"), batch.high_target = g.tensor("in/high_target");
    StateValues values = values_of(g, "w/value0", "w/value1", "w/representation");
    const StateValues target = values_of(g, "w/target0", "w/target1", "w/target_representation");
    Named low = actor_of(g, "actor", true, 2), high = actor_of(g, "high", false, 3);

    const Tensor low_w = represent(values, batch, batch.subgoal), high_w = represent(values, batch, batch.high_target);
    CHECK(difference(low_w, g.tensor("out/low_representation")) < kTolerance);
    CHECK(difference(high_w, g.tensor("out/high_representation")) < kTolerance);
    const Tensor low_weight = awr_weights(low_advantage(values, batch), 2, 100, false),
                 high_weight = awr_weights(high_advantage(values, batch), 2, 100, false);
    CHECK(difference(low_weight, g.tensor("out/low_weight")) < kTolerance);
    CHECK(difference(high_weight, g.tensor("out/high_weight")) < kTolerance);
    CHECK(difference(hierarchical_action({high.actor, true}, low.actor, batch.input), g.tensor("out/acted")) <
          kTolerance);

    check_loss(g, values, "value_loss", [&] { return implicit_value_loss(kWhole, values, target, batch, kRule, .7); });
    check_loss(g, low, "low_loss",
               [&] { return awr_loss(kWhole, low.actor(low_input(batch, low_w)), batch.action, low_weight); });
    check_loss(g, high, "high_loss", [&] { return awr_loss(kWhole, high.actor(batch.input), high_w, high_weight); });
}

TEST_CASE("hgcbc: both losses and the action equal PyTorch's") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "hgcbc");
    Batch batch;
    batch.input = g.tensor("in/input"), batch.action = g.tensor("in/action");
    batch.high_target = g.tensor("in/high_target");
    Named low = actor_of(g, "actor", false, 2), high = actor_of(g, "high", false, 2);

    CHECK(difference(hierarchical_action({high.actor}, low.actor, batch.input), g.tensor("out/acted")) < kTolerance);
    CHECK(high_cloning_loss(kWhole, high.actor, batch).item() ==
          doctest::Approx(g.number("out/high_loss_unweighted")).epsilon(kTolerance));
    batch.weight = g.tensor("in/weight");
    check_loss(g, low, "low_loss", [&] { return low_cloning_loss(kWhole, low.actor, batch, 2); });
    check_loss(g, high, "high_loss", [&] { return high_cloning_loss(kWhole, high.actor, batch); });
}

// A ring of states in which every state has one step either way. The values are a table: one weight per pair of state
// and goal. At the fixed point, V(s, g) = tau y_short + (1 - tau) y_long of the two ways; tau -> 1 gives the discounted
// cost of the shorter way.
TEST_CASE("state values: on a ring they converge to the expectile, and to the shortest way as tau approaches 1") {
    auto backend = make_cpu_backend();
    constexpr int64_t n = 6;
    constexpr double gamma = .8;
    auto pair = [](int64_t s, int64_t g) { return to_size((s + n) % n * n + g); };
    std::vector<double> now, next, reward, mask;
    auto put = [](std::vector<double>& rows, size_t one) {
        rows.resize(rows.size() + n * n);
        rows[rows.size() - n * n + one] = 1;
    };
    for (int64_t s = 0; s < n; ++s)
        for (int64_t g = 0; g < n; ++g)
            for (int64_t step : {-1, 1}) {
                put(now, pair(s, g)), put(next, pair(s + step, g));
                reward.push_back(s == g ? 0 : -1), mask.push_back(s == g ? 0 : 1);
            }
    const int64_t rows = ssize(reward);
    Batch batch;
    batch.value_input = Tensor::from(*backend, Shape{rows, n * n}, now);
    batch.next_input = Tensor::from(*backend, Shape{rows, n * n}, next);
    batch.reward = Tensor::from(*backend, Shape{rows}, reward);
    batch.mask = Tensor::from(*backend, Shape{rows}, mask);

    for (double tau : {.7, .9, .99}) {
        CAPTURE(tau);
        std::vector<double> fixed(n * n, 0);
        for (int round = 0; round < 300; ++round)
            for (int64_t s = 0; s < n; ++s)
                for (int64_t g = 0; g < n; ++g) {
                    const double a = -1 + gamma * fixed[pair(s - 1, g)], b = -1 + gamma * fixed[pair(s + 1, g)];
                    fixed[pair(s, g)] = s == g ? 0 : tau * std::max(a, b) + (1 - tau) * std::min(a, b);
                }
        auto table = [&](double start) {
            nn::Mlp net;
            net.layers.push_back({Tensor::full(*backend, DType::f64, Shape{n * n, 1}, start),
                                  Tensor::zeros(*backend, DType::f64, Shape{1})});
            return net;
        };
        StateValues values{{table(-1), table(-2)}}, target = values;
        nn::ParameterSet set(values), target_set(target);
        nn::Adam adam(set);
        for (int update = 0; update < 2500; ++update) {
            Tape tape({set.flat()});
            tape.backward(implicit_value_loss(nn::Chunk{0, 0, rows, rows}, values, target, batch, {gamma, true}, tau));
            adam.step(set, tape.parameter_gradient(), .02 * std::pow(.998, update));
            target_set.flat().assign(set.flat());
        }
        for (int64_t s = 0; s < n; ++s)
            for (int64_t g = 0; g < n; ++g) {
                const Tensor one = slice(batch.value_input, 0, 2 * (s * n + g), 1);
                const double v = values.mean(one).item();
                CHECK(v == doctest::Approx(fixed[pair(s, g)]).epsilon(.01));
                const int64_t away = std::min((s - g + n) % n, (g - s + n) % n);
                if (tau == .99)
                    CHECK(v == doctest::Approx(-(1 - std::pow(gamma, double(away))) / (1 - gamma)).epsilon(.05));
            }
    }
}

namespace {

// A line of states 0, .2, ..., 4, which episodes walk up (action .8) or down (action -.8).
data::Dataset line() {
    constexpr int64_t kEpisodes = 8, kRows = 21;
    data::Dataset d;
    d.rows = kEpisodes * kRows, d.state_dim = d.action_dim = 1;
    for (int64_t t = 0; t < d.rows; ++t) {
        const bool up = t / kRows % 2 == 0;
        const int64_t step = t % kRows;
        d.observations.push_back(.2f * float(up ? step : kRows - 1 - step));
        d.actions.push_back(up ? .8f : -.8f);
        d.terminals.push_back(step == kRows - 1);
    }
    data::index_episodes(d);
    return d;
}

}  // namespace

// All goals of GCIVL's and HIQL's actors are random rows, so that the mean action of the data towards any goal is 0.
TEST_CASE("gcivl, hiql and hgcbc: on a line that is walked both ways, policies go to their goals") {
    auto backend = make_cpu_backend();
    const data::Dataset d = line();
    Config config;
    apply_preset(config, "tiny");
    config.value.actor_width = config.value.critic_width = 32, config.value.batch = 64;
    config.value.updates = 600, config.value.learning_rate = 3e-3;
    config.gcivl.random_goals = config.hiql.random_goals = 1;
    config.hiql.subgoal_steps = 4, config.hiql.representation = 4;
    config.gcbc = {2, 32, 64, 600, 3e-3, 0, .01};
    config.hgcbc.subgoal_steps = 4;
    for (const std::string name : {"gcivl", "hiql", "hgcbc"}) {
        CAPTURE(name);
        LearningData data;
        data.pools = {{&d, 1.0}};
        data.gamma = .9;
        ThreadPool threads(2);
        const auto policy = make_learner(name, Context{*backend, threads, 2}, config, "", data, "policy/line/" + name);
        for (int64_t k = 0; k < policy->updates(); ++k) policy->update(k);
        std::vector<float> states, goals;
        for (float s = .4f; s < 3.8f; s += .4f)
            for (float g : {s - .8f, s + .8f})
                if (g > 0 && g < 4) states.push_back(s), goals.push_back(g);
        const std::vector<float> acted = policy->act(states, goals);
        for (size_t i = 0; i < acted.size(); ++i) {
            CAPTURE(states[i]);
            CAPTURE(goals[i]);
            CHECK(acted[i] * (goals[i] > states[i] ? 1 : -1) > .3f);
        }
        if (name == "hgcbc") continue;
        // A step towards a goal raises the value.
        const auto& values = dynamic_cast<const StateValueLearner&>(*policy).values();
        auto value = [&](float s, float g) {
            return values.mean(Tensor::from(*backend, Shape{1, 2}, std::vector<float>{s, g})).item();
        };
        for (float s : {.4f, 1.2f, 2.0f}) {
            CHECK(value(s + .4f, 3) > value(s, 3));
            CHECK(value(3.8f - s, .4f) > value(4 - s, .4f));
        }
    }
}

TEST_CASE("batches: subgoals lie k steps ahead in their episode; targets not beyond a goal there; other draws stay") {
    auto backend = make_cpu_backend();
    const data::Dataset d = numbered_episodes();
    LearningData data;
    data.pools = {{&d, 1.0}};
    ThreadPool threads(2);
    nn::Inputs inputs(*backend);
    const Batch plain = BatchSampler(data, .2, .5).draw(threads, inputs, 512, Rng(3));
    inputs.upload();
    CHECK_FALSE(plain.subgoal.defined());
    for (double share : {0.0, .5}) {
        BatchSampler sampler(data, .2, .5);
        sampler.draw_subgoals(3);
        sampler.draw_random_actor_goals(share);
        nn::Inputs own(*backend);
        const Batch b = sampler.draw(threads, own, 512, Rng(3));
        own.upload();
        if (share == 0) {
            CHECK(b.input.to_vector<float>() == plain.input.to_vector<float>());
            CHECK(b.value_input.to_vector<float>() == plain.value_input.to_vector<float>());
        }
        const auto in = b.input.to_vector<float>(), subgoal = b.subgoal.to_vector<float>(),
                   target = b.high_target.to_vector<float>();
        int64_t elsewhere = 0, shortened = 0;
        for (size_t i = 0; i < 512; ++i) {
            const float episode = in[4 * i], step = in[4 * i + 1], ahead = std::min(step + 3, 8.0f);
            CHECK(subgoal[2 * i] == episode);
            CHECK(subgoal[2 * i + 1] == ahead);
            CHECK(target[2 * i] == episode);
            if (share == 0) CHECK(target[2 * i + 1] == std::min(ahead, in[4 * i + 3]));
            CHECK(target[2 * i + 1] <= ahead);
            elsewhere += in[4 * i + 2] != episode;
            shortened += target[2 * i + 1] < ahead;
        }
        CHECK(shortened > 20);
        if (share > 0) CHECK(std::abs(double(elsewhere) - 512 * .5 * .75) < 50);  // one of four episodes is its own
        if (share == 0) CHECK(elsewhere == 0);
    }
}
