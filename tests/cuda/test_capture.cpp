// Training steps as graphs: identical results, a single launch without waiting, and reserved memory.
#include "apps/selftest/small_networks.h"
#include "nn/layers.h"
#include "nn/optimiser.h"
#include "tests/cuda/both.h"
#include "tests/cuda_emulation/streams.h"

using namespace astro;
using namespace astro::method;

namespace {

std::vector<std::vector<double>> all_tensors(TrainableModel& model) {
    std::vector<std::vector<double>> all;
    for (auto& [name, tensor] : model.state().tensors) all.push_back(tensor.cast(DType::f64).to_vector<double>());
    return all;
}

constexpr int64_t kCache = 64 << 20;  // cache of the allocator in bytes, so that blocks are reused as on a device

// A model with one small network and one batch. `poison` gives the first input of each update.
struct Small : TrainableModel {
    struct Net {
        nn::Mlp mlp;
        template <class V>
        void visit(V& v) {
            v("net", mlp);
        }
    };
    Net net, slow;
    nn::ParameterSet set, slow_set;
    nn::Adam adam;
    int64_t rows = 5;
    float poison = 1;

    explicit Small(const Context& c) : TrainableModel(c) {
        Rng rng(1);
        nn::MlpSpec spec;
        spec.in = 2, spec.out = 1, spec.width = 9, spec.layers = 1;
        net.mlp = nn::make_mlp({c.backend, DType::f32, rng}, spec);
        slow = net;
        set = nn::ParameterSet(net), slow_set = nn::ParameterSet(slow);
        adam = nn::Adam(set);
    }
    std::string name() const override { return "small"; }
    int64_t updates() const override { return 9; }
    void update(int64_t k) override {
        nn::Step step = steps_.begin(text(rows, " rows"), k);
        std::vector<float> values(static_cast<size_t>(2 * rows), .5f + float(k));
        values[0] = poison;
        const Tensor x = step.input(Shape{rows, 2}, values);
        const Tensor noise = step.streams(1, [&](int64_t) { return Rng(3).stream(static_cast<uint64_t>(k)); });
        adam.prepare(step, 1e-2);
        const Tensor rate = step.number(nn::average_rate(k, .9));
        step.run([&] {
            nn::train_step(
                step, nn::Cut(context_.threads, 1, rows), set, adam, {"loss"},
                [&](const nn::Chunk& c) {
                    return sum(square(net.mlp(c.rows(x)) - c.normal(noise, Shape{c.count, 1})));
                },
                1);
            nn::polyak_update(step, slow_set, set, rate);
        });
    }
    Metrics updated(int64_t k) {
        update(k);
        return metrics();
    }
    TrainingState state() override {
        TrainingState s;
        s.add("model", set);
        s.add("average", slow_set);
        s.add("optimiser", set, adam);
        return s;
    }
};

}  // namespace

TEST_CASE("cuda capture: a replayed step is one upload and one launch; the host waits only for metrics") {
    const auto backend = cuda_backend();
    ThreadPool pool(1);
    Small model(Context{*backend, pool, 1});
    for (int64_t k = 0; k < 2; ++k) model.update(k);
    model.metrics();
    const auto before = gpu::emulated::counters();
    for (int64_t k = 2; k < 12; ++k) model.update(k);
    const auto unread = gpu::emulated::counters();
    CHECK(unread.graph_launches - before.graph_launches == 10);
    CHECK(unread.captured == before.captured);
    CHECK(unread.synchronisations == before.synchronisations);
    CHECK(unread.copies == before.copies);  // the device has not started
    CHECK(unread.launches == before.launches);
    model.metrics();
    const auto after = gpu::emulated::counters();
    CHECK(after.copies - before.copies == 10 + 1);
    CHECK(after.synchronisations - unread.synchronisations == 1);
    CHECK(after.launches - unread.launches > 100);  // kernels in the graphs
}

