// The training loop: sequential and parallel training, stopping and resuming, errors for values that are not finite.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "astro/training.h"
#include "data/checkpoint.h"
#include "tensor/tape.h"
#include "tests/error_message.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;

namespace {

struct Walk : TrainableModel {  // its parameters are sums of random numbers
    struct Position {
        Tensor at;
        void visit(nn::ParameterVisitor& v) { v("at", at); }
    };
    int64_t last;
    std::string name_;
    Position position;
    nn::ParameterSet set;
    Walk(const Context& context, int64_t updates, std::string name)
        : TrainableModel(context),
          last(updates),
          name_(std::move(name)),
          position{Tensor::zeros(context.backend, DType::f32, Shape{3})},
          set(position) {}
    std::string name() const override { return name_; }
    int64_t updates() const override { return last; }
    TrainingState state() override {
        TrainingState s;
        s.add("model", set);
        return s;
    }
    void update(int64_t k) override {
        nn::Step step = steps_.begin("", k);
        const Tensor noise =
            step.streams(1, [&](int64_t) { return Rng(1).stream(name_).stream(static_cast<uint64_t>(k)); });
        step.run([&] {
            set.flat().assign(set.flat() + Tensor::normal(Shape{3}, noise));
            step.report("sum", sum(set.flat()));
        });
    }
};

}  // namespace

TEST_CASE("training: parallel and sequential training give the same results, also if stopped and resumed") {
    struct Record {
        std::vector<std::pair<int64_t, double>> metrics;
        std::vector<int64_t> evaluated;
        int64_t updates = 0;
        std::vector<float> end;
    };
    // Trains walks of 23, 40 and 7 updates. If `part` is not 0, they are stopped and resumed after every `part`
    // updates.
    const auto backend = make_cpu_backend();
    auto outcome = [&](int threads, bool together, int64_t part) {
        const TemporaryFolder folder;
        ThreadPool pool(threads);
        std::vector<Record> records(3);
        for (int64_t stop = part;; stop += part) {
            std::vector<std::unique_ptr<Walk>> walks;
            std::vector<Training> trainings;
            for (int64_t updates : {23, 40, 7}) {
                const size_t i = walks.size();
                walks.push_back(std::make_unique<Walk>(Context{*backend, pool}, updates, "walk" + std::to_string(i)));
                TrainingPlan plan;
                plan.folder = folder.path + "/" + walks[i]->name();
                plan.checkpoint_every = 10, plan.metrics_every = 4, plan.stop_after = part > 0 ? stop : -1;
                TrainingObserver observer;
                observer.metrics = [&records, i](int64_t step, const Metrics& f) {
                    records[i].metrics.emplace_back(step, f[0].second);
                };
                observer.evaluation_due = [](int64_t step) { return step % 7 == 0; };
                observer.evaluate = [&records, i](int64_t step) { records[i].evaluated.push_back(step); };
                observer.progress = [&records, i](int64_t, int64_t, const Metrics&) { ++records[i].updates; };
                trainings.push_back({*walks[i], plan, observer});
            }
            bool complete = true;
            if (together)
                complete = train(pool, trainings);
            else
                for (const Training& t : trainings) complete &= train(t.model, t.plan, t.observer);
            CHECK(complete == (part == 0 || stop >= 40));
            if (!complete) continue;
            for (size_t i = 0; i < 3; ++i) {
                records[i].end = walks[i]->set.flat().to_vector<float>();
                CHECK(data::load_checkpoint(folder.path + "/" + walks[i]->name())->step == walks[i]->updates());
            }
            return records;
        }
    };
    const std::vector<Record> plain = outcome(1, false, 0);
    CHECK(plain[0].evaluated == std::vector<int64_t>{7, 14, 21});
    CHECK(plain[0].metrics.size() == 6);
    CHECK(plain[0].metrics.back().first == 23);
    for (int threads : {1, 2, 3})
        for (bool together : {true, false})
            for (int64_t part : {0, 3, 16}) {
                const std::vector<Record> now = outcome(threads, together, part);
                for (size_t i = 0; i < 3; ++i) {
                    CHECK(now[i].metrics == plain[i].metrics);
                    CHECK(now[i].evaluated == plain[i].evaluated);
                    CHECK(now[i].updates == plain[i].updates);
                    CHECK(now[i].end == plain[i].end);
                }
            }
}

