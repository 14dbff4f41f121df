// pictures.npz: what the report draws.
#include "apps/pictures/pictures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/run/policies.h"
#include "data/environment.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr int64_t kPoints = 50000;  // most points of a data set

// Adds the world itself, because a report must not start the processes of a simulator.
void add_world(data::NpzWriter& npz, const data::WorldPicture& world) {
    std::vector<double> values;
    auto append = [&](const data::WorldPicture::Rectangle& r) {
        values.insert(values.end(), {r.x, r.y, r.width, r.height});
    };
    append(world.bounds);
    for (const data::WorldPicture::Rectangle& wall : world.walls) append(wall);
    add_array(npz, "world_rectangles", {ssize(values) / 4, 4}, values);
    add_list(npz, "world_spacing", std::vector<double>{world.spacing});
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
    add_list(npz, "tdr_grid_distance", distance);
    add_list(npz, "tdr_grid_geodesic", truth);
}

void add_tasks(data::NpzWriter& npz, const data::Environment& environment, const Plane& plane) {
    std::vector<float> starts, goals;
    for (int64_t number = 1; number <= environment.spec().tasks; ++number) {
        const data::Episode task = environment.task(number);
        plane.append(starts, task.start.data());
        plane.append(goals, task.goal.data());
    }
    add_points(npz, "task_start_xy", starts);
    add_points(npz, "task_goal_xy", goals);
}

// Two rollouts per task of the policies of the first learner and seed. Their checkpoints hold all that was learnt.
void add_rollouts(data::NpzWriter& npz, StageRunner& runner, const data::Environment& environment, const Plane& plane) {
    const std::string& learner = runner.config().experiment.learners.front();
    for (const std::string& arm : runner.config().experiment.arms) {
        const ArmData data{arm, &runner.pipeline().train_rows(), nullptr};
        std::unique_ptr<learners::Learner> policy = make_policy(runner, runner.context(), {learner, data});
        if (!runner.finished(*policy, "")) continue;
        const Evaluation e = evaluate_policy(runner, *policy, true);
        std::vector<float> path;
        std::vector<int64_t> start, task;
        std::vector<uint8_t> success;
        const auto each = to_size(runner.config().evaluate.episodes);
        for (size_t i = 0; i < e.outcomes.size(); ++i) {
            if (i % each >= 2) continue;
            start.push_back(ssize(path) / 2);
            success.push_back(e.outcomes[i].success);
            task.push_back(e.episodes[i].task);
            const std::vector<float> way = plane.of(e.outcomes[i].path, environment.spec().state_dim);
            path.insert(path.end(), way.begin(), way.end());
        }
        add_points(npz, "rollout_xy/" + arm, path);
        add_list(npz, "rollout_start/" + arm, start);
        add_list(npz, "rollout_success/" + arm, success);
        add_list(npz, "rollout_task/" + arm, task);
    }
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
    const std::vector<float> raw =
        plane.of_rows(pipeline.train_rows(), evenly_spaced(pipeline.recorded().rows, kPoints));
    std::vector<float> made;
    if (augmented) made = plane.of_rows(*augmented, evenly_spaced(augmented->recorded.rows, kPoints));
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
        add_chains(npz, runner, environment, plane, *augmented);
    }
    if (distances) add_places(npz, runner, environment, plane);
    if (std::count(stages.begin(), stages.end(), "planner") > 0) add_bridges(npz, runner, plane);
    if (world) {  // without one, neither tasks nor rollouts can be drawn
        if (distances) add_fields(npz, runner, *environment, plane);
        add_tasks(npz, *environment, plane);
        add_rollouts(npz, runner, *environment, plane);
    }
    npz.close();
}

}  // namespace astro::app