TEST_CASE("cuda capture: models trained in parallel on separate streams give the same results as alone") {
    const app::SmallWorld w;
    const learners::LearningData data = w.learning_data();
    auto outcome = [&](int threads, int64_t count) {
        ThreadPool pool(threads);
        std::vector<std::unique_ptr<Backend>> backends;
        std::vector<std::unique_ptr<TrainableModel>> models;
        std::vector<Training> trainings;
        TrainingPlan plan;
        plan.metrics_every = 5, plan.stop_after = 12;
        for (int64_t i = 0; i < count; ++i) {
            backends.push_back(cuda_backend());
            models.push_back(learners::make_learner("td3bc", Context{*backends.back(), pool, 1}, w.config,
                                                    "pointmaze-medium-v0", data, "policy/" + std::to_string(i)));
            trainings.push_back({*models.back(), plan, {}});
        }
        train(pool, trainings);
        std::vector<std::vector<std::vector<double>>> all;
        for (const auto& model : models) all.push_back(all_tensors(*model));
        return all;
    };
    const auto alone = outcome(1, 1), in_turn = outcome(1, 3), together = outcome(3, 3);
    CHECK(in_turn[0] == alone[0]);
    CHECK(in_turn[1] != alone[0]);
    CHECK(together == in_turn);
}

TEST_CASE("cuda capture: work that cannot be replayed is rejected, and the next capture works") {
    const auto backend = cuda_backend();
    Tensor x = Tensor::full(*backend, DType::f32, Shape{3}, 2), kept;
    const std::vector<float> host(3, 1.0f);
    CHECK_THROWS_WITH(backend->capture([&] { x = x + Tensor::from(*backend, Shape{3}, host); }),
                      doctest::Contains("an upload inside captured work"));
    CHECK_THROWS_WITH(backend->capture([&] { x.item(); }), doctest::Contains("expected one element"));
    CHECK_THROWS_WITH(backend->capture([&] { x.to_vector<float>(); }),
                      doctest::Contains("a download inside captured work"));
    CHECK_THROWS_WITH(backend->capture([&] { kept = x + x; }), doctest::Contains("keeps memory"));
    kept = Tensor();
    Tensor y = Tensor::zeros(*backend, DType::f32, Shape{3});
    const auto add = backend->capture([&] { y.assign(y + x * 0.5); });
    CHECK(sum(y).item() == 0);  // recording does not execute the work
    for (int round = 1; round <= 3; ++round) {
        add->replay();
        CHECK(sum(y).item() == 3 * round);
    }
    x.fill(4);
    add->replay();
    CHECK(sum(y).item() == 15);
}

TEST_CASE("cuda capture: a value that is not finite fails a captured step, and parameters are unchanged") {
    for (bool capture : {false, true}) {
        CudaOptions options;
        options.capture = capture;
        const auto backend = cuda_backend(options);
        ThreadPool pool(1);
        Small model(Context{*backend, pool, 1});
        for (int64_t k = 0; k < 3; ++k) model.update(k);
        const auto before = all_tensors(model);
        for (float poison : {HUGE_VALF, std::nanf("")}) {
            model.poison = poison;
            ErrorKind kind = ErrorKind::internal;
            std::string message;
            try {
                model.updated(3);
            } catch (const Error& error) {
                kind = error.kind(), message = error.what();
            }
            CHECK(kind == ErrorKind::numeric);
            CHECK(message.find("loss is ") == 0);
            CHECK(all_tensors(model) == before);
            CHECK(model.adam.steps == 3);
        }
        // Valid steps that follow before the host reads the metrics do not change parameters either.
        model.update(3);
        model.poison = 1;
        for (int64_t k = 4; k < 7; ++k) model.update(k);
        try {
            model.metrics();
            FAIL("no failure");
        } catch (const nn::StepFailed& failure) {
            CHECK(failure.update() == 3);
        }
        CHECK(all_tensors(model) == before);
        CHECK(model.adam.steps == 3);
        model.poison = HUGE_VALF;
        // The training loop repeats the update with checks of all ops and names the first op that fails.
        TrainingPlan plan;
        std::string message;
        try {
            train(model, plan, {});
        } catch (const Error& error) {
            message = error.what();
        }
        CHECK(message.find("small, update 1: loss is ") == 0);
        CHECK(message.find("the result of linear [5, 9] is not finite") != std::string::npos);
        model.poison = 1;
        model.update(3);
        CHECK(all_tensors(model) != before);
    }
}

