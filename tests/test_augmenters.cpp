// Augmenters: their table and the names that settings accept, the control, stitching through the common interface, and
// a minimal new augmenter of one class and one row.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "astro/learners/learner.h"
#include "astro/seam.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;

namespace {

// Repeats the real episodes in order and adds noise to their states.
class NoisyCopies : public augmenters::Augmenter {
  public:
    explicit NoisyCopies(Pipeline& pipeline) : pipeline_(pipeline) {}

    data::Dataset make(int64_t rows, const augmenters::Progress& progress) override {
        const data::Dataset& real = pipeline_.recorded();
        data::Dataset out;
        out.state_dim = real.state_dim, out.action_dim = real.action_dim;
        const Rng rng = Rng(pipeline_.seed()).stream("noisy");
        for (int64_t e = 0; out.rows < rows; ++e) {
            Rng episode = rng.stream(uint64_t(e));
            const int64_t k = e % real.episodes(), first = real.episode_start[size_t(k)], last = real.episode_end(k);
            for (const float* x = real.observation(first); x != real.observation(last + 1); ++x)
                out.observations.push_back(*x + .01f * float(episode.normal()));
            out.actions.insert(out.actions.end(), real.action(first), real.action(last + 1));
            out.terminals.insert(out.terminals.end(), size_t(last - first), 0);
            out.terminals.push_back(1);
            out.rows = int64_t(out.terminals.size());
            if (progress.made) progress.made(out.rows);
        }
        data::index_episodes(out);
        return out;
    }

  private:
    Pipeline& pipeline_;
};

augmenters::Row noisy_row() {
    return {"noisy", "noisy copies (toy)", {}, {}, [](Pipeline& pipeline, int64_t) {
                return std::unique_ptr<augmenters::Augmenter>(std::make_unique<NoisyCopies>(pipeline));
            }};
}

// Finds the values that --experiment.arms accepts in the description of the setting.
struct ArmsChoices {
    std::vector<std::string> words;
    template <class T>
    void operator()(const char* name, T&, const char*, Source, const Domain& domain) {
        if (std::string(name) == "arms") words = domain.choices;
    }
};
std::vector<std::string> accepted_arms() {
    ExperimentConfig experiment;
    ArmsChoices choices;
    experiment.visit(choices);
    return choices.words;
}

}  // namespace

TEST_CASE("augmenters: settings accept exactly the names in the table, and each name has a label") {
    const std::vector<std::string> names = arm_names();
    CHECK(accepted_arms() == names);
    // These names must not change: they are part of random streams, of keys in results.json and of options.
    CHECK(names == std::vector<std::string>{"raw", "relabel", "duplicate", "augmented", "augmented_relabel", "straight",
                                            "swap"});
    CHECK(ExperimentConfig().arms == default_arms());
    CHECK(default_arms() == std::vector<std::string>{"raw", "duplicate", "augmented"});
    for (const std::string& name : names) {
        const augmenters::Row& row = augmenters::row_of(name);
        CHECK(row.label.size() > 0);
        if (!row.make)
            CHECK(row.stages == (row.relabels ? std::vector<std::string>{"tdr"} : std::vector<std::string>{}));
        if (row.kept)
            CHECK((row.make == augmenters::kept_row().make));  // of the one file that others get as many rows as
    }
    CHECK(augmenters::kept_row().arm == "augmented");
    CHECK(augmenters::row_of("duplicate").stages == std::vector<std::string>{"tdr"});
    CHECK(augmenters::row_of("augmented").stages == std::vector<std::string>{"tdr", "dynamics", "planner"});
    CHECK_FALSE(augmenters::is_arm("stitch"));
    CHECK_THROWS_AS(augmenters::row_of("stitch"), Error);
    CHECK_THROWS_AS(augmenters::make_augmenter("noisy", *small().pipeline, 2), Error);
}

