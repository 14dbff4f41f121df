// Learners: losses and gradients compared with PyTorch (tests/golden/make_*.py), determinism, batches.
#include <doctest/doctest.h>

#include "astro/learners/conservative.h"
#include "astro/learners/cql_pure.h"
#include "astro/learners/gaussian_policy.h"
#include "astro/learners/gcbc.h"
#include "astro/learners/iql.h"
#include "tests/golden.h"

using namespace astro;
using namespace astro::method;
using namespace astro::method::learners;

namespace {

Critics critics_of(const Golden& g, const std::string& first, const std::string& second, nn::Activation activation) {
    return {{g.mlp(first, activation), g.mlp(second, activation)}};
}

Batch batch_of(const Golden& g, const std::string& p) {
    return {g.tensor(p + "input"),  g.tensor(p + "value_input"), g.tensor(p + "next_input"),
            g.tensor(p + "action"), g.tensor(p + "reward"),      g.tensor(p + "mask")};
}

struct NamedValue {
    nn::Mlp value;
    template <class V>
    void visit(V& v) {
        v("value", value);
    }
};

const std::vector<std::pair<std::string, nn::Activation>> kCases = {{"corl", nn::Activation::relu},
                                                                    {"goal", nn::Activation::gelu}};
constexpr double kTolerance = 1e-9;

// Applies one Adam step with the gradient of a loss. Returns the largest difference from the weights after PyTorch's
// step.
template <class M, class Loss>
double difference_after_step(const Golden& g, M& module, const std::string& after, double rate, Loss loss) {
    nn::ParameterSet set(module);
    nn::Adam adam(set);
    Tape tape({set.flat()});
    tape.backward(loss());
    adam.step(set, tape.parameter_gradient(), rate);
    double worst = 0;
    for (auto& [name, view] : set.views(set.flat()))
        worst = std::max(worst, difference(view, g.tensor(after + name).reshape(view.shape())));
    return worst;
}

struct Critic {
    nn::Mlp q;
    template <class V>
    void visit(V& v) {
        v("critic", q);
    }
};

// The golden batches have six rows, processed as one chunk. kHalved halves the mean, as CORL does for IQL's critics.
const nn::Chunk kWhole{0, 0, 6, 6}, kHalved{0, 0, 6, 12};

}  // namespace

TEST_CASE("gcbc: loss, gradient and one update equal PyTorch's") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "gcbc");
    Actor actor{g.mlp("w/actor", nn::Activation::gelu), false, 2};
    const Tensor input = g.tensor("in/input"), action = g.tensor("in/action");
    CHECK(difference(actor(input), g.tensor("out/prediction")) < kTolerance);
    auto loss = [&] { return cloning_loss(kWhole, actor(input), action); };
    CHECK(loss().item() == doctest::Approx(g.number("out/loss")).epsilon(kTolerance));
    CHECK(gradient_difference(g, actor, "grad/", loss) < kTolerance);
    CHECK(difference_after_step(g, actor, "out/after/", 1e-3, loss) < kTolerance);
}

