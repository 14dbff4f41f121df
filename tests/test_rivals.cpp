// The rivals of stitching: goals swapped between episodes that meet, straight bridges, Euclidean distances in place of
// the TDR's, and a planner without training.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "tensor/base/percentile.h"
#include "tensor/squared_distance.h"
#include "tests/error_message.h"
#include "tests/small_pipeline.h"
#include "tests/temporary_folder.h"

using namespace astro;
using namespace astro::method;

namespace {

// A pipeline on the data of small(), with other settings and number of threads; nothing is trained.
std::unique_ptr<Pipeline> pipeline_with(ThreadPool& threads, const Config& config, int64_t episodes = 120,
                                        const std::string& environment = "pointmaze-medium-v0") {
    maze::CollectSpec spec;
    spec.episodes = episodes, spec.seed = 5;
    data::Dataset data = maze::collect(maze::layout("medium"), spec, "train", threads);
    for (float& a : data.actions) a = .3f + 1.7f * a;  // not the units of the method
    return std::make_unique<Pipeline>(Context{*small().backend, threads, 8}, config, std::move(data), std::nullopt,
                                      environment);
}

double state_distance(const data::Dataset& d, int64_t a, int64_t b) {
    return std::sqrt(squared_distance(d.observation(a), d.observation(b), d.state_dim));
}

// Sources and targets of the bridges of a data set, in order.
std::vector<std::pair<int64_t, int64_t>> bridges_of(const data::Dataset& d) {
    std::vector<std::pair<int64_t, int64_t>> found;
    int64_t open = -1;
    for (size_t t = 0; t < d.bridge.size(); ++t) {
        if (d.bridge[t] >= 0 && d.bridge[t] != open) found.push_back({d.source_row[t], d.target_row[t]});
        open = d.bridge[t];
    }
    return found;
}

}  // namespace

TEST_CASE("swap: all rows and actions are recorded, and each jump leads to a state near the one that it replaces") {
    Small& s = small();
    const auto reference = pipeline_with(s.pool, s.config);
    const data::Dataset &real = reference->recorded(), &scaled = reference->train_data();
    // Distances from rows to the nearest row of another episode.
    std::vector<double> nearest;
    for (int64_t a = 0; a + 1 < real.rows; a += 97) {
        double smallest = std::numeric_limits<double>::infinity();
        for (int64_t b = 0; b + 1 < real.rows; ++b)
            if (real.episode_of[size_t(a)] != real.episode_of[size_t(b)] && !real.terminals[size_t(b)])
                smallest = std::min(smallest, state_distance(scaled, a, b));
        nearest.push_back(smallest);
    }
    double before = 0;
    for (double quantile : {.25, .5, .9}) {
        Config config = s.config;
        config.swap.quantile = quantile;
        const auto pipeline = pipeline_with(s.pool, config);
        const auto swap = augmenters::make_augmenter("swap", *pipeline, 2);
        swap->each_model([](TrainableModel&, const std::string&) { FAIL("swap trains nothing"); });
        const int64_t wanted = 20000;
        int64_t reported = 0;
        augmenters::Progress progress;
        progress.made = [&](int64_t rows) { reported = rows; };
        const data::Dataset made = swap->make(wanted, progress);
        CHECK(made.rows >= wanted);
        CHECK(reported == made.rows);
        CHECK(made.qpos == made.observations);
        double farthest = 0;
        int64_t jumps = 0, depth = 0;
        std::set<int32_t> episodes;
        for (int64_t t = 0; t < made.rows; ++t) {
            const int64_t row = made.source_row[size_t(t)];
            CHECK(std::equal(made.observation(t), made.observation(t + 1), real.observation(row)));
            CHECK(std::equal(made.action(t), made.action(t + 1), real.action(row)));
            episodes.insert(real.episode_of[size_t(row)]);
            if (made.terminals[size_t(t)]) {
                CHECK(made.is_synthetic[size_t(t)] == 0);
                CHECK(real.terminals[size_t(row)] == 1);  // the last episode is followed to its end
                CHECK(int64_t(episodes.size()) == depth + 1);
                CHECK(depth <= config.augment.depth);
                depth = 0;
                episodes.clear();
                continue;
            }
            const int64_t next = made.source_row[size_t(t + 1)];
            if (!made.is_synthetic[size_t(t)]) {
                CHECK(next == row + 1);
                continue;
            }
            ++jumps, ++depth;
            CHECK(next == made.target_row[size_t(t)]);
            CHECK(real.episode_of[size_t(next)] != real.episode_of[size_t(row)]);
            farthest = std::max(farthest, state_distance(scaled, row + 1, next));
            CHECK(made.arrival_error[size_t(t)] > 0);
        }
        CHECK(jumps > 50);
        CHECK(farthest > before);
        CHECK(farthest <= percentile(nearest, std::min(100.0, 100 * quantile + 8)));
        CHECK(farthest >= percentile(nearest, 100 * quantile - 8));
        before = farthest;
    }
}

