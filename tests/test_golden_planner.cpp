// Comparison of dynamics models, one-step networks and planner with PyTorch: losses, gradients, rollouts and sampling
// (tests/golden/make_dynamics.py, make_planner.py). All through the interfaces that training and augmentation use: an
// update draws its windows and noise, and leaves its gradient in the first moment of a fresh Adam. In float32.
#include <doctest/doctest.h>

#include "astro/dynamics_recurrent.h"
#include "astro/dynamics_transformer.h"
#include "astro/measure/one_step.h"
#include "astro/planner.h"
#include "tests/golden.h"

using namespace astro;
using namespace astro::method;

namespace {

constexpr double kTolerance = 2e-5;

// Largest |got - want|, as a share of the largest |want|.
double relative(const Tensor& got, const Tensor& want) {
    const auto a = got.cast(DType::f64).to_vector<double>(), b = want.reshape(got.shape()).to_vector<double>();
    double worst = 0, scale = 1e-3;
    for (size_t i = 0; i < a.size(); ++i) {
        worst = std::max(worst, std::fabs(a[i] - b[i]));
        scale = std::max(scale, std::fabs(b[i]));
    }
    return worst / scale;
}

// The data set of tests/golden/trajectories.py, and what models learn from it.
struct World {
    std::unique_ptr<Backend> backend = make_cpu_backend();
    Golden golden;
    ThreadPool pool{2};
    Context context{*backend, pool, 2};
    data::Dataset dataset;
    Trajectories data;
    TemporalMap map;
    Statistics statistics;

    explicit World(const std::string& name) : golden(*backend, name) {
        const Tensor states = golden.tensor("in/observations"), actions = golden.tensor("in/actions");
        dataset.rows = states.dim(0), dataset.state_dim = states.dim(1), dataset.action_dim = actions.dim(1);
        dataset.observations = floats("in/observations"), dataset.actions = floats("in/actions");
        data.dataset = &dataset;
        data.first = golden.integers("in/first");
        for (int64_t k = 0; k < data.count(); ++k)
            for (int64_t t = data.begin(k); t <= data.last(k); ++t) {
                data.segment_of.push_back(static_cast<int32_t>(k));
                dataset.terminals.push_back(t == data.last(k));
            }
        data::index_episodes(dataset);
        map.data = &data;
        map.arrival = golden.integers("in/arrival");
        statistics = measure(data, 5, 1e-3);
    }

    Tensor f32(const std::string& key) const { return golden.tensor(key).cast(DType::f32); }
    std::vector<float> floats(const std::string& key) const { return f32(key).to_vector<float>(); }

    // The settings of trajectories.py, without clipping of gradients.
    static DenoiserConfig network(int64_t batch) {
        DenoiserConfig config;
        config.layers = 1, config.width = 6, config.heads = 2, config.diffusion_steps = 20;
        config.batch = batch, config.updates = 2, config.gradient_clip = 1e6;
        return config;
    }

    // Sets the parameters of a model and their averages, and the moments of its optimiser to 0.
    void load(TrainableModel& model, const std::string& online, const std::string& average) const {
        TrainingState state = model.state();
        for (auto& [name, tensor] : state.tensors) {
            const std::string group = name.substr(0, name.find('/')), parameter = name.substr(group.size() + 1);
            if (group == "optimiser")
                tensor.fill(0);
            else
                tensor.assign(f32((group == "model" ? online : average) + parameter));
        }
    }

    // The loss and the gradient of update k of a model that has just been loaded.
    void check_update(TrainableModel& model, int64_t k, const std::string& name, const std::string& module = "") const {
        CAPTURE(name);
        model.update(k);
        const Metrics metrics = model.metrics();
        REQUIRE(metrics[0].first == "loss");
        CHECK(metrics[0].second == doctest::Approx(golden.number("out/" + name + "/loss")).epsilon(kTolerance));
        const std::string moment = "optimiser/m/";
        int64_t compared = 0;
        for (auto& [key, tensor] : model.state().tensors) {
            if (key.rfind(moment, 0) != 0) continue;
            const std::string parameter = module + key.substr(moment.size());
            CAPTURE(parameter);
            CHECK(relative(tensor * (1 / (1 - AdamConstants{}.beta1)),
                           golden.tensor("grad/" + name + "/" + parameter)) < kTolerance);
            ++compared;
        }
        CHECK(compared > 0);
    }

    // A rollout, its gradient, and that a shorter one is its prefix.
    void check_rollout(const Dynamics& model, int64_t steps, const std::string& name) const {
        CAPTURE(name);
        const Tensor s0 = f32("in/s0");
        Tape tape;
        const Tensor plan = tape.watch(f32("in/plan"));
        const Tensor moved = model.rollout(s0, plan, steps);
        CHECK(relative(moved, golden.tensor("out/" + name)) < kTolerance);
        tape.backward(sum(moved * f32("in/cotangent")));
        CHECK(relative(tape.gradient(plan), golden.tensor("grad/" + name)) < kTolerance);
        NoTape off;
        CHECK(relative(model.rollout(s0, slice(plan, 1, 0, 3), steps), slice(golden.tensor("out/" + name), 1, 0, 3)) <
              kTolerance);
    }
};

}  // namespace

