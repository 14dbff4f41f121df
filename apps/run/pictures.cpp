// pictures.npz: what the report draws.
#include "apps/run/pictures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/run/policies.h"
#include "astro/principal_plane.h"
#include "data/environment.h"
#include "data/npz.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr int64_t kPoints = 50000;  // most points of a data set

// At most `most` of n rows, evenly spaced.
std::vector<int64_t> thinned(int64_t n, int64_t most) {
    std::vector<int64_t> rows;
    const int64_t used = std::min(most, n);
    for (int64_t i = 0; i < used; ++i) rows.push_back(i * n / used);
    return rows;
}

// The plane of the pictures: two columns of the states; or, where nothing says which, the two principal directions of
// their latents.
class Plane {
  public:
    Plane(StageRunner& runner, std::vector<int64_t> columns) : runner_(runner), columns_(std::move(columns)) {
        if (!columns_.empty()) return;
        const TemporalMap& map = runner.pipeline().map();
        std::vector<float> sample;
        for (int64_t row : thinned(map.data->dataset->rows, 5000))
            sample.insert(sample.end(), map.at(row), map.at(row) + map.width);
        principal_ = principal_plane(sample, map.width);
    }

    // Rows of a data set, as x and y one after another.
    std::vector<float> of_rows(const data::RecordedData& d, const std::vector<int64_t>& rows) const {
        std::vector<float> xy, states;
        for (int64_t row : rows)
            if (columns_.empty())
                states.insert(states.end(), d.data.observation(row), d.data.observation(row + 1));
            else
                for (int64_t i : columns_) xy.push_back(static_cast<float>(d.recorded.state(row, i)));
        if (!columns_.empty()) return xy;
        const std::vector<float> latent = runner_.pipeline().tdr().embed(states.data(), ssize(rows));
        for (size_t i = 0; i < rows.size(); ++i) {
            const auto [x, y] = principal_.project(latent.data() + i * to_size(principal_.width));
            xy.push_back(static_cast<float>(x)), xy.push_back(static_cast<float>(y));
        }
        return xy;
    }
    // States of the environment that names the columns.
    template <class T>
    void append(std::vector<float>& xy, const T* state) const {
        for (int64_t i : columns_) xy.push_back(static_cast<float>(state[i]));
    }
    std::vector<float> of(const std::vector<float>& states, int64_t width) const {
        std::vector<float> xy;
        for (size_t at = 0; at < states.size(); at += to_size(width)) append(xy, states.data() + at);
        return xy;
    }
    // What x and y are, in words.
    std::string axes() const {
        if (!columns_.empty()) return text("columns ", columns_[0], " and ", columns_[1], " of the states");
        return text("the two principal directions of the latents, with ", std::lround(100 * principal_.share_x),
                    " % and ", std::lround(100 * principal_.share_y), " % of their variance");
    }

  private:
    StageRunner& runner_;
    std::vector<int64_t> columns_;
    PrincipalPlane principal_;
};

void add_points(data::NpzWriter& npz, const std::string& key, const std::vector<float>& xy) {
    npz.add(key, data::NpyArray::from({static_cast<int64_t>(xy.size() / 2), 2}, xy), data::Compression::deflated);
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

// A world without walls, around the points.
data::WorldPicture world_around(const std::vector<float>& xy) {
    double low[2], high[2];
    for (size_t i : {size_t{0}, size_t{1}}) {
        low[i] = std::numeric_limits<double>::infinity(), high[i] = -low[i];
        for (size_t at = i; at < xy.size(); at += 2)
            low[i] = std::min(low[i], double(xy[at])), high[i] = std::max(high[i], double(xy[at]));
        const double margin = .03 * (high[i] - low[i]);
        low[i] -= margin, high[i] += margin;
    }
    data::WorldPicture world;
    world.bounds = {low[0], low[1], high[0] - low[0], high[1] - low[1]};
    world.spacing = std::max(world.bounds.width, world.bounds.height) / 100;
    return world;
}

// Adds graph distance and geodesic distance from the start of the first task, for the grid of states of the picture.
void add_fields(data::NpzWriter& npz, StageRunner& runner, const data::Environment& environment, const Plane& plane) {
    const data::EnvironmentSpec& spec = environment.spec();
    const std::vector<float>& grid = environment.picture()->states;
    if (grid.empty() || !environment.geodesics) return;
    const auto width = to_size(spec.state_dim), points = grid.size() / width;
    const std::vector<double> start = environment.task(1).start;
    const std::vector<float> from(start.begin(), start.end());
    std::vector<float> states = from, distance, truth;
    states.insert(states.end(), grid.begin(), grid.end());
    std::vector<const float*> to;
    for (size_t i = 0; i < points; ++i) to.push_back(grid.data() + i * width);
    for (double way : environment.geodesics(from.data(), to)) truth.push_back(static_cast<float>(way));
    const TemporalMap& map = runner.pipeline().map();
    const std::vector<float> latent = runner.pipeline().tdr().embed(
        runner.pipeline().units().states.rows_inward<float>(states).data(), static_cast<int64_t>(points + 1));
    const std::vector<int32_t> landmark = nearest_landmarks(runner.context(), map, latent);
    for (size_t i = 1; i <= points; ++i)
        distance.push_back(static_cast<float>(
            map.graph_distance(latent.data(), landmark[0], latent.data() + i * to_size(map.width), landmark[i])));
    add_points(npz, "tdr_from_xy", plane.of(from, spec.state_dim));
    add_points(npz, "tdr_grid_xy", plane.of(grid, spec.state_dim));
    const auto count = static_cast<int64_t>(points);
    npz.add("tdr_grid_distance", data::NpyArray::from({count}, distance), data::Compression::deflated);
    npz.add("tdr_grid_geodesic", data::NpyArray::from({count}, truth), data::Compression::deflated);
}

}  // namespace