TEST_CASE("td3bc: one update equals PyTorch's, as in CORL and goal-conditioned") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "td3bc");
    for (const auto& [name, activation] : kCases) {
        const std::string w = "w/" + name + "/", grad = "grad/" + name + "/", out = "out/" + name + "/";
        const Batch batch = batch_of(g, "in/" + name + "/");
        Critics critics = critics_of(g, w + "critic0", w + "critic1", activation);
        const Critics target = critics_of(g, w + "target0", w + "target1", activation);
        Actor actor{g.mlp(w + "actor", activation), true, 2},
            actor_target{g.mlp(w + "actor_target", activation), true, 2};
        const Tensor next = smoothed_actions(actor_target(batch.next_input), g.tensor("in/" + name + "/noise"), .2, .5);
        const Tensor y = td_target(batch, target.min(batch.next_input, next), {.99, name == "goal"});
        CHECK(difference(y, g.tensor(out + "target")) < kTolerance);
        CHECK(critic_loss(kWhole, critic_values(critics, batch), y).item() ==
              doctest::Approx(g.number(out + "critic_loss")).epsilon(kTolerance));
        CHECK(gradient_difference(g, critics, grad,
                                  [&] { return critic_loss(kWhole, critic_values(critics, batch), y); }) < kTolerance);
        CHECK(difference_after_step(g, critics, out + "after/", name == "corl" ? 3e-4 : 1e-3, [&] {
                  return critic_loss(kWhole, critic_values(critics, batch), y);
              }) < kTolerance);
        // The actor is updated with the new critics.
        const Critics after = critics_of(g, out + "after/critic0", out + "after/critic1", activation);
        ActorTerms terms;
        terms.q_weight = 2.5;
        nn::ParameterSet set(actor);
        ThreadPool pool(2);
        const nn::Gradient gradient = nn::coupled_gradient(
            nn::Cut(pool, 3, 6), set.flat(),
            [&](const nn::Chunk& c) { return actor_outputs(actor, after, c.rows(batch), false); },
            [&](const nn::Chunk& c, const Tensor& own, const Tensor& all) { return actor_loss(c, own, all, terms); });
        CHECK(sum(gradient.loss).item() == doctest::Approx(g.number(out + "actor_loss")).epsilon(kTolerance));
        for (auto& [key, view] : set.views(gradient.flat)) CHECK(difference(view, g.tensor(grad + key)) < kTolerance);
    }
}

TEST_CASE("iql: value, critics and actors equal PyTorch's") {
    auto backend = make_cpu_backend();
    for (const auto& [name, activation] : kCases) {
        const Golden g(*backend, "iql_" + name);
        const std::string w = "w/" + name + "/", grad = "grad/" + name + "/", out = "out/" + name + "/";
        const Batch batch = batch_of(g, "in/" + name + "/");
        NamedValue v{g.mlp(w + "value", activation)};
        Critics critics = critics_of(g, w + "critic0", w + "critic1", activation);
        const Critics target = critics_of(g, w + "target0", w + "target1", activation);
        const double tau = name == "corl" ? .7 : .9, rate = name == "corl" ? 3e-4 : 1e-3;
        const Tensor target_q = target.min(batch.value_input, batch.action);
        CHECK(difference(target_q - value_of(v.value, batch.value_input), g.tensor(out + "advantage")) < kTolerance);
        const Tensor y = td_target(batch, value_of(v.value, batch.next_input), {.99, name == "goal"});
        CHECK(difference(y, g.tensor(out + "target")) < kTolerance);
        const Tensor advantage = target.min(batch.input, batch.action) - value_of(v.value, batch.input);
        CHECK(difference(advantage, g.tensor(out + "actor_advantage")) < kTolerance);
        auto value_loss = [&] { return expectile_loss(kWhole, target_q - value_of(v.value, batch.value_input), tau); };
        CHECK(value_loss().item() == doctest::Approx(g.number(out + "value_loss")).epsilon(kTolerance));
        CHECK(gradient_difference(g, v, grad, value_loss) < kTolerance);
        CHECK(difference_after_step(g, v, out + "after/", rate, value_loss) < kTolerance);
        // CORL halves the loss of the critics; astro uses the sum. The factor has no effect on Adam.
        CHECK(gradient_difference(g, critics, grad,
                                  [&] { return critic_loss(kHalved, critic_values(critics, batch), y); }) < kTolerance);
        CHECK(difference_after_step(g, critics, out + "after/", rate, [&] {
                  return critic_loss(kHalved, critic_values(critics, batch), y);
              }) < kTolerance);
        if (name != "goal") continue;
        Actor actor{g.mlp(w + "actor", activation), true, 2};
        CHECK(difference(awr_weights(advantage, .3, 100, true), g.tensor(out + "awr/weight")) < kTolerance);
        const Tensor weight = g.tensor(out + "awr/weight").reshape(Shape{6, 1});
        CHECK(gradient_difference(g, actor, grad + "awr/", [&] {
                  return awr_loss(kWhole, actor(batch.input), batch.action, weight);
              }) < kTolerance);
        const Critics after = critics_of(g, out + "after/critic0", out + "after/critic1", activation);
        nn::ParameterSet set(actor);
        ThreadPool pool(1);
        ActorTerms terms;
        terms.min_q = true;
        const nn::Gradient gradient = nn::coupled_gradient(
            nn::Cut(pool, 2, 6), set.flat(),
            [&](const nn::Chunk& c) { return actor_outputs(actor, after, c.rows(batch), true); },
            [&](const nn::Chunk& c, const Tensor& own, const Tensor& all) { return actor_loss(c, own, all, terms); });
        CHECK(sum(gradient.loss).item() == doctest::Approx(g.number(out + "ddpg_bc/loss")).epsilon(kTolerance));
        for (auto& [key, view] : set.views(gradient.flat))
            CHECK(difference(view, g.tensor(grad + "ddpg_bc/" + key)) < kTolerance);
    }
}

