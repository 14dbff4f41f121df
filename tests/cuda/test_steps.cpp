// A training step of every network, on the CPU and on the CUDA backend, from the same random weights: losses, gradients
// and the sampler's bridges. Weights are random everywhere, because adaLN-Zero's own start hides most gradients;
// gradients are compared through Adam's first moment, (1 - beta1) times the gradient after one step.
#include <map>

#include "astro/learners/learner.h"
#include "astro/planner.h"
#include "tests/cuda/world.h"
#include "tests/cuda_emulation/streams.h"

using namespace astro;

namespace {

constexpr double kTolerance = 1e-4;

// Of each optimiser by itself: small ones would drown in the norm of all.
std::map<std::string, std::vector<double>> first_moments(Trainee& trainee) {
    std::map<std::string, std::vector<double>> all;
    for (auto& [name, tensor] : trainee.state().tensors) {
        const size_t at = name.find("/m/");
        if (at == std::string::npos) continue;
        const auto values = tensor.cast(DType::f64).to_vector<double>();
        std::vector<double>& moments = all[name.substr(0, at)];
        moments.insert(moments.end(), values.begin(), values.end());
    }
    return all;
}

// Update number k of a trainee on each backend, from the same weights.
void compare_update(Trainee& on_cpu, Trainee& on_gpu, int64_t k) {
    randomise(on_cpu);
    randomise(on_gpu);
    on_cpu.update(k), on_gpu.update(k);
    const Figures want = on_cpu.figures(), got = on_gpu.figures();
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < got.size(); ++i) {
        INFO(want[i].first, " ", got[i].second, ", expected ", want[i].second);
        CHECK(got[i].first == want[i].first);
        CHECK(std::fabs(got[i].second - want[i].second) <= kTolerance * std::fabs(want[i].second));
    }
    const auto wanted = first_moments(on_cpu), found = first_moments(on_gpu);
    for (const auto& [optimiser, moments] : wanted) {
        INFO(optimiser);
        CHECK(relative_difference(moments, std::vector<double>(moments.size(), 0)) > 0);
        CHECK(relative_difference(found.at(optimiser), moments) < kTolerance);
    }
}

// Once as it is, and once as the replay of a graph.
void compare_step(const std::string& what, Trainee& on_cpu, Trainee& on_gpu, int64_t k = 0) {
    INFO(what);
    compare_update(on_cpu, on_gpu, k);
    on_gpu.update(k);  // captures the step
    const uint64_t before = gpu::emulated::counters().graph_launches;
    compare_update(on_cpu, on_gpu, k);
    CHECK(gpu::emulated::counters().graph_launches == before + 1);
}

struct Devices {
    std::unique_ptr<Backend> cpu_backend = make_cpu_backend(), gpu_backend = cuda_backend();
    ThreadPool pool{1};
    Context cpu{*cpu_backend, pool, 2}, gpu{*gpu_backend, pool, 2};
};

}  // namespace

TEST_CASE("cuda step: the temporal distance representation, both objectives") {
    const World w;
    Devices d;
    for (TdrObjective objective : {TdrObjective::in_batch, TdrObjective::hilp}) {
        TdrConfig config = w.config.tdr;
        config.objective = objective;
        config.heads = objective == TdrObjective::hilp ? 2 : 1;
        TemporalDistance on_cpu(d.cpu, config, .99, w.trajectories, w.statistics, 0);
        TemporalDistance on_gpu(d.gpu, config, .99, w.trajectories, w.statistics, 0);
        compare_step(objective == TdrObjective::hilp ? "hilp" : "in-batch pairs", on_cpu, on_gpu);
        randomise(on_cpu);  // the step of Adam has moved them apart
        randomise(on_gpu);
        const auto want = on_cpu.embed(w.data.observations.data(), 40),
                   got = on_gpu.embed(w.data.observations.data(), 40);
        CHECK(relative_difference({got.begin(), got.end()}, {want.begin(), want.end()}) < kTolerance);
    }
}

TEST_CASE("cuda step: dynamics and planner with feedback through them, and the guided sampler") {
    const World w;
    Devices d;
    for (DynamicsForm form : {DynamicsForm::one_pass, DynamicsForm::sampled}) {
        DynamicsConfig dynamics = w.config.dynamics;
        dynamics.form = form;
        dynamics.one_pass_share = form == DynamicsForm::one_pass ? 1 : .4;
        dynamics.loop_steps = dynamics.final_steps = 2;
        Dynamics model_cpu(d.cpu, dynamics, w.horizon(), w.map, w.statistics, 0, 0);
        Dynamics model_gpu(d.gpu, dynamics, w.horizon(), w.map, w.statistics, 0, 0);
        compare_step("dynamics", model_cpu, model_gpu);
        randomise(model_cpu);  // the step of Adam has moved them apart
        randomise(model_gpu);
        PlannerConfig config = w.config.planner;
        config.guidance_steps = 1;
        Planner planner_cpu(d.cpu, config, w.map, w.statistics, {&model_cpu}, dynamics, 0);
        Planner planner_gpu(d.gpu, config, w.map, w.statistics, {&model_gpu}, dynamics, 0);
        compare_step("planner", planner_cpu, planner_gpu);

        randomise(planner_cpu);
        randomise(planner_gpu);
        std::vector<StitchEnds> ends;
        for (int64_t i = 0; i < 2; ++i) {
            StitchEnds end;
            const int64_t s = 60 * i, g = 60 * i + 30, l = config.context;
            end.source_states.assign(w.data.observation(s), w.data.observation(s + l));
            end.source_actions.assign(w.data.action(s), w.data.action(s + l - 1));
            end.target_states.assign(w.data.observation(g), w.data.observation(g + l));
            end.target_actions.assign(w.data.action(g), w.data.action(g + l - 1));
            end.steps = 5;
            ends.push_back(end);
        }
        const auto want = planner_cpu.sample(ends, config.hole, 2, {Rng(1), Rng(2)});
        const auto got = planner_gpu.sample(ends, config.hole, 2, {Rng(1), Rng(2)});
        for (size_t i = 0; i < want.size(); ++i)
            for (size_t c = 0; c < want[i].size(); ++c) {
                const auto &a = got[i][c].states, &b = want[i][c].states;
                CHECK(relative_difference({a.begin(), a.end()}, {b.begin(), b.end()}) < 1e-3);
            }
    }
}

TEST_CASE("cuda step: every learner, goal-conditioned and single-task") {
    const World w;
    Devices d;
    for (const std::string learner : {"gcbc", "td3bc", "iql", "iql-awr", "cql", "cql-pure"})
        for (Protocol protocol : {Protocol::goal_conditioned, Protocol::single_task}) {
            if (protocol == Protocol::single_task && learner == "gcbc") continue;
            Config config = w.config;
            if (learner == "cql-pure") config.cql.form = CqlForm::pure;
            if (learner == "iql-awr") config.iql.actor = IqlActor::awr;
            learners::LearningData data;
            data.pools = {{&w.data, 1.0}};
            data.scaling = {{1.5, 1.5}, {1, 1}};
            data.protocol = protocol;
            data.goal_xy = {1, 1};
            const std::string base = learner.substr(0, learner.find('-'));
            auto on_cpu = learners::make_learner(base, d.cpu, config, "pointmaze-medium-v0", data, "policy/test");
            auto on_gpu = learners::make_learner(base, d.gpu, config, "pointmaze-medium-v0", data, "policy/test");
            compare_step(learner, *on_cpu, *on_gpu, 1);  // number 1: TD3's actor moves too
        }
}
