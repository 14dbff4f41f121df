// Minibatches of the learners: rows, goals, labels and returns.
#include <doctest/doctest.h>

#include <cmath>

#include "astro/learners/gcbc.h"
#include "tests/numbered_episodes.h"
#include "tests/small_pipeline.h"

using namespace astro;
using namespace astro::method;
using namespace astro::method::learners;

TEST_CASE("batches: transitions stay in their episodes; goals and labels follow their definitions") {
    auto backend = make_cpu_backend();
    const data::Dataset d = numbered_episodes();
    LearningData data;
    data.pools = {{&d, 1.0}};
    const BatchSampler sampler(data, .2, .5);
    nn::Inputs inputs(*backend);
    ThreadPool threads(2);
    const Batch b = sampler.draw(threads, inputs, 512, Rng(3));
    inputs.upload();
    const auto actor = b.input.to_vector<float>(), value = b.value_input.to_vector<float>(),
               next = b.next_input.to_vector<float>();
    const auto reward = b.reward.to_vector<float>(), mask = b.mask.to_vector<float>();
    int64_t same = 0, elsewhere = 0;
    for (size_t i = 0; i < 512; ++i) {
        CHECK(next[4 * i] == value[4 * i]);              // the same episode
        CHECK(next[4 * i + 1] == value[4 * i + 1] + 1);  // one step later
        // The actor's goal: later in the same trajectory, or its last transition.
        CHECK(actor[4 * i + 2] == actor[4 * i]);
        CHECK(actor[4 * i + 3] >= std::min(actor[4 * i + 1], 8.0f));
        const bool hit = value[4 * i] == value[4 * i + 2] && value[4 * i + 1] == value[4 * i + 3];
        CHECK(reward[i] == (hit ? 0.0f : -1.0f));
        CHECK(mask[i] == (hit ? 0.0f : 1.0f));
        same += hit;
        elsewhere += value[4 * i] != value[4 * i + 2];
    }
    CHECK(same > 80);
    CHECK(elsewhere > 60);
    data.protocol = Protocol::single_task;
    data.pools[0].labels = data::relabel_singletask(d, *data::find_environment("pointmaze-medium-v0"), {2, 5});
    const Batch s = BatchSampler(data, 0, 0).draw(threads, inputs, 512, Rng(4));
    inputs.upload();
    const auto in = s.input.to_vector<float>(), r = s.reward.to_vector<float>();
    for (size_t i = 0; i < 512; ++i) {  // the label depends on s
        const bool near = std::hypot(in[2 * i] - 2, in[2 * i + 1] - 5) <= 1;
        CHECK(r[i] == (near ? 0.0f : -1.0f));
    }
}

TEST_CASE("batches: returns of n steps end at the goal, at the end of the task and at the end of the episode") {
    auto backend = make_cpu_backend();
    const data::Dataset d = numbered_episodes();
    const double gamma = .9;
    LearningData data;
    data.gamma = gamma;
    data.pools = {{&d, 1.0}};
    ThreadPool threads(2);
    const auto row_of = [](const float* state) { return int64_t(state[0]) * 10 + int64_t(state[1]); };
    for (const bool goals : {true, false}) {
        if (!goals) {
            data.protocol = Protocol::single_task;
            for (int64_t row = 0; row < d.rows; ++row) {  // the task ends at the seventh row of an episode
                data.pools[0].labels.rewards.push_back(row % 10 == 6 ? 0.0f : -1.0f);
                data.pools[0].labels.masks.push_back(row % 10 == 6 ? 0.0f : 1.0f);
            }
        }
        for (const int64_t steps : {1, 3, 50}) {
            BatchSampler sampler(data, .2, .5);
            sampler.draw_returns(steps);
            nn::Inputs inputs(*backend);
            const Batch b = sampler.draw(threads, inputs, 512, Rng(3));
            inputs.upload();
            const auto now = b.value_input.to_vector<float>(), next = b.next_input.to_vector<float>(),
                       reward = b.reward.to_vector<float>(), mask = b.mask.to_vector<float>();
            const size_t width = now.size() / 512;
            int64_t ended = 0, cut = 0;
            for (size_t i = 0; i < 512; ++i) {
                const int64_t row = row_of(&now[width * i]),
                              goal = goals ? row_of(&now[width * i + 2]) : row / 10 * 10 + 6;
                // The return ends before `stop`: at the goal, after n transitions, or at the last row of the episode.
                const bool ahead = goal >= row && goal < row + steps && goal <= row / 10 * 10 + 8;
                const int64_t stop = ahead ? goal + 1 : std::min(row + steps, row / 10 * 10 + 9), n = stop - row;
                CHECK(row_of(&next[width * i]) == stop);
                const double paid = ahead ? double(n - 1) : double(n);  // steps of reward -1
                CHECK(reward[i] == doctest::Approx(-(1 - std::pow(gamma, paid)) / (1 - gamma)));
                CHECK(mask[i] == doctest::Approx(ahead ? 0 : std::pow(gamma, double(n - 1))));
                ended += ahead, cut += !ahead && n < steps;
            }
            CHECK(ended > 40);
            CHECK((steps == 1) == (cut == 0));
        }
    }
}