TEST_CASE("cql: the tanh-Gaussian policy and the conservative term equal CORL's") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "cql");
    const Batch batch = batch_of(g, "in/");
    Critics critics = critics_of(g, "w/critic0", "w/critic1", nn::Activation::relu);
    GaussianPolicy policy{g.mlp("w/actor", nn::Activation::relu), g.tensor("w/multiplier").reshape(Shape{1}),
                          g.tensor("w/offset").reshape(Shape{1})};
    const GaussianPolicy::Sample now = policy.at(batch.input).sample(g.tensor("in/noise_policy"));
    CHECK(difference(now.action, g.tensor("out/actor_actions")) < kTolerance);
    CHECK(difference(now.log_p, g.tensor("out/log_p")) < kTolerance);
    const double alpha = std::exp(g.number("w/log_alpha"));
    CHECK(gradient_difference(g, policy, "grad/", [&] {
              const GaussianPolicy::Sample s = policy.at(batch.input).sample(g.tensor("in/noise_policy"));
              return mean(s.log_p * alpha - critics.min(batch.input, s.action));
          }) < kTolerance);
    auto sampled = [&](const Tensor& input, const char* noise) {
        return policy.at(input).repeat(4).sample(g.tensor(noise).reshape(Shape{24, 2}));
    };
    const auto next = sampled(batch.next_input, "in/noise_cql_next"),
               current = sampled(batch.value_input, "in/noise_cql_current");
    const Shape each{6, 4, 2}, density{6, 4};
    const Tensor actions =
        concat({g.tensor("in/random_actions"), next.action.reshape(each), current.action.reshape(each)}, 1);
    const Tensor log_p = concat({Tensor::full(*backend, DType::f64, density, 2 * std::log(.5)),
                                 next.log_p.reshape(density), current.log_p.reshape(density)},
                                1);
    const auto want = g.tensor("out/plain/difference").to_vector<double>();
    for (size_t i = 0; i < 2; ++i)
        CHECK(
            mean(conservative_difference(critics, i, batch, actions, log_p, critic_values(critics, batch)[i])).item() ==
            doctest::Approx(want[i]).epsilon(kTolerance));
    const Tensor y = g.tensor("out/plain/target");
    CHECK(gradient_difference(g, critics, "grad/plain/", [&] {
              const std::vector<Tensor> q = critic_values(critics, batch);
              return critic_loss(kWhole, q, y) +
                     kWhole.mean(conservative_differences(critics, batch, actions, log_p, q)) * 5.0;
          }) < kTolerance);
}

