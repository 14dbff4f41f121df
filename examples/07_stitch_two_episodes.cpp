// Stitches two episodes that do not meet: a bridge leads from the middle of the first into the second.
//     make examples && build/examples/07_stitch_two_episodes [PICTURE.svg]
#include <cmath>
#include <cstdio>

#include "astro/pipeline.h"
#include "astro/target_selection.h"
#include "data/environments/pointmaze_collect.h"
#include "examples/picture.h"

using namespace astro;
using namespace astro::method;

namespace {

void train(TrainableModel& model) {
    for (int64_t k = 0; k < model.updates(); ++k) model.update(k);
}

std::vector<float> part(const std::vector<float>& rows, int64_t first, int64_t last) {  // rows [first, last) of pairs
    return {rows.begin() + 2 * first, rows.begin() + 2 * last};
}

std::vector<example::XY> points(const std::vector<float>& pairs) {
    std::vector<example::XY> result;
    for (size_t i = 0; i < pairs.size(); i += 2) result.push_back({pairs[i], pairs[i + 1]});
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    // Generates short episodes in OGBench's medium maze and trains the stages of the method in their order.
    const auto backend = make_cpu_backend();
    ThreadPool threads(1);
    const maze::Layout& walls = maze::layout("medium");
    maze::CollectSpec spec;
    spec.episodes = 120;
    Config config;
    apply_preset(config, "tiny");
    config.tdr.updates = 500, config.dynamics.network.updates = 600, config.planner.network.updates = 400;
    Pipeline pipeline({*backend, threads}, config, maze::collect(walls, spec, "train", threads), std::nullopt,
                      "pointmaze-medium-v0");
    train(pipeline.tdr()), train(pipeline.dynamics(0)), train(pipeline.planner());

    // The cut is the middle row of an episode's travel. Targets are rows of other episodes within M + 1 steps. Of all
    // pairs, the one with the largest distance is used.
    const TemporalMap& map = pipeline.map();
    const data::Dataset& data = pipeline.train_data();
    const int64_t gap = config.planner.gap, context = config.planner.context;
    const TargetIndex index(threads, config.selection, map, pipeline.statistics(), gap + 1, context, 0);
    int64_t cut = -1, target = -1;
    double longest = 0;
    for (int64_t k = 0; k < map.data->count(); ++k) {
        const int64_t row = (map.data->begin(k) + map.arrival[size_t(k)]) / 2;
        if (row - map.data->begin(k) < context) continue;
        for (int64_t to : index.candidates(
                 row, [](int64_t) { return false; }, Rng(0).stream(uint64_t(k))))
            if (map.steps(row, to) > longest) longest = map.steps(row, to), cut = row, target = to;
    }
    if (cut < 0) return example::verdict(false, "there is a pair of episodes to stitch");
    std::printf("from row %lld of episode %lld to row %lld of episode %lld: %.1f steps by the temporal distance\n",
                static_cast<long long>(cut), static_cast<long long>(map.data->segment(cut)),
                static_cast<long long>(target), static_cast<long long>(map.data->segment(target)),
                map.calibration.steps(longest));

    // The input of the planner: the last rows up to the cut, and the first rows from the target on.
    StitchEnds ends = recorded_ends(data, cut - context + 1, data, target, context);
    ends.steps = map.calibration.steps(longest);
    const Bridge bridge = pipeline.planner().sample({ends}, gap, 4, {Rng(1)})[0][0];

    // The exact simulator, which was not used in training, executes the actions of the bridge in the units of the maze.
    const data::Dataset& recorded = pipeline.recorded();
    const float *from = recorded.observation(cut), *goal = recorded.observation(target);
    const std::vector<double> actions = pipeline.units().actions.rows_outward<double>(bridge.actions);
    maze::Point at{from[0], from[1]};
    for (size_t i = 0; i < actions.size(); i += 2)
        at = maze::step_point(walls, at, actions[i], actions[i + 1]).position;
    const double apart = std::hypot(goal[0] - from[0], goal[1] - from[1]);
    const double miss = std::hypot(goal[0] - at.x, goal[1] - at.y);
    std::printf("%zu actions; the ends are %.3f units apart, driven for real it ends %.3f from the target\n",
                bridge.actions.size() / 2, apart, miss);

    example::Picture picture(-6, 26, -6, 26);
    for (int i = 0; i < walls.rows(); ++i)
        for (int j = 0; j < walls.columns(); ++j)
            if (walls.wall(i, j)) picture.square({maze::centre({i, j}).x, maze::centre({i, j}).y}, 4, "#ccc");
    for (int64_t row : {cut, target}) {
        const int64_t k = map.data->segment(row);
        picture.line(points(part(recorded.observations, map.data->begin(k), map.data->last(k) + 1)), "#1f5fa8");
    }
    picture.line(points(pipeline.units().states.rows_outward<float>(bridge.states)), "#c0392b", 3);
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(miss < .4 && miss < .4 * apart, "the bridge arrives in the real system");
}