TEST_CASE("swap: the same for any number of threads; data without meetings are an error") {
    Small& s = small();
    ThreadPool one(1), three(3);
    const auto alone = pipeline_with(one, s.config), together = pipeline_with(three, s.config);
    const data::Dataset a = augmenters::make_augmenter("swap", *alone, 2)->make(9000, {}),
                        b = augmenters::make_augmenter("swap", *together, 2)->make(9000, {});
    CHECK(a.observations == b.observations);
    CHECK(a.actions == b.actions);
    CHECK(a.bridge == b.bridge);

    const auto lonely = pipeline_with(s.pool, s.config, 2);  // one of them is held out
    CHECK(contains(error_message([&] { augmenters::make_augmenter("swap", *lonely, 2)->make(100, {}); }),
                   "there are no two episodes"));
    Config narrow = s.config;
    narrow.swap.quantile = .01, narrow.augment.targets_per_cut = 1, narrow.augment.chains = 1;
    const auto apart = pipeline_with(s.pool, narrow, 10);
    CHECK(contains(error_message([&] { augmenters::make_augmenter("swap", *apart, 2)->make(1, {}); }),
                   "hint: a larger --swap.quantile"));
}

TEST_CASE("straight: cuts and targets are those of stitching, states lie on the line, actions by the inverse model") {
    Small& s = small();
    Pipeline& pipeline = *s.pipeline;
    const auto straight = augmenters::make_augmenter("straight", pipeline, 2);
    std::vector<TrainableModel*> models;
    std::vector<std::string> fingerprints;
    straight->each_model([&](TrainableModel& model, const std::string& fingerprint) {
        models.push_back(&model);
        fingerprints.push_back(fingerprint);
    });
    REQUIRE(models.size() == 1);  // the TDR is a stage of the pipeline, which its row names
    CHECK(augmenters::row_of("straight").stages == std::vector<std::string>{"tdr"});
    CHECK(models[0]->name() == "inverse_model");
    CHECK(fingerprints[0] == pipeline.fingerprint_of_sections({"straight"}));

    // Median error of the first actions: a step of the maze is .2 a where no wall is near.
    auto action_error = [](const data::Dataset& d) {
        std::vector<double> errors;
        for (int64_t t = 0; t + 1 < d.rows; ++t)
            if (d.is_synthetic[size_t(t)])
                for (int i = 0; i < 2; ++i)
                    errors.push_back(
                        std::fabs(double(d.observation(t + 1)[i]) - double(d.observation(t)[i]) - .2 * d.action(t)[i]));
        return percentile(errors, 50);
    };
    const int64_t wanted = 6000;
    const double untrained = action_error(straight->make(wanted, {}));
    Small::train(*models[0]);
    const data::Dataset made = straight->make(wanted, {});
    CHECK(made.rows >= wanted);
    CHECK(action_error(made) < .25 * untrained);

    // The planner's chains, if all of its bridges are accepted.
    const TargetIndex index(s.pool, s.config.selection, pipeline.map(), pipeline.statistics(), s.config.planner.gap + 1,
                            s.config.planner.context, pipeline.seed());
    AcceptanceBounds every_bridge;
    every_bridge.arrival = every_bridge.largest_step = every_bridge.disagreement = 1e9;
    const Augmentation planned =
        build_chains(pipeline.context(), s.config.augment, pipeline.map(), index, pipeline.planner(),
                     pipeline.statistics(), every_bridge, s.config.selection, pipeline.seed(), wanted, {});
    const data::Dataset other = to_dataset(planned, pipeline.train_rows(), pipeline.units(), pipeline.statistics(), 2);
    CHECK(bridges_of(made) == bridges_of(other));
    CHECK(made.rows == other.rows);

    const data::Dataset& real = pipeline.recorded();
    int64_t bridges = 0;
    for (int64_t t = 0; t < made.rows; ++t) {
        CHECK(made.arrival_error[size_t(t)] == 0);
        if (!made.is_synthetic[size_t(t)] || made.bridge[size_t(t)] == made.bridge[size_t(t - 1)]) continue;
        ++bridges;
        int64_t steps = 1;
        while (made.is_synthetic[size_t(t + steps)]) ++steps;
        CHECK(steps == s.config.planner.gap + 1);
        const float *from = real.observation(made.source_row[size_t(t)]),
                    *to = real.observation(made.target_row[size_t(t)]);
        CHECK(std::equal(to, to + 2, made.observation(t + steps)));
        for (int64_t j = 0; j < steps; ++j)
            for (int i = 0; i < 2; ++i) {
                const double share = double(j) / double(steps);
                CHECK(made.observation(t + j)[i] ==
                      doctest::Approx((1 - share) * double(from[i]) + share * double(to[i])).epsilon(1e-4));
                CHECK(std::fabs(made.action(t + j)[i]) <= 1.001);
            }
    }
    CHECK(bridges > 30);
}

