#include "apps/run/summary.h"

#include <cstdio>

#include "apps/run/policy_runs.h"
#include "data/npz.h"

namespace astro::app {

namespace {

double figure(const data::Json& results, const std::string& key) {
    const data::Json* value = results.find(key);
    return value ? value->as_real() : -1;
}

// Projects states to the plane of the picture.
class Plane {
  public:
    explicit Plane(const data::EnvironmentSpec& spec) : spec_(spec) {}

    template <class T>
    void append(std::vector<float>& xy, const T* state) const {
        for (int64_t i : spec_.position) xy.push_back(static_cast<float>(state[i]));
    }
    void append_row(std::vector<float>& xy, const data::Dataset& d, int64_t row) const {
        for (int64_t i : spec_.position) xy.push_back(static_cast<float>(d.state(row, i)));
    }
    std::vector<float> of(const std::vector<float>& states) const {
        std::vector<float> xy;
        for (size_t at = 0; at < states.size(); at += static_cast<size_t>(spec_.state_dim))
            append(xy, states.data() + at);
        return xy;
    }
    std::vector<float> thinned(const data::Dataset& d, int64_t most) const {
        std::vector<float> xy;
        const int64_t n = std::min(most, d.rows);
        for (int64_t i = 0; i < n; ++i) append_row(xy, d, i * d.rows / n);
        return xy;
    }