TEST_CASE("training: a checkpoint is written before an evaluation; one that failed or was interrupted is repeated") {
    const std::unique_ptr<Backend> backend = make_cpu_backend();
    const TemporaryFolder folder;
    ThreadPool pool(1);
    std::vector<int64_t> evaluated;
    std::string name;
    int64_t updates = 0;
    bool fails = true, stops = false;
    const auto session = [&](int64_t all) {
        Walk walk(Context{*backend, pool}, all, name);
        TrainingPlan plan;
        plan.folder = folder.path + "/" + name, plan.checkpoint_every = 100;
        TrainingObserver observer;
        observer.evaluation_due = [](int64_t step) { return step % 10 == 0; };
        observer.evaluate = [&](int64_t step) {
            if (fails && step == 20) fail(ErrorKind::io, "the simulator has ended");
            evaluated.push_back(step);
        };
        observer.evaluated = [&](int64_t step) {
            return std::find(evaluated.begin(), evaluated.end(), step) != evaluated.end();
        };
        observer.progress = [&](int64_t, int64_t, const Metrics&) { ++updates; };
        observer.interrupted = [&] { return stops && updates == 20; };
        train(walk, plan, observer);
    };
    for (const int64_t all : {30, 20}) {  // after some update, and after the last
        name = "walk" + std::to_string(all);
        evaluated.clear(), updates = 0, fails = true;
        CHECK_THROWS_WITH_AS(session(all), doctest::Contains("the simulator has ended"), Error);
        CHECK(data::load_checkpoint(folder.path + "/" + name)->step == 20);
        fails = false;
        session(all);
        CHECK(updates == all);
        CHECK(evaluated == (all == 30 ? std::vector<int64_t>{10, 20, 30} : std::vector<int64_t>{10, 20}));
        session(all);
        CHECK(ssize(evaluated) == all / 10);

        name += "-interrupted";
        evaluated.clear(), updates = 0, stops = true;
        session(all);
        CHECK(updates == 20);
        CHECK(evaluated == std::vector<int64_t>{10});  // an interruption does not wait for the second one
        stops = false;
        session(all);
        CHECK(updates == all);
        CHECK(ssize(evaluated) == all / 10);
    }
}

namespace {

// A model whose loss is infinite at update number `bad` (from 0).
class Diverging : public TrainableModel {
  public:
    Diverging(const Context& context, std::string name, int64_t updates, int64_t bad)
        : TrainableModel(context),
          name_(std::move(name)),
          updates_(updates),
          bad_(bad),
          net_{Tensor::full(context.backend, DType::f32, Shape{2}, 1)},
          set_(net_) {}
    std::string name() const override { return name_; }
    int64_t updates() const override { return updates_; }
    TrainingState state() override {
        TrainingState s;
        s.add("model", set_);
        return s;
    }
    void update(int64_t k) override {
        nn::Step step = steps_.begin("", k);
        const Tensor factor = step.input(Shape{1}, std::vector<float>{k == bad_ ? 0.0f : 1.0f});
        step.run([&] {
            Tape tape({set_.flat()});
            const Tensor loss = sum(net_.weight / (square(net_.weight) * factor));
            tape.backward(loss);
            step.report("loss", loss);
        });
    }

  private:
    struct Square {
        Tensor weight;
        void visit(nn::ParameterVisitor& v) { v("weight", weight); }
    };
    std::string name_;
    int64_t updates_, bad_;
    Square net_;
    nn::ParameterSet set_;
};

}  // namespace

