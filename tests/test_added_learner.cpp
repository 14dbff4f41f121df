// A minimal new learner of one class and one row. It is created by name, trained, used, saved and restored.
#include <doctest/doctest.h>

#include "astro/learners/learner.h"
#include "tensor/base/rows.h"

using namespace astro;
using namespace astro::method;

namespace {

// Behaviour cloning with one affine map of state and goal: loss = mean |a' - a|^2. It has no settings.
class AffineCloning : public learners::Learner {
  public:
    AffineCloning(const Context& context, const Config& config, const learners::LearningData& data,
                  const std::string& stage)
        : Learner(context, data, 1, 0, stage, uint64_t(config.general.seed)) {
        Rng rng = init_stream();
        nn::MlpSpec spec;  // without hidden layers
        spec.in = sampler_.input_width(), spec.out = sampler_.action_dim();
        actor_.net = nn::make_mlp({context.backend, DType::f32, rng}, spec);
        actor_.actions = spec.out;
        actor_set_ = nn::ParameterSet(actor_);
        optimiser_ = nn::Adam(actor_set_);
    }

    int64_t updates() const override { return 300; }

    void update(int64_t k) override {
        learners::Update u = begin(k, "", 32, stream(k), .02, {&optimiser_}, learners::BatchSampler::Contents::actor);
        u.step.run([&] {
            u.train(actor_set_, optimiser_, {"loss"}, [&](const nn::Chunk& c, const learners::Batch& rows) {
                return c.mean(square(actor_(rows.input) - rows.action));
            });
        });
    }

    TrainingState state() override {
        TrainingState state;
        state.add("model", actor_set_);
        state.add("optimiser", actor_set_, optimiser_);
        return state;
    }

  private:
    nn::Adam optimiser_;
};

std::unique_ptr<learners::Learner> make_affine(const Context& context, const Config& config, const std::string&,
                                               const learners::LearningData& data, const std::string& stage) {
    return std::make_unique<AffineCloning>(context, config, data, stage);
}

learners::Row affine_row() { return {"affine", {}, make_affine}; }

// Three episodes of random states (x, y) with actions (-y, x) / 4.
data::Dataset rotated_states() {
    data::Dataset d;
    d.rows = 60, d.state_dim = d.action_dim = 2;
    Rng rng(9);
    for (int64_t t = 0; t < d.rows; ++t) {
        const float x = float(rng.uniform(-1, 1)), y = float(rng.uniform(-1, 1));
        d.observations.insert(d.observations.end(), {x, y});
        d.actions.insert(d.actions.end(), {-y / 4, x / 4});
        d.terminals.push_back(t % 20 == 19);
    }
    data::index_episodes(d);
    return d;
}

bool accepts(const std::string& learner) {
    const std::vector<std::string> names = learner_names();
    return std::find(names.begin(), names.end(), learner) != names.end();
}

}  // namespace

TEST_CASE("added learner: one class and one row define a policy that can be trained, used, saved and resumed") {
    CHECK_FALSE(accepts("affine"));
    const learners::AddedRow added(affine_row());
    CHECK(accepts("affine"));
    CHECK_THROWS_AS(learners::AddedRow{affine_row()}, Error);
    CHECK(learner_sections("affine").empty());
    Config single;
    single.policy.protocol = Protocol::single_task;
    CHECK_NOTHROW(check_learner("affine", single));

    const auto backend = make_cpu_backend();
    const data::Dataset recorded = rotated_states();
    learners::LearningData data;
    data.pools = {{&recorded, 1.0}};
    const Config config;
    const auto fresh = [&](ThreadPool& pool) {
        return learners::make_learner("affine", Context{*backend, pool, 4}, config, "", data, "policy/raw/affine");
    };
    ThreadPool one(1), two(2);
    const auto policy = fresh(one);
    for (int64_t k = 0; k < 200; ++k) policy->update(k);
    const auto restored = fresh(two);  // another number of threads gives the same results
    TrainingState from = policy->state(), to = restored->state();
    REQUIRE(from.tensors.size() == to.tensors.size());
    for (size_t i = 0; i < to.tensors.size(); ++i) to.tensors[i].second.assign(from.tensors[i].second);
    REQUIRE(from.counters.size() == to.counters.size());
    for (size_t i = 0; i < to.counters.size(); ++i) *to.counters[i].second = *from.counters[i].second;
    for (const auto& learner : {policy.get(), restored.get()})
        for (int64_t k = 200; k < learner->updates(); ++k) learner->update(k);

    const Metrics metrics = policy->metrics();
    REQUIRE(metrics.size() > 0);
    CHECK(metrics[0].first == "loss");
    CHECK(metrics[0].second < 1e-3);
    const std::vector<float> acted = policy->act(recorded.observations, recorded.observations);
    CHECK(acted == restored->act(recorded.observations, recorded.observations));
    for (int64_t i = 0; i < ssize(acted); ++i) CHECK(std::fabs(nth(acted, i) - nth(recorded.actions, i)) < .05f);
}

TEST_CASE(
    "added learner: a learner without a single-task form is rejected there; the row is removed with its AddedRow") {
    {
        learners::Row row = affine_row();
        row.single_task = false;
        const learners::AddedRow added(row);
        Config single;
        single.policy.protocol = Protocol::single_task;
        CHECK_THROWS_AS(check_learner("affine", single), Error);
        CHECK_NOTHROW(check_learner("affine", Config{}));
    }
    CHECK_FALSE(accepts("affine"));
    CHECK_THROWS_AS(learner_sections("affine"), Error);
}
