// Items of `astro bench` without networks: the exact maze, target selection, the landmark graph.
#include <cmath>
#include <map>
#include <numeric>

#include "apps/bench/items.h"
#include "astro/search/landmarks.h"
#include "astro/target_selection.h"
#include "data/environments/pointmaze_collect.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

// Episodes of the large maze and a temporal map. Its latents are those of a perfect TDR of the plane without walls:
// positions in units of steps, embedded isometrically in 32 dimensions.
struct StitchingData {
    data::Dataset rows;
    Trajectories trajectories;
    Statistics statistics;
    TemporalMap map;
    Config config;
    std::vector<int64_t> sources;  // 1000 rows during travel, like the cuts of chains

    StitchingData(ThreadPool& threads, int64_t count) {
        apply_preset(config, "cpu");
        maze::CollectSpec spec;
        spec.episodes = std::max<int64_t>(1, count / spec.episode_rows);
        rows = maze::collect(maze::layout("large"), spec, "train", threads);
        rows.qpos.clear(), rows.qvel.clear(), rows.qpos_dim = rows.qvel_dim = 0;
        trajectories = cut_at_jumps(rows, 1e9);
        statistics = measure(trajectories, config.planner.gap + 1, config.data.std_floor);
        map.data = &trajectories, map.gamma = .99, map.width = 32;
        map.latent.resize(to_size(rows.rows * map.width));
        threads.run(rows.rows, [&](int64_t t) {
            for (int64_t w = 0; w < map.width; ++w) {
                const double angle = 6.283185307179586 * static_cast<double>(w) / static_cast<double>(map.width);
                const double projection =
                    std::cos(angle) * double(rows.observation(t)[0]) + std::sin(angle) * double(rows.observation(t)[1]);
                nth(map.latent, t * map.width + w) = static_cast<float>(projection / maze::kStep / 4);
            }
        });
        map.arrival = find_arrivals(map, config.data.arrival_steps, config.data.arrival_rows);
        std::vector<double> medians(64);
        std::iota(medians.begin(), medians.end(), 1.0);
        map.calibration = Calibration(medians);
        Rng rng = Rng(0).stream("bench/sources");
        while (sources.size() < 1000) {
            const int64_t row = rng.below(rows.rows);
            if (map.in_travel(row)) sources.push_back(row);
        }
    }
};

// Created once for each number of rows.
std::shared_ptr<StitchingData> stitching_data(ThreadPool& threads, int64_t count) {
    static std::map<int64_t, std::shared_ptr<StitchingData>> cache;
    auto& cached = cache[count];
    if (!cached) cached = std::make_shared<StitchingData>(threads, count);
    return cached;
}

// 64 agents that keep a random heading for 10 steps, on one thread. Nearly a third of the steps are in contact with a
// wall, a hundred times more than in data sets.
std::function<void()> make_maze_steps(const Context&) {
    const maze::Layout& layout = maze::layout("large");
    auto agents = std::make_shared<std::vector<maze::PointMaze>>();
    const std::vector<maze::Cell> cells = layout.free_cells();
    for (size_t i = 0; i < 64; ++i)
        agents->emplace_back(layout, maze::centre(cells[i % cells.size()]), maze::Point{}, Rng(i));
    auto headings = std::make_shared<std::vector<float>>(2048);
    Rng(7).fill_uniform(headings->data(), 2048, -1, 1);
    auto steps_taken = std::make_shared<size_t>(0);
    return [agents, headings, steps_taken] {
        for (size_t s = 0; s < 1000; ++s, ++*steps_taken)
            for (size_t i = 0; i < 64; ++i) {
                const float* action = headings->data() + 2 * ((*steps_taken / 10 * 31 + i * 17) % 1024);
                (*agents)[i].step(double(action[0]), double(action[1]));
            }
    };
}

std::function<void()> make_selection(const Context& context, int64_t rows, bool brute_force, int64_t queries) {
    const auto data = stitching_data(context.threads, rows);
    const auto index =
        std::make_shared<TargetIndex>(context.threads, data->config.selection, data->map, data->statistics,
                                      data->config.planner.gap + 1, data->config.planner.context, 0);
    auto next = std::make_shared<size_t>(0);
    return [=] {
        const auto not_visited = [](int64_t) { return false; };
        for (int64_t q = 0; q < queries; ++q, ++*next) {
            const int64_t source = data->sources[*next % data->sources.size()];
            if (brute_force)
                index->all_targets(source, not_visited);
            else
                index->candidates(source, not_visited, Rng(*next));
        }
    };
}

std::function<void()> make_selection_build(const Context& context, int64_t rows) {
    const auto data = stitching_data(context.threads, rows);
    ThreadPool* threads = &context.threads;
    return [=] {
        const TargetIndex index(*threads, data->config.selection, data->map, data->statistics,
                                data->config.planner.gap + 1, data->config.planner.context, 0);
    };
}

std::vector<int64_t> choose_landmarks(const StitchingData& data) {
    std::vector<int64_t> pool;
    for (int64_t i = 0; i < data.config.graph.pool; ++i) pool.push_back(i * data.rows.rows / data.config.graph.pool);
    return farthest_points(data.map.latent.data(), data.map.width, pool, data.config.graph.landmarks);
}

std::function<void()> make_graph(const Context& context) {
    const auto data = stitching_data(context.threads, 1000000);
    const std::vector<int64_t> landmarks = choose_landmarks(*data);
    ThreadPool* threads = &context.threads;
    return [=] {
        const auto length = [&](int64_t i, int64_t j) { return data->map.steps(nth(landmarks, i), nth(landmarks, j)); };
        shortest_paths(*threads, ssize(landmarks), length, data->config.graph.edge);
    };
}

std::function<void()> make_nearest(const Context& context) {
    const auto data = stitching_data(context.threads, 1000000);
    data->map.landmark = choose_landmarks(*data);
    return [=] { nearest_landmarks(context, data->map, data->map.latent); };
}

}  // namespace

std::vector<BenchItem> maze_items() {
    std::vector<BenchItem> items;
    items.push_back({"stitching", "maze-steps", "steps of the exact large maze on one thread, 30 % in contact",
                     make_maze_steps, 64000, 64});
    struct Size {
        const char* name;
        int64_t rows;
    };
    for (const Size& size : {Size{"10k", 10000}, {"100k", 100000}, {"1m", 1000000}, {"10m", 10000000}}) {
        const int64_t rows = size.rows, queries = std::max<int64_t>(1, 1000000 / rows);
        const bool only_named = rows > 1000000;
        const std::string name = size.name;
        items.push_back({"stitching", "select-" + name, "selection queries with the index (up to 256 targets)",
                         [rows](const Context& c) { return make_selection(c, rows, false, 100); }, 100, rows,
                         only_named});
        items.push_back({"stitching", "select-brute-" + name, "selection queries by brute force (all targets)",
                         [rows, queries](const Context& c) { return make_selection(c, rows, true, queries); }, queries,
                         rows, only_named});
        items.push_back({"stitching", "select-build-" + name, "building the index",
                         [rows](const Context& c) { return make_selection_build(c, rows); }, 1, rows, only_named});
    }
    items.push_back({"stitching", "graph", "shortest paths between 1500 landmarks", make_graph, 1, 1500});
    items.push_back(
        {"stitching", "nearest-landmark", "the nearest of 1500 landmarks for every row", make_nearest, 1, 1000000});
    return items;
}

}  // namespace astro::app