TEST_CASE("training: a numeric error names the op that caused it, and the last checkpoint is kept") {
    const auto backend = make_cpu_backend();
    const TemporaryFolder folder;
    ThreadPool alone(1);
    Diverging model(Context{*backend, alone}, "diverging", 10, 6);
    TrainingPlan plan;
    plan.folder = folder.path, plan.checkpoint_every = 2;
    std::string message, detail;
    try {
        train(model, plan, {});
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::numeric);
        message = error.what(), detail = error.detail();
    }
    CHECK(message.find("diverging, update 7: loss is inf") != std::string::npos);
    CHECK(message.find("the result of div [2] is not finite") != std::string::npos);
    CHECK(detail.find("-> div [2]") != std::string::npos);
    CHECK(detail.find("square") != std::string::npos);
    CHECK(detail.find("sum") == std::string::npos);
    CHECK(data::load_checkpoint(folder.path)->step == 6);
}

TEST_CASE("training: in parallel, a failure does not stop the others, and the error of the first is thrown") {
    const auto backend = make_cpu_backend();
    for (int threads : {1, 2, 4}) {
        const TemporaryFolder folder;
        ThreadPool pool(threads);
        std::vector<std::unique_ptr<Diverging>> models;
        std::vector<Training> trainings;
        std::vector<std::string> ended;
        auto add = [&](const std::string& name, int64_t updates, int64_t bad) {
            models.push_back(std::make_unique<Diverging>(Context{*backend, pool}, name, updates, bad));
            TrainingPlan plan;
            plan.folder = folder.path + "/" + name, plan.checkpoint_every = 2;
            TrainingObserver observer;
            observer.ended = [&ended, name](int64_t step) { ended.push_back(name + " " + std::to_string(step)); };
            trainings.push_back({*models.back(), plan, observer});
        };
        add("short", 5, -1), add("first", 40, 6), add("second", 40, 2), add("long", 60, -1);
        const std::string message = error_message([&] { train(pool, trainings); }, ErrorKind::numeric);
        std::sort(ended.begin(), ended.end());
        CHECK(ended == std::vector<std::string>{"first 8", "long 60", "second 4", "short 5"});
        CHECK(contains(message, "first, update 7: loss is inf"));
        CHECK(contains(message, "the result of div [2] is not finite"));
        for (const auto& [name, step] : {std::pair{"short", 5}, {"first", 6}, {"second", 2}, {"long", 60}})
            CHECK(data::load_checkpoint(folder.path + "/" + name)->step == step);
    }
}

TEST_CASE("training: in parallel, none waits for another, and only one at a time reports and evaluates") {
    const auto backend = make_cpu_backend();
    ThreadPool pool(3);
    Diverging patient(Context{*backend, pool}, "patient", 4, -1), one(Context{*backend, pool}, "one", 30, -1),
        other(Context{*backend, pool}, "other", 30, -1);
    TrainingPlan plan;
    plan.metrics_every = 1;
    std::atomic<int> reporting{0}, ended{0};
    bool overlapped = false, waited_for_long = false;
    auto report = [&] {
        if (reporting++ > 0) overlapped = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        --reporting;
    };
    TrainingObserver observer;
    observer.metrics = [&](int64_t, const Metrics&) { report(); };
    observer.evaluation_due = [](int64_t) { return true; };
    observer.evaluate = [&](int64_t) { report(); };
    observer.ended = [&](int64_t) { ++ended; };
    TrainingObserver waiting = observer;
    waiting.progress = [&](int64_t step, int64_t,
                           const Metrics&) {  // waits after its first update until the others end
        for (int tries = 0; step == 1 && ended < 2 && !waited_for_long; ++tries) {
            waited_for_long = tries > 5000;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    };
    CHECK(train(pool, {{patient, plan, waiting}, {one, plan, observer}, {other, plan, observer}}));
    CHECK_FALSE(waited_for_long);
    CHECK_FALSE(overlapped);
}