TEST_CASE("straight: without a target the reason is named") {
    Config config = small().config;
    config.augment.mono_progress = 1e6;  // no chain leads so far
    const auto pipeline = pipeline_with(small().pool, config);
    Small::train(pipeline->tdr());
    const auto straight = augmenters::make_augmenter("straight", *pipeline, 2);
    CHECK(contains(error_message([&] { straight->make(1000, {}); }),
                   "cuts have rows of other episodes within reach, but none of these rows leads a chain 1e+06 steps "
                   "farther from its start (augment.mono_progress) without a detour (augment.detour); hint: "));
}

TEST_CASE("distances: a Euclidean map measures scaled columns, a bridge's travel is as long as its steps") {
    Small& s = small();
    Pipeline& pipeline = *s.pipeline;
    const TemporalMap &by_tdr = pipeline.map(), &held_out = pipeline.validation_map();
    const data::Dataset& d = pipeline.train_data();
    const std::vector<double>& sigma = pipeline.statistics().sigma_delta;
    for (const std::vector<int64_t>& columns : {std::vector<int64_t>{0, 1}, {1}}) {
        const TemporalMap map = build_euclidean_map(pipeline.context(), by_tdr, held_out, columns,
                                                    pipeline.statistics(), pipeline.config());
        CHECK(map.width == int64_t(columns.size()));
        CHECK(map.arrival == by_tdr.arrival);
        auto euclid = [&](int64_t a, int64_t b) {
            double square = 0;
            for (int64_t i : columns) {
                const double x = (double(d.observation(a)[i]) - double(d.observation(b)[i])) / sigma[size_t(i)];
                square += x * x;
            }
            return std::sqrt(square);
        };
        const int64_t steps = s.config.planner.gap + 1;
        std::vector<double> travelled;
        for (int64_t t = 0; t + steps < d.rows; ++t)
            if (map.data->segment(t) == map.data->segment(t + steps) && map.in_travel(t + steps))
                travelled.push_back(euclid(t, t + steps));
        const double unit = upper_median(travelled) / double(steps);
        Rng rng(3);
        for (int k = 0; k < 200; ++k) {
            const int64_t a = rng.below(d.rows), b = rng.below(d.rows);
            CHECK(map.steps(a, b) == doctest::Approx(std::max(1e-3, euclid(a, b) / unit)).epsilon(1e-3));
            // Closed over the graph, distances are no shorter, except by the way to the nearest landmarks.
            CHECK(map.graph_distance(a, b) >= map.steps(a, b) - 8);
        }
        CHECK(map.landmarks() > 10);
        CHECK(map.calibration.steps(map.calibration.predicted(7)) == doctest::Approx(7));
    }
}