TEST_CASE("golden: the dynamics transformer, in one pass and from noisy differences") {
    const World w("dynamics");
    for (const std::string form : {"one_pass", "noisy"}) {
        DynamicsConfig config;
        config.network = World::network(6);
        config.one_pass_share = form == "noisy" ? 1.0 / 3 : 1;
        DynamicsTransformer model(w.context, config, 5, w.map, w.statistics, 3, 0);
        w.load(model, "w/transformer/online/", "w/transformer/average/");
        w.check_rollout(model, 1, "rollout_1");
        w.check_rollout(model, 4, "rollout_4");
        w.check_update(model, 0, form);
    }
}

TEST_CASE("golden: the recurrent dynamics model, from transitions and from rollouts") {
    const World w("dynamics");
    DynamicsConfig config;
    config.form = DynamicsForm::recurrent, config.rollout_share = .5;
    config.network = World::network(12);
    config.network.layers = 2, config.network.width = 8;
    DynamicsRecurrent model(w.context, config, 5, w.map, w.statistics, 3, 0);
    for (int64_t update : {0, 1}) {
        w.load(model, "w/recurrent/online/f.", "w/recurrent/average/f.");
        w.check_rollout(model, 1, "recurrent");
        w.check_update(model, update, update == 0 ? "transitions" : "windows", "f.");
    }
}

TEST_CASE("golden: the one-step networks") {
    const World w("dynamics");
    OneStepConfig config;
    config.members = 2, config.layers = 2, config.width = 8, config.batch = 6;
    OneStepModels models(w.context, config, 1, w.data, w.statistics, 3);
    w.load(models, "w/one_step/online/", "");
    const std::vector<float> actions = slice(w.f32("in/plan"), 1, 0, 1).to_vector<float>();
    const std::vector<float> next =
        one_step(*w.backend, models.members()[1], w.floats("in/s0"), actions, w.statistics.sigma_delta);
    const Tensor want = w.golden.tensor("out/next");
    CHECK(relative(Tensor::from(*w.backend, want.shape(), next), want) < kTolerance);
    w.check_update(models, 0, "one_step");
}

TEST_CASE("golden: the planner's loss with self-conditioning, and sampling") {
    World w("planner");
    w.map.gamma = .98;
    w.map.latent = w.floats("in/latent");
    w.map.width = w.golden.tensor("in/latent").dim(1);
    w.map.calibration = Calibration(w.golden.numbers("in/medians"));
    for (const std::string name : {"gap", "context"}) {
        CAPTURE(name);
        const bool context = name == "context";
        DynamicsConfig dynamics;
        dynamics.form = context ? DynamicsForm::sampled : DynamicsForm::one_pass;
        dynamics.loop_steps = 3;
        dynamics.network = World::network(6);
        DynamicsTransformer frozen(w.context, dynamics, 7, w.map, w.statistics, 5, 0);
        w.load(frozen, "w/dynamics/", "w/dynamics/");

        PlannerConfig config;
        config.context = 3, config.gap = 4, config.denoising_steps = 4, config.feedback_clip = 5;
        config.unknown = context ? UnknownActions::through_context : UnknownActions::gap;
        config.random_gap = context, config.joint_weight = context ? .6 : 1;
        config.sampling.temperature = .8;
        config.network = World::network(6);
        Planner planner(w.context, config, w.map, w.statistics, {&frozen}, dynamics, 5);

        w.load(planner, "w/online/", "w/average/");
        std::vector<StitchEnds> ends;
        std::vector<Rng> streams;
        const auto source = w.golden.integers("in/source"), target = w.golden.integers("in/target");
        const auto steps = w.golden.numbers("in/steps");
        for (size_t i = 0; i < source.size(); ++i) {
            ends.push_back(recorded_ends(w.dataset, source[i], w.dataset, target[i], config.context));
            ends.back().steps = steps[i];
            streams.push_back(Rng(5).stream(i));
        }
        const std::string out = "out/" + name + "/";
        const int64_t gap = w.golden.integers(out + "gap")[0];
        const Tensor noisy = w.golden.tensor(out + "noisy"), estimate = w.golden.tensor(out + "estimate");
        int64_t seen = 0;
        const auto compare = [&](int64_t, const Tensor& u, const Tensor& clean) {
            CAPTURE(seen);
            CHECK(relative(u, noisy.rows(seen, 1)) < kTolerance);
            CHECK(relative(clean, estimate.rows(seen, 1)) < kTolerance);
            ++seen;
        };
        const std::vector<Bridge> bridges = planner.sample_piece(ends, gap, streams, {true, false, compare});
        CHECK(seen == config.denoising_steps);
        const Tensor states = w.golden.tensor(out + "states");
        const std::vector<double> error = w.golden.numbers(out + "error");
        for (size_t i = 0; i < bridges.size(); ++i) {
            CHECK(relative(Tensor::from(*w.backend, Shape{gap + 1, w.dataset.state_dim}, bridges[i].states),
                           states.rows(static_cast<int64_t>(i), 1)) < kTolerance);
            CHECK(bridges[i].error == doctest::Approx(error[i]).epsilon(kTolerance));
        }
        w.check_update(planner, 0, name);
    }
}