TEST_CASE("cuda capture: updates made before a loss that is not finite are kept, on both backends") {
    // An actor is updated after its critic, as in TD3. Here each has one parameter, which follows its input.
    struct Two : TrainableModel {
        Tensor critic, actor;
        float poison = 1;
        explicit Two(const Context& c)
            : TrainableModel(c),
              critic(Tensor::zeros(c.backend, DType::f32, Shape{1})),
              actor(Tensor::zeros(c.backend, DType::f32, Shape{1})) {}
        std::string name() const override { return "two"; }
        int64_t updates() const override { return 9; }
        void update(int64_t k) override {
            nn::Step step = steps_.begin("both", k);
            const Tensor x = step.input(Shape{2}, std::vector<float>{1, poison}), rate = step.number(.5);
            step.run([&] {
                auto follow = [&](const std::string& loss, Tensor& y, const Tensor& towards) {
                    step.report(loss, towards);
                    context_.backend.lerp(DType::f32, 1, rate.data<double>(), step.failed(), towards.raw(), y.raw());
                };
                follow("critic_loss", critic, x.rows(0, 1));
                follow("actor_loss", actor, x.rows(1, 1));
            });
        }
        TrainingState state() override { return {{{"critic", critic}, {"actor", actor}}, {}}; }
    };
    const auto gpu = cuda_backend(), cpu = make_cpu_backend();
    ThreadPool pool(1);
    for (Backend* backend : {gpu.get(), cpu.get()}) {
        Two model(Context{*backend, pool, 1});
        for (int64_t k = 0; k < 3; ++k) model.update(k);
        CHECK(model.metrics().size() == 2);
        CHECK(model.critic.item() == .875);
        CHECK(model.actor.item() == .875);
        model.poison = HUGE_VALF;
        model.update(3);
        model.poison = 1;
        for (int64_t k = 4; k < 6; ++k) model.update(k);
        CHECK_THROWS_WITH(model.metrics(), doctest::Contains("actor_loss is inf"));
        CHECK(model.critic.item() == .9375);  // only update 3
        CHECK(model.actor.item() == .875);
        model.update(3);
        model.metrics();
        CHECK(model.actor.item() == .9375);
    }
}

TEST_CASE("cuda capture: each shape has its own graph; the memory of graphs is reserved, and released with them") {
    for (int64_t cache : {int64_t{0}, kCache}) {
        CudaOptions cached;
        cached.emulated_cache = cache;
        const auto backend = cuda_backend(cached);
        ThreadPool pool(1);
        const int64_t at_first = backend->allocator().stats().in_use;
        {
            Small model(Context{*backend, pool, 1});
            for (int64_t k = 0; k < 2; ++k) model.update(k);
            const int64_t one = backend->allocator().stats().reserved;
            CHECK(one > 0);
            model.rows = 40;
            for (int64_t k = 2; k < 4; ++k) model.update(k);
            CHECK(backend->allocator().stats().reserved > one);
            // Other code allocates and writes blocks of the same sizes; both graphs still give the same results.
            std::vector<Tensor> others;
            for (int64_t n = 1; n < 200; ++n) others.push_back(Tensor::full(*backend, DType::f32, Shape{n}, 1e30));
            const uint64_t before = gpu::emulated::counters().graph_launches;
            const double forty = model.updated(4)[0].second;
            model.rows = 5;
            const double five = model.updated(5)[0].second;
            CHECK(gpu::emulated::counters().graph_launches - before == 2);
            for (const Tensor& t : others) CHECK(t.norm() == doctest::Approx(1e30 * std::sqrt(double(t.numel()))));
            CudaOptions options;
            options.capture = false;
            const auto plain = cuda_backend(options);
            Small same(Context{*plain, pool, 1});
            for (int64_t k = 0; k < 6; ++k) {
                same.rows = k < 2 || k == 5 ? 5 : 40;
                const double loss = same.updated(k)[0].second;
                if (k == 4) CHECK(loss == forty);
                if (k == 5) CHECK(loss == five);
            }
            // A step whose inputs have other sizes than the recorded steps of its kind.
            nn::Steps steps(*backend, pool, 1);
            auto sum_of = [&](int64_t n, float value) {
                nn::Step step = steps.begin("one kind");
                const Tensor x = step.input(Shape{n}, std::vector<float>(static_cast<size_t>(n), value));
                step.run([&] { step.report("sum", x); });
                return steps.metrics()[0].second;
            };
            // Recordings contain addresses, which change with the sizes. The first three steps are therefore not
            // recorded.
            const uint64_t launched = gpu::emulated::counters().graph_launches;
            float value = 0;
            for (int64_t n : {20, 5000, 20, 5000, 5000, 5000, 5000}) {
                ++value;
                CHECK(sum_of(n, value) == double(n) * value);
            }
            CHECK(gpu::emulated::counters().graph_launches - launched == 3);
            CHECK_THROWS_WITH(sum_of(200, 1),
                              doctest::Contains("other types or shapes than when this kind of step was recorded"));
        }
        CHECK(backend->allocator().stats().reserved == 0);
        CHECK(backend->allocator().stats().in_use == at_first);
    }
}
