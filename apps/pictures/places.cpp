// Distances between places, for the map of the report on which one can click.
#include <algorithm>
#include <cmath>
#include <set>

#include "apps/pictures/pictures.h"
#include "data/environment.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

constexpr int64_t kMost = 700;    // places of a grid: all pairs of them must fit into a page
constexpr int64_t kRows = 400;    // recorded rows as places
constexpr uint8_t kNoPath = 255;  // in tables of distances
constexpr double kLargest = kNoPath - 1;

// States of the picture's grid in every k-th row and column, with the least k that leaves at most kMost.
struct Lattice {
    std::vector<float> states;
    double size = 0;  // of the square that a place stands for
};
Lattice thin_grid(const data::WorldPicture& world, const data::EnvironmentSpec& spec) {
    const int64_t width = spec.state_dim, all = ssize(world.states) / width;
    for (int64_t k = 1;; ++k) {
        Lattice lattice;
        lattice.size = static_cast<double>(k) * world.spacing;
        std::set<std::pair<int64_t, int64_t>> taken;
        for (int64_t i = 0; i < all; ++i) {
            const float* state = world.states.data() + i * width;
            auto cell = [&](int64_t axis, double low) {
                return static_cast<int64_t>(
                    std::floor((double(state[nth(spec.position, axis)]) - low) / lattice.size + 1e-6));
            };
            if (taken.insert({cell(0, world.bounds.x), cell(1, world.bounds.y)}).second)
                lattice.states.insert(lattice.states.end(), state, state + width);
        }
        if (ssize(taken) <= kMost) return lattice;
    }
}

// distance(i, j) for all j < i, one row after another, in units of 1/254 of the largest. Negative and infinite
// distances, of pairs without a path, become 255.
template <class F>
void add_table(data::NpzWriter& npz, ThreadPool& threads, const std::string& key, int64_t places, F distances_from) {
    std::vector<std::vector<double>> rows(to_size(places));
    threads.run(places, [&](int64_t i) { nth(rows, i) = distances_from(i); });
    double largest = 1e-9;
    for (const std::vector<double>& row : rows)
        for (double d : row)
            if (std::isfinite(d)) largest = std::max(largest, d);
    std::vector<uint8_t> table;
    for (const std::vector<double>& row : rows)
        for (double d : row)
            table.push_back(std::isfinite(d) && d >= 0 ? static_cast<uint8_t>(std::lround(d / largest * kLargest))
                                                       : kNoPath);
    add_list(npz, key, table);
    add_list(npz, key + "_largest", std::vector<double>{largest});
}

}  // namespace

void add_places(data::NpzWriter& npz, StageRunner& runner, const data::Environment* environment, const Plane& plane) {
    const TemporalMap& map = runner.pipeline().map();
    const data::WorldPicture* world = environment ? environment->picture() : nullptr;
    if (!world || world->states.empty()) {
        const std::vector<int64_t> rows = evenly_spaced(map.data->dataset->rows, kRows);
        add_points(npz, "place_xy", plane.of_rows(runner.pipeline().train_rows(), rows));
        add_table(npz, runner.threads(), "place_distance", ssize(rows), [&](int64_t i) {
            std::vector<double> distances;
            for (int64_t j = 0; j < i; ++j) distances.push_back(map.graph_distance(nth(rows, i), nth(rows, j)));
            return distances;
        });
        return;
    }
    const Lattice lattice = thin_grid(*world, environment->spec());
    const int64_t width = environment->spec().state_dim, places = ssize(lattice.states) / width;
    const std::vector<float> latent = runner.pipeline().tdr().embed(
        runner.pipeline().units().states.rows_inward<float>(lattice.states).data(), places);
    const std::vector<int32_t> landmark = nearest_landmarks(runner.context(), map, latent);
    add_points(npz, "place_xy", plane.of(lattice.states, width));
    add_list(npz, "place_size", std::vector<double>{lattice.size});
    add_table(npz, runner.threads(), "place_distance", places, [&](int64_t i) {
        std::vector<double> distances;
        for (int64_t j = 0; j < i; ++j)
            distances.push_back(map.graph_distance(latent.data() + i * map.width, nth(landmark, i),
                                                   latent.data() + j * map.width, nth(landmark, j)));
        return distances;
    });
    if (!environment->geodesics) return;
    add_table(npz, runner.threads(), "place_geodesic", places, [&](int64_t i) {
        std::vector<const float*> to;
        for (int64_t j = 0; j < i; ++j) to.push_back(lattice.states.data() + j * width);
        return environment->geodesics(lattice.states.data() + i * width, to);
    });
}

}  // namespace astro::app