namespace {

// Some chains, evenly distributed over the file.
void add_chains(data::NpzWriter& npz, const Plane& plane, const data::RecordedData& augmented_rows) {
    const data::Dataset& augmented = augmented_rows.recorded;
    constexpr int64_t kChains = 12;
    std::vector<int64_t> chain, chain_start;
    std::vector<uint8_t> is_bridge;
    const int64_t shown = std::min(kChains, augmented.episodes());
    for (int64_t c = 0; c < shown; ++c) {
        const int64_t e = c * augmented.episodes() / shown;
        chain_start.push_back(ssize(chain));
        for (int64_t t = nth(augmented.episode_start, e); t <= augmented.episode_end(e); ++t) {
            chain.push_back(t);
            is_bridge.push_back(augmented.is_synthetic.empty() ? uint8_t{0} : nth(augmented.is_synthetic, t));
        }
    }
    add_points(npz, "chain_xy", plane.of_rows(augmented_rows, chain));
    npz.add("chain_start", data::NpyArray::from({shown}, chain_start), data::Compression::deflated);
    npz.add("chain_is_bridge", data::NpyArray::from({ssize(is_bridge)}, is_bridge), data::Compression::deflated);
}

}  // namespace

void write_pictures(StageRunner& runner, const data::RecordedData* augmented) {
    Pipeline& pipeline = runner.pipeline();
    const std::vector<std::string> stages = stages_of_experiment(runner.config());
    const bool distances = std::count(stages.begin(), stages.end(), "tdr") > 0;
    const data::Environment* environment = data::find_environment(runner.environment());
    const data::WorldPicture* world = environment ? environment->picture() : nullptr;
    const std::vector<int64_t> columns = world ? environment->spec().position : pipeline.position_columns();
    if (columns.empty() && !distances) return;
    const Plane plane(runner, columns);
    data::NpzWriter npz(runner.folder().file("pictures.npz"), &runner.threads());
    const std::vector<float> raw = plane.of_rows(pipeline.train_rows(), thinned(pipeline.recorded().rows, kPoints));
    std::vector<float> made;
    if (augmented) made = plane.of_rows(*augmented, thinned(augmented->recorded.rows, kPoints));
    if (world) {
        add_world(npz, *world);
    } else {
        std::vector<float> both = raw;
        both.insert(both.end(), made.begin(), made.end());
        add_world(npz, world_around(both));
        npz.add_text("axes.txt", plane.axes());
    }
    add_points(npz, "raw_xy", raw);
    if (augmented) {
        add_points(npz, "augmented_xy", made);
        add_chains(npz, plane, *augmented);
    }
    if (!world) {  // neither tasks nor rollouts can be drawn
        npz.close();
        return;
    }
    if (distances) add_fields(npz, runner, *environment, plane);

    std::vector<float> starts, goals;
    for (int64_t number = 1; number <= environment->spec().tasks; ++number) {
        const data::Episode task = environment->task(number);
        plane.append(starts, task.start.data());
        plane.append(goals, task.goal.data());
    }
    add_points(npz, "task_start_xy", starts);
    add_points(npz, "task_goal_xy", goals);

    // Two rollouts per task of the policies of the first learner and seed. Their checkpoints hold all that was learnt.
    const std::string& learner = runner.config().experiment.learners.front();
    for (const std::string& arm : runner.config().experiment.arms) {
        const ArmData data{arm, &pipeline.train_rows(), nullptr};
        std::unique_ptr<learners::Learner> policy = make_policy(runner, runner.context(), {learner, data});
        if (!runner.finished(*policy, "")) continue;
        const Evaluation e = evaluate_policy(runner, *policy, true);
        std::vector<float> path;
        std::vector<int64_t> start;
        std::vector<uint8_t> success;
        const auto each = to_size(runner.config().evaluate.episodes);
        for (size_t i = 0; i < e.outcomes.size(); ++i) {
            if (i % each >= 2) continue;
            start.push_back(ssize(path) / 2);
            success.push_back(e.outcomes[i].success);
            const std::vector<float> way = plane.of(e.outcomes[i].path, environment->spec().state_dim);
            path.insert(path.end(), way.begin(), way.end());
        }
        add_points(npz, "rollout_xy/" + arm, path);
        npz.add("rollout_start/" + arm, data::NpyArray::from({ssize(start)}, start), data::Compression::deflated);
        npz.add("rollout_success/" + arm, data::NpyArray::from({ssize(success)}, success), data::Compression::deflated);
    }
    npz.close();
}

}  // namespace astro::app