  private:
    const data::EnvironmentSpec& spec_;
};

void add_points(data::NpzWriter& npz, const std::string& key, const std::vector<float>& xy) {
    npz.add(key, data::NpyArray::from({static_cast<int64_t>(xy.size() / 2), 2}, xy), data::Compression::deflated);
}

// A figure of each policy, FIGURE/ARM/LEARNER, times `scale`.
void print_policies(const data::Json& results, const Config& config, const std::string& name, const char* title,
                    double scale) {
    const bool seeds = config.policy.seeds > 1;
    if (seeds)
        std::printf("\n%s (last checkpoint; mean of %lld seeds, range in brackets)\n", title,
                    static_cast<long long>(config.policy.seeds));
    else
        std::printf("\n%s (last checkpoint; best in brackets)\n", title);
    std::printf("  %-34s", "trained on");
    for (const std::string& learner : config.experiment.learners) std::printf("%16s", learner.c_str());
    std::printf("\n");
    for (const std::string& arm : config.experiment.arms) {
        std::printf("  %-34s", augmenters::row_of(arm).label.c_str());
        for (const std::string& learner : config.experiment.learners) {
            const std::string key = name + "/" + arm + "/" + policy_label(config, learner);
            if (seeds && results.find(key + "/mean"))
                std::printf("%5.0f (%3.0f-%3.0f)", scale * figure(results, key + "/mean"),
                            scale * figure(results, key + "/least"), scale * figure(results, key + "/most"));
            else if (results.find(key + "/last"))
                std::printf("%9.0f  (%3.0f)", scale * figure(results, key + "/last"),
                            scale * figure(results, key + "/best"));
            else
                std::printf("%16s", "-");
        }
        std::printf("\n");
    }
}

// Adds the world itself, because a report must not start the processes of a simulator.
void add_world(data::NpzWriter& npz, const data::WorldPicture& world) {
    std::vector<double> values;
    auto append = [&](const data::WorldPicture::Rectangle& r) {
        values.insert(values.end(), {r.x, r.y, r.width, r.height});
    };
    append(world.bounds);
    for (const data::WorldPicture::Rectangle& wall : world.walls) append(wall);
    npz.add("world_rectangles", data::NpyArray::from({static_cast<int64_t>(values.size() / 4), 4}, values),
            data::Compression::deflated);
    npz.add("world_spacing", data::NpyArray::from({1}, std::vector<double>{world.spacing}),
            data::Compression::deflated);
}

// Adds graph distance and geodesic distance from the start of the first task, for the grid of states of the picture.
void add_fields(data::NpzWriter& npz, StageRunner& runner, const data::Environment& environment) {
    const data::EnvironmentSpec& spec = environment.spec();
    const std::vector<float>& grid = environment.picture()->states;
    if (grid.empty() || !environment.geodesics) return;
    const Plane plane(spec);
    const auto width = static_cast<size_t>(spec.state_dim), points = grid.size() / width;
    const std::vector<double> start = environment.task(1).start;
    const std::vector<float> from(start.begin(), start.end());
    std::vector<float> states = from, distance, truth;
    states.insert(states.end(), grid.begin(), grid.end());
    std::vector<const float*> to;
    for (size_t i = 0; i < points; ++i) to.push_back(grid.data() + i * width);
    for (double way : environment.geodesics(from.data(), to)) truth.push_back(static_cast<float>(way));
    const TemporalMap& map = runner.pipeline().map();
    const std::vector<float> latent =
        runner.pipeline().tdr().embed(runner.pipeline().units().states.rows_inward<float>(states).data(),
                                      static_cast<int64_t>(points + 1));
    const std::vector<int32_t> landmark = nearest_landmarks(runner.context(), map, latent);
    for (size_t i = 1; i <= points; ++i)
        distance.push_back(static_cast<float>(map.graph_distance(
            latent.data(), landmark[0], latent.data() + i * static_cast<size_t>(map.width), landmark[i])));
    add_points(npz, "tdr_from_xy", plane.of(from));
    add_points(npz, "tdr_grid_xy", plane.of(grid));
    const auto count = static_cast<int64_t>(points);
    npz.add("tdr_grid_distance", data::NpyArray::from({count}, distance), data::Compression::deflated);
    npz.add("tdr_grid_geodesic", data::NpyArray::from({count}, truth), data::Compression::deflated);
}

}  // namespace

void print_summary(StageRunner& runner) {
    const data::Json& results = runner.results();
    const Config& config = runner.config();
    const std::string& environment = runner.environment();
    std::printf("\n%s, seed %lld, %lld rows, %lld bridges stitched\n",
                environment.empty() ? config.general.data.c_str() : environment.c_str(),
                static_cast<long long>(config.general.seed), static_cast<long long>(runner.pipeline().train_data().rows),
                static_cast<long long>(figure(results, "augment_bridges")));
    if (const data::Environment* known = data::find_environment(environment)) {
        print_policies(results, config, "success", "success, % of episodes", 100);
        if (known->spec().expert_return != known->spec().random_return)
            print_policies(results, config, "score", "normalised score", 1);
    }
    if (results.find("dvr_bridge_0.5")) {
        std::printf("\ndynamics violations at 0.5 sigma, %% (by the exact simulator unless stated)\n");
        std::printf("  %-34s%16.2f\n", "real transitions", 100 * figure(results, "dvr_real_0.5"));
        std::printf("  %-34s%16.2f\n", "bridges as stored", 100 * figure(results, "dvr_bridge_0.5"));
        std::printf("  %-34s%16.2f\n", "bridges, seam snapped, all attempts",
                    100 * figure(results, "dvr_bridge_snap_before_acceptance_0.5"));
        std::printf("  %-34s%16.2f\n", "bridges, judged by the model", 100 * figure(results, "dvr_bridge_model_0.5"));
    }
    std::printf("\n  %-34s%16.1f\n", "bridges accepted, %", 100 * figure(results, "yield"));
    if (results.find("spearman_closed"))
        std::printf("  %-34s%16.4f\n", "TDR against true distance (rank)", figure(results, "spearman_closed"));
    std::printf("\nfigures   %s\n", runner.folder().file("results.json").c_str());
    std::printf("data      %s\n", runner.folder().file(kAugmentedFile).c_str());
    std::printf("report    %s\n", runner.folder().file("report.html").c_str());
}

void write_pictures(StageRunner& runner, const data::RecordedData& augmented_rows) {
    const data::Dataset& augmented = augmented_rows.recorded;
    const data::Environment* environment = data::find_environment(runner.environment());
    if (!environment || !environment->picture()) return;
    const Plane plane(environment->spec());
    Pipeline& pipeline = runner.pipeline();
    data::NpzWriter npz(runner.folder().file("pictures.npz"), &runner.threads());
    add_world(npz, *environment->picture());
    add_points(npz, "raw_xy", plane.thinned(pipeline.recorded(), 50000));
    add_points(npz, "augmented_xy", plane.thinned(augmented, 50000));

    // Some chains, evenly distributed over the file.
    constexpr int64_t kChains = 12;
    std::vector<float> chain;
    std::vector<int64_t> chain_start;
    std::vector<uint8_t> is_bridge;
    const int64_t shown = std::min(kChains, augmented.episodes());
    for (int64_t c = 0; c < shown; ++c) {
        const int64_t e = c * augmented.episodes() / shown;
        chain_start.push_back(static_cast<int64_t>(chain.size()) / 2);
        for (int64_t t = augmented.episode_start[static_cast<size_t>(e)]; t <= augmented.episode_end(e); ++t) {
            plane.append_row(chain, augmented, t);
            is_bridge.push_back(augmented.is_synthetic[static_cast<size_t>(t)]);
        }
    }
    add_points(npz, "chain_xy", chain);
    npz.add("chain_start", data::NpyArray::from({shown}, chain_start), data::Compression::deflated);
    npz.add("chain_is_bridge", data::NpyArray::from({static_cast<int64_t>(is_bridge.size())}, is_bridge),
            data::Compression::deflated);

    add_fields(npz, runner, *environment);

    std::vector<float> starts, goals;
    for (int64_t number = 1; number <= environment->spec().tasks; ++number) {
        const data::Episode task = environment->task(number);
        plane.append(starts, task.start.data());
        plane.append(goals, task.goal.data());
    }
    add_points(npz, "task_start_xy", starts);
    add_points(npz, "task_goal_xy", goals);

    // Two rollouts per task of the policies of the first learner and seed.
    const std::string& learner = runner.config().experiment.learners.front();
    for (const std::string& arm : runner.config().experiment.arms) {
        ArmData data{arm, &pipeline.train_rows(), augmenters::row_of(arm).make ? &augmented_rows : nullptr};
        std::unique_ptr<learners::Learner> policy = make_policy(runner, runner.context(), {learner, data});
        if (!runner.finished(*policy, "")) continue;
        const Evaluation e = evaluate_policy(runner, *policy, true);
        std::vector<float> path;
        std::vector<int64_t> start;
        std::vector<uint8_t> success;
        const auto each = static_cast<size_t>(runner.config().evaluate.episodes);
        for (size_t i = 0; i < e.outcomes.size(); ++i) {
            if (i % each >= 2) continue;
            start.push_back(static_cast<int64_t>(path.size()) / 2);
            success.push_back(e.outcomes[i].success);
            const std::vector<float> way = plane.of(e.outcomes[i].path);
            path.insert(path.end(), way.begin(), way.end());
        }
        add_points(npz, "rollout_xy/" + arm, path);
        npz.add("rollout_start/" + arm, data::NpyArray::from({static_cast<int64_t>(start.size())}, start),
                data::Compression::deflated);
        npz.add("rollout_success/" + arm, data::NpyArray::from({static_cast<int64_t>(success.size())}, success),
                data::Compression::deflated);
    }
    npz.close();
}

}  // namespace astro::app