TEST_CASE("cql: the Lagrange form and all weights after one step equal CORL's") {
    auto backend = make_cpu_backend();
    const Golden g(*backend, "cql");
    const Batch batch = batch_of(g, "in/");
    const Shape each{6, 4, 2}, density{6, 4};
    auto fresh_policy = [&] {
        return GaussianPolicy{g.mlp("w/actor", nn::Activation::relu), g.tensor("w/multiplier").reshape(Shape{1}),
                              g.tensor("w/offset").reshape(Shape{1})};
    };
    GaussianPolicy policy = fresh_policy();
    auto sampled = [&](const Tensor& input, const char* noise) {
        return policy.at(input).repeat(4).sample(g.tensor(noise).reshape(Shape{24, 2}));
    };
    const auto next = sampled(batch.next_input, "in/noise_cql_next"),
               current = sampled(batch.value_input, "in/noise_cql_current");
    const Tensor actions =
        concat({g.tensor("in/random_actions"), next.action.reshape(each), current.action.reshape(each)}, 1);
    const Tensor log_p = concat({Tensor::full(*backend, DType::f64, density, 2 * std::log(.5)),
                                 next.log_p.reshape(density), current.log_p.reshape(density)},
                                1);
    const double multiplier = std::exp(g.number("w/log_alpha_prime"));
    auto after_scalar_step = [&](const char* weight, const Tensor& derivative, double rate) {
        struct {
            Tensor value;
        } scalar{g.tensor(weight).reshape(Shape{1})};
        nn::ParameterSet set(std::vector<nn::Parameter>{{"value", &scalar.value}});
        nn::Adam adam(set);
        adam.step(set, derivative.reshape(Shape{1}), rate);
        return set.flat().item();
    };
    for (const std::string form : {"plain", "lagrange"}) {
        CAPTURE(form);
        const bool lagrange = form == "lagrange";
        const std::string out = "out/" + form + "/";
        Critics critics = critics_of(g, "w/critic0", "w/critic1", nn::Activation::relu);
        Critics target = critics_of(g, "w/target0", "w/target1", nn::Activation::relu);
        // Target: one policy action, or the best of four.
        const int64_t tries = lagrange ? 4 : 1;
        const Tensor noise = slice(g.tensor("in/noise_next"), 1, 0, tries).reshape(Shape{6 * tries, 2});
        const Tensor repeated = repeat_inputs(batch.next_input, tries);
        const Tensor min_q = target.min(repeated, policy.at(repeated).sample(noise).action);
        const Tensor y = td_target(batch, largest(min_q.reshape(Shape{6, tries})), {.99, false});
        CHECK(difference(y, g.tensor(out + "target")) < kTolerance);
        double differences = 0;  // of both critics
        const double strength = lagrange ? 5 * multiplier : 5, low = lagrange ? -200 : -INFINITY;
        auto loss = [&] {
            const Tensor term = kWhole.mean(
                conservative_differences(critics, batch, actions, log_p, critic_values(critics, batch), low));
            differences = term.item();
            return critic_loss(kWhole, critic_values(critics, batch), y) + term * strength;
        };
        const double constant = lagrange ? -strength * 2 * .8 : 0;  // CORL's loss includes the gap
        CHECK(loss().item() + constant == doctest::Approx(g.number(out + "critic_loss")).epsilon(kTolerance));
        CHECK(gradient_difference(g, critics, "grad/" + form + "/", loss) < kTolerance);
        const double before = differences;
        CHECK(difference_after_step(g, critics, out + "after/", 3e-4, loss) < kTolerance);
        nn::ParameterSet online(critics), slow(target);
        ThreadPool alone(1);
        nn::Steps steps(*backend, alone, 1);
        nn::Step step = steps.begin("");
        const Tensor rate = step.number(.005);
        step.run([&] { nn::polyak_update(step, slow, online, rate); });
        for (size_t i = 0; i < 2; ++i) {
            Critic one{target.q[i]};
            nn::ParameterSet set(one);
            const std::string name = "target" + std::to_string(i);
            for (auto& [key, view] : set.views(set.flat()))
                CHECK(difference(view, g.tensor(out + "after/" + name + key.substr(6)).reshape(view.shape())) <
                      kTolerance);
        }
        if (!lagrange) continue;
        auto one = [&](double x) { return Tensor::full(*backend, DType::f64, Shape{1}, x); };
        Tape tape;
        const Tensor log_multiplier = tape.watch(g.tensor("w/log_alpha_prime").reshape(Shape{1}));
        CHECK(lagrange_strength(log_multiplier, 5).item() == doctest::Approx(strength));
        const Tensor multiplier_value = multiplier_loss(log_multiplier, 5, one(before), .8);
        tape.backward(multiplier_value);
        const Tensor gradient = tape.gradient(log_multiplier);
        CHECK(gradient.item() == doctest::Approx(g.number("grad/lagrange/log_alpha_prime")).epsilon(kTolerance));
        CHECK(multiplier_value.item() == doctest::Approx(g.number(out + "alpha_prime_loss")).epsilon(kTolerance));
        CHECK(after_scalar_step("w/log_alpha_prime", gradient, 3e-4) ==
              doctest::Approx(g.number(out + "after/log_alpha_prime")).epsilon(kTolerance));
    }
    const Tensor mean_log_p = mean(policy.at(batch.input).sample(g.tensor("in/noise_policy")).log_p);
    Tape tape;
    const Tensor log_alpha = tape.watch(g.tensor("w/log_alpha").reshape(Shape{1}));
    tape.backward(temperature_loss(log_alpha, mean_log_p.reshape(Shape{1}), 2));
    const Tensor gradient = tape.gradient(log_alpha);
    CHECK(gradient.item() == doctest::Approx(g.number("grad/log_alpha")).epsilon(kTolerance));
    CHECK(after_scalar_step("w/log_alpha", gradient, 1e-4) ==
          doctest::Approx(g.number("out/after/log_alpha")).epsilon(kTolerance));
    const double alpha = std::exp(g.number("w/log_alpha"));
    const Critics critics = critics_of(g, "w/critic0", "w/critic1", nn::Activation::relu);
    GaussianPolicy moved = fresh_policy();
    CHECK(difference_after_step(g, moved, "out/after/", 1e-4, [&] {
              const GaussianPolicy::Sample s = moved.at(batch.input).sample(g.tensor("in/noise_policy"));
              return mean(s.log_p * alpha - critics.min(batch.input, s.action));
          }) < kTolerance);
}