TEST_CASE("distances: selection.distance decides which map targets and chains use, and belongs to the fingerprint") {
    Small& s = small();
    CHECK(&s.pipeline->selection_map() == &s.pipeline->map());
    auto with = [&](SelectionDistance distance, std::vector<int64_t> position) {
        Config config = s.config;
        config.selection.distance = distance;
        config.metrics.position = std::move(position);
        return pipeline_with(s.pool, config);
    };
    std::set<std::string> fingerprints;
    const auto by_tdr = with(SelectionDistance::tdr, {-1}), all = with(SelectionDistance::euclid, {-1}),
               named = with(SelectionDistance::euclid_position, {-1}),
               chosen = with(SelectionDistance::euclid_position, {1, 1});
    for (const auto* pipeline : {&by_tdr, &all, &named, &chosen}) {
        CHECK(fingerprints.insert((*pipeline)->fingerprint("augment")).second);
        CHECK((*pipeline)->fingerprint("planner") == by_tdr->fingerprint("planner"));
    }
    Small::train(all->tdr());
    Small::train(named->tdr());
    CHECK(all->selection_map().latent == named->selection_map().latent);  // the state is the position
    CHECK(all->selection_map().latent != all->map().latent);

    // Straight bridges need no planner: their targets are within the reach of that distance.
    const auto straight = augmenters::make_augmenter("straight", *all, 2);
    const data::Dataset made = straight->make(4000, {});
    const TemporalMap& map = all->selection_map();
    const double reach = map.calibration.predicted(double(s.config.planner.gap + 1));
    const auto bridges = bridges_of(made);
    CHECK(bridges.size() > 20);
    for (const auto& [source, target] : bridges) CHECK(map.steps(source, target) <= reach + 1e-3);

    Config config = s.config;
    config.selection.distance = SelectionDistance::euclid_position;
    CHECK(contains(error_message([&] { pipeline_with(s.pool, config, 20, "unknown"); }, ErrorKind::usage),
                   "hint: --metrics.position 0,1 if these are x and y"));
    config.metrics.position = {0, 1};
    CHECK_NOTHROW(pipeline_with(s.pool, config, 20, "unknown"));
}

TEST_CASE("planner: without updates it is saved and loaded as a trained stage, and guidance alone makes its bridges") {
    Small& s = small();
    Config config = s.config;
    config.planner.network.updates = 0;
    const auto pipeline = pipeline_with(s.pool, config);
    Small::train(pipeline->tdr());
    Small::train(pipeline->dynamics(0));
    Planner& planner = pipeline->planner();
    const TemporaryFolder folder;
    TrainingPlan plan;
    plan.folder = folder / "planner";
    plan.fingerprint = "f";
    TrainingObserver observer;
    observer.metrics = [](int64_t, const Metrics&) { FAIL("there is no update to report"); };
    observer.evaluation_due = [](int64_t) { return true; };
    observer.evaluate = [](int64_t) { FAIL("there is no update to evaluate"); };
    for (int again = 0; again < 2; ++again) {
        CHECK(train(planner, plan, observer));
        CHECK(load_state(planner, plan.folder, "f", {}) == 0);
    }
    auto median_error = [&](int64_t guidance) {
        Config guided = config;
        guided.planner.sampling.final_guidance_steps = guidance;
        Planner untrained(pipeline->context(), guided.planner, pipeline->map(), pipeline->statistics(),
                          {&pipeline->dynamics(0)}, guided.dynamics, 1);
        const std::vector<StitchEnds> ends =
            untrained.window_ends(pipeline->validation(), pipeline->tdr(), pipeline->validation_map().arrival, 40);
        std::vector<Rng> streams;
        for (size_t i = 0; i < ends.size(); ++i) streams.push_back(Rng(1).stream(i));
        std::vector<double> errors;
        for (const auto& candidates : untrained.sample(ends, config.planner.gap, 1, streams))
            errors.push_back(candidates[0].error);
        return percentile(errors, 50);
    };
    CHECK(median_error(10) < .2 * median_error(0));
}