TEST_CASE("batches: with goals relabelled by the rule weighted, rows have weights, and cloning uses them") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    Config config = s.config;
    config.relabel.rule = RelabelRule::weighted;
    LearningData data;
    data.pools = {{&d, 1.0}};
    data.pools[0].relabeller = std::make_shared<GoalRelabeller>(s.pipeline->context(), config.relabel, map, map.latent);
    data.pools[0].relabelled_goals = &d;
    nn::Inputs inputs(*s.backend);
    const Batch b = BatchSampler(data, .2, .5).draw(s.pool, inputs, 256, Rng(3));
    inputs.upload();
    const auto weight = b.weight.to_vector<float>();
    REQUIRE(weight.size() == 256);
    int64_t full = 0, small_weights = 0;
    for (const float w : weight) full += w == 1, small_weights += w < .1f;
    CHECK(full > 50);  // hindsight goals, and rows that approach their goals as fast as possible
    CHECK(small_weights > 20);

    // The loss is the weighted mean, and that of cloning if all weights are 1.
    const nn::Chunk whole{0, 0, 2, 2};
    const Tensor pi = Tensor::from(*s.backend, Shape{2, 2}, std::vector<float>{1, 2, 5, 6});
    const Tensor a = Tensor::from(*s.backend, Shape{2, 2}, std::vector<float>{3, 3, -7, 0});
    const auto weights = [&](float x, float y) {
        return Tensor::from(*s.backend, Shape{2, 1}, std::vector<float>{x, y});
    };
    CHECK(cloning_loss(whole, pi, a, weights(.5, 0)).item() == doctest::Approx(.5 * 5 / 4));
    CHECK(cloning_loss(whole, pi, a, weights(1, 1)).item() == cloning_loss(whole, pi, a).item());

    std::vector<std::vector<float>> acted;
    for (const double beta : {0.0, 3.0}) {  // with beta 0 all weights are 1
        config.relabel.beta = beta;
        data.pools[0].relabeller =
            std::make_shared<GoalRelabeller>(s.pipeline->context(), config.relabel, map, map.latent);
        auto policy = make_learner("gcbc", s.pipeline->context(), config, "pointmaze-medium-v0", data, "policy/test");
        for (int64_t k = 0; k < 3; ++k) policy->update(k);
        acted.push_back(policy->act(d.observations, d.observations));
    }
    CHECK(acted[0] != acted[1]);
}

TEST_CASE("batches: subgoals towards relabelled goals lie on the way, or k steps ahead if goals may lie anywhere") {
    Small& s = small();
    const TemporalMap& map = s.pipeline->map();
    const data::Dataset& d = s.pipeline->train_data();
    Config config = s.config;
    config.relabel.share = 1;
    for (const RelabelRule rule : {RelabelRule::on_the_way, RelabelRule::weighted}) {
        config.relabel.rule = rule;
        LearningData data;
        data.pools = {{&d, 1.0}};
        data.pools[0].relabeller =
            std::make_shared<GoalRelabeller>(s.pipeline->context(), config.relabel, map, map.latent);
        data.pools[0].relabelled_goals = &d;
        BatchSampler sampler(data, .2, .5);
        sampler.draw_subgoals(1000);  // the last row of the episode
        nn::Inputs inputs(*s.backend);
        const Batch b = sampler.draw(s.pool, inputs, 256, Rng(3));
        inputs.upload();
        const auto last = b.subgoal.to_vector<float>(), target = b.high_target.to_vector<float>(),
                   in = b.input.to_vector<float>();
        const auto weight = b.weight.defined() ? b.weight.to_vector<float>() : std::vector<float>();
        int64_t on_the_way = 0, anywhere = 0;
        for (size_t i = 0; i < 256; ++i) {
            const bool same = std::equal(&target[2 * i], &target[2 * i] + 2, &last[2 * i]);
            const bool relabelled = !std::equal(&target[2 * i], &target[2 * i] + 2, &in[4 * i + 2]);
            on_the_way += relabelled && !same;
            if (rule == RelabelRule::on_the_way || weight[i] == 1) continue;
            CHECK(same);
            ++anywhere;
        }
        CHECK((rule == RelabelRule::on_the_way ? on_the_way : anywhere) > 30);
    }
}

TEST_CASE("value.return_steps changes IQL, TD3+BC and CQL, and no other learner") {
    auto backend = make_cpu_backend();
    ThreadPool threads(2);
    const data::Dataset d = numbered_episodes();
    LearningData data;
    data.pools = {{&d, 1.0}};
    for (const std::string& learner : learner_names()) {
        std::vector<std::vector<float>> acted;
        for (const int64_t steps : {1, 3}) {
            Config config;
            apply_preset(config, "tiny");
            config.value.return_steps = steps;
            auto policy = make_learner(learner, Context{*backend, threads, 8}, config, "pointmaze-medium-v0", data,
                                       "policy/test/" + learner);
            for (int64_t k = 0; k < 3; ++k) policy->update(k);
            acted.push_back(policy->act(d.observations, d.observations));
        }
        INFO(learner);
        CHECK((acted[0] != acted[1]) == (learner == "iql" || learner == "td3bc" || learner == "cql"));
    }
}