TEST_CASE("augmenters: one class and one row define an arm, and a policy can be trained on its data") {
    const augmenters::AddedRow added(noisy_row());
    CHECK_THROWS_AS(augmenters::AddedRow{noisy_row()}, Error);
    CHECK(arm_names().back() == "noisy");
    CHECK(accepted_arms().back() == "noisy");
    CHECK(augmenters::row_of("noisy").label == "noisy copies (toy)");
    CHECK(default_arms().back() != "noisy");

    Small& s = small();
    const auto augmenter = augmenters::make_augmenter("noisy", *s.pipeline, 2);
    int64_t models = 0, reported = 0;
    augmenter->each_model([&](TrainableModel&, const std::string&) { ++models; });
    CHECK(models == 0);
    const int64_t wanted = s.pipeline->recorded().rows + 100;  // more than the recorded rows
    augmenters::Progress progress;
    progress.made = [&](int64_t rows) { reported = rows; };
    const data::Dataset made = augmenter->make(wanted, progress);
    CHECK(reported == made.rows);
    CHECK(made.rows >= wanted);
    CHECK(made.actions.size() == size_t(made.rows * made.action_dim));
    CHECK(made.observations != s.pipeline->recorded().observations);
    CHECK(augmenter->make(wanted, {}).observations == made.observations);

    learners::LearningData data;
    data.gamma = .99;
    const data::RecordedData rows = data::convert(s.pipeline->units(), made, "toy");
    data.pools.push_back({&rows.data, 1});
    const auto policy = learners::make_learner("gcbc", s.pipeline->context(), s.config, "pointmaze-medium-v0", data,
                                               "policy/noisy/gcbc");
    policy->update(0);
    CHECK(policy->metrics().size() > 0);
    CHECK(s.pipeline->policy_fingerprint("gcbc", &made) != s.pipeline->policy_fingerprint("gcbc", nullptr));
}

TEST_CASE("augmenters: a row added at run time is removed with its AddedRow") {
    { const augmenters::AddedRow added(noisy_row()); }
    CHECK_FALSE(augmenters::is_arm("noisy"));
}

TEST_CASE("control: duplicated rows are real rows, and as many as requested") {
    Small& s = small();
    const data::Dataset d = augmenters::make_augmenter("duplicate", *s.pipeline, 2)->make(5000, {});
    CHECK(d.rows >= 5000);
    CHECK(d.rows < 5300);
    std::set<std::pair<float, float>> known;
    const data::Dataset& source = s.pipeline->recorded();
    for (int64_t t = 0; t < source.rows; ++t) known.insert({source.observation(t)[0], source.observation(t)[1]});
    for (int64_t t = 0; t < d.rows; ++t) CHECK(known.count({d.observation(t)[0], d.observation(t)[1]}) == 1);
}

TEST_CASE("stitch: the common interface makes the data set of the chains and gives all attempts") {
    Small& s = small();
    const auto stitch = augmenters::make_augmenter("augmented", *s.pipeline, 2);
    CHECK(stitch->attempts() == nullptr);
    for (const std::string& stage : augmenters::row_of("augmented").stages)
        for (const TrainableModel* model : s.pipeline->models(stage)) CHECK(model->name() == stage);
    const data::Dataset expected =
        to_dataset(s.made, s.pipeline->train_rows(), s.pipeline->units(), s.pipeline->statistics(), 2);
    const int64_t wanted = s.pipeline->augmented_rows();
    int64_t most = 0;
    size_t so_far = 0;
    augmenters::Progress progress;
    progress.made = [&](int64_t rows) {
        most = std::max(most, rows);
        CHECK(stitch->attempts()->attempts.size() >= so_far);
        so_far = stitch->attempts()->attempts.size();
    };
    const data::Dataset made = stitch->make(wanted, progress);
    CHECK(made.observations == expected.observations);
    CHECK(made.actions == expected.actions);
    CHECK(stitch->attempts()->attempts.size() == s.made.attempts.size());
    CHECK(so_far == s.made.attempts.size());
    CHECK(made.qpos == made.observations);
    CHECK(most == wanted);
    CHECK(augmenters::make_augmenter("augmented", *s.pipeline, 0)->make(wanted / 4, {}).qpos.empty());
}

TEST_CASE("seam: smear distributes the residual over the bridge; snap and open store the states of the bridge") {
    Bridge bridge;
    bridge.states = {1, 2, 3, 4};  // two steps of two dimensions
    const float goal[] = {4, 2};
    float out[2];
    stored_state(bridge, goal, Seam::smear, 0, 2, out);
    CHECK(out[0] == 1.5f);
    CHECK(out[1] == 1.0f);
    stored_state(bridge, goal, Seam::smear, 1, 2, out);
    CHECK(std::equal(out, out + 2, goal));
    for (Seam seam : {Seam::snap, Seam::open}) {
        stored_state(bridge, goal, seam, 1, 2, out);
        CHECK(out[0] == 3);
        CHECK(out[1] == 4);
    }
}
