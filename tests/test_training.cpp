// The training loop: alone and side by side, stopped and resumed, and what it says of numbers that are not finite.
#include <doctest/doctest.h>

#include "astro/training.h"
#include "data/checkpoint.h"
#include "tensor/tape.h"
#include "tests/temporary_folder.h"

using namespace astro;

TEST_CASE("training: side by side gives what one after the other gives, stopped on the way and resumed or not") {
    struct Walk : Trainee {  // its number is the sum of its draws
        struct Place {
            Tensor at;
            void visit(nn::ParameterVisitor& v) { v("at", at); }
        };
        int64_t last;
        std::string name_;
        Place place;
        nn::ParameterSet set;
        Walk(const Context& context, int64_t updates, std::string name)
            : Trainee(context),
              last(updates),
              name_(std::move(name)),
              place{Tensor::zeros(context.backend, DType::f32, Shape{3})},
              set(place) {}
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
    struct Told {
        std::vector<std::pair<int64_t, double>> metrics;
        std::vector<int64_t> evaluated;
        int64_t updates = 0;
        std::vector<float> end;
    };
    // Trains walks of 23, 40 and 7 updates; in parts of `part` updates where that is not 0.
    const auto backend = make_cpu_backend();
    auto outcome = [&](int threads, bool together, int64_t part) {
        const TemporaryFolder folder;
        ThreadPool pool(threads);
        std::vector<Told> told(3);
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
                observer.metrics = [&told, i](int64_t step, const Figures& f) {
                    told[i].metrics.emplace_back(step, f[0].second);
                };
                observer.evaluation_due = [](int64_t step) { return step % 7 == 0; };
                observer.evaluate = [&told, i](int64_t step) { told[i].evaluated.push_back(step); };
                observer.progress = [&told, i](int64_t, int64_t, const Figures&) { ++told[i].updates; };
                trainings.push_back({*walks[i], plan, observer});
            }
            bool complete = true;
            if (together)
                complete = train(pool, trainings);
            else
                for (const Training& t : trainings) complete &= train(t.trainee, t.plan, t.observer);
            CHECK(complete == (part == 0 || stop >= 40));
            if (!complete) continue;
            for (size_t i = 0; i < 3; ++i) {
                told[i].end = walks[i]->set.flat().to_vector<float>();
                CHECK(data::load_checkpoint(folder.path + "/" + walks[i]->name())->step == walks[i]->updates());
            }
            return told;
        }
    };
    const std::vector<Told> plain = outcome(1, false, 0);
    CHECK(plain[0].evaluated == std::vector<int64_t>{7, 14, 21});
    CHECK(plain[0].metrics.size() == 6);
    CHECK(plain[0].metrics.back().first == 23);
    for (int threads : {1, 2, 3})
        for (bool together : {true, false})
            for (int64_t part : {0, 3, 16}) {
                const std::vector<Told> now = outcome(threads, together, part);
                for (size_t i = 0; i < 3; ++i) {
                    CHECK(now[i].metrics == plain[i].metrics);
                    CHECK(now[i].evaluated == plain[i].evaluated);
                    CHECK(now[i].updates == plain[i].updates);
                    CHECK(now[i].end == plain[i].end);
                }
            }
}

TEST_CASE("training: a numeric failure names the op it began in, and the checkpoint before it stays") {
    struct Square {
        Tensor weight;
        void visit(nn::ParameterVisitor& v) { v("weight", weight); }
    };
    struct Diverging : Trainee {
        Square net;
        nn::ParameterSet set;
        explicit Diverging(const Context& context)
            : Trainee(context), net{Tensor::full(context.backend, DType::f32, Shape{2}, 1)}, set(net) {}
        std::string name() const override { return "diverging"; }
        int64_t updates() const override { return 10; }
        TrainingState state() override {
            TrainingState s;
            s.add("model", set);
            return s;
        }
        void update(int64_t k) override {
            nn::Step step = steps_.begin("", k);
            const Tensor factor = step.input(Shape{1}, std::vector<float>{k == 6 ? 0.0f : 1.0f});
            step.run([&] {
                Tape tape({set.flat()});
                const Tensor loss = sum(net.weight / (square(net.weight) * factor));
                tape.backward(loss);
                step.report("loss", loss);
            });
        }
    };
    const auto backend = make_cpu_backend();
    const TemporaryFolder folder;
    ThreadPool alone(1);
    Diverging trainee(Context{*backend, alone});
    TrainingPlan plan;
    plan.folder = folder.path, plan.checkpoint_every = 2;
    std::string message, detail;
    try {
        train(trainee, plan, {});
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