TEST_CASE("learners: identical with 1, 2 and 3 threads, for every learner and protocol") {
    auto backend = make_cpu_backend();
    data::Dataset d;
    d.rows = 60, d.state_dim = d.action_dim = 2;
    Rng rng(9);
    for (int64_t t = 0; t < d.rows; ++t) {
        for (int i = 0; i < 2; ++i)
            d.observations.push_back(float(rng.uniform(0, 3))), d.actions.push_back(float(rng.uniform(-1, 1)));
        d.terminals.push_back(t % 20 == 19);
    }
    data::index_episodes(d);
    std::vector<std::string> forms = learner_names();
    forms.insert(forms.end(), {"cql-pure", "iql-awr"});
    for (const std::string& learner : forms)
        for (Protocol protocol : {Protocol::goal_conditioned, Protocol::single_task}) {
            const std::string base = learner.substr(0, learner.find('-'));
            if (protocol == Protocol::single_task && !has_single_task_form(base)) continue;
            Config config;
            apply_preset(config, "tiny");
            config.value.actor_width = config.value.critic_width = 16;
            config.value.batch = 24, config.gcbc.batch = 24;
            if (learner == "cql-pure") config.cql.form = CqlForm::pure;
            if (learner == "iql-awr") config.iql.actor = IqlActor::awr;
            std::vector<std::vector<float>> acted;
            for (int threads : {1, 2, 3}) {
                ThreadPool pool(threads);
                LearningData data;
                data.pools = {
                    {&d, 1.0, data::relabel_singletask(d, *data::find_environment("pointmaze-medium-v0"), {1, 1})}};
                data.protocol = protocol;
                auto policy = make_learner(base, Context{*backend, pool, 8}, config, "pointmaze-medium-v0", data,
                                           "policy/test/" + base);
                for (int64_t k = 0; k < 6; ++k) policy->update(k);
                for (const auto& [key, value] : policy->metrics())
                    CHECK_MESSAGE(std::isfinite(value), learner, " ", key);
                acted.push_back(policy->act(d.observations, d.observations));
            }
            INFO(learner);
            CHECK(acted[0] == acted[1]);
            CHECK(acted[0] == acted[2]);
            CHECK(acted[0].size() == 120);
        }
}
