#include "astro/temporal_map.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "astro/search/landmarks.h"
#include "tensor/base/percentile.h"
#include "tensor/base/rows.h"
#include "tensor/squared_distance.h"

namespace astro::method {

namespace {

// Medians of n^ between travel rows of the validation segments, `offset` steps apart.
Calibration calibrate(const Context& context, const TemporalMap& map, int64_t offsets) {
    const Trajectories& data = *map.data;
    std::vector<double> medians(to_size(offsets), -1);
    context.threads.run(offsets, [&](int64_t g) {
        std::vector<double> sample;
        for (int64_t k = 0; k < data.count(); ++k)
            for (int64_t t = data.begin(k); t + g + 1 <= nth(map.arrival, k); ++t)
                sample.push_back(map.steps(t, t + g + 1));
        if (!sample.empty()) nth(medians, g) = upper_median(std::move(sample));
    });
    size_t known = 0;
    while (known < medians.size() && medians[known] >= 0) ++known;
    if (known < 2)
        fail(ErrorKind::data, "calibration: the validation episodes travel for fewer than 2 steps", kTravelHint);
    medians.resize(known);
    return Calibration(std::move(medians));
}

// Removes landmarks without any edge, unless none has one. Farthest-point sampling prefers outliers, and rows whose
// nearest landmark is isolated would have no path to any other row.
void drop_isolated(TemporalMap& map) {
    const int64_t n = map.landmarks();
    std::vector<int64_t> joined;
    for (int64_t i = 0; i < n; ++i) {
        bool any = false;
        for (int64_t j = 0; j < n && !any; ++j) any = i != j && !std::isinf(nth(map.closed, i * n + j));
        if (any) joined.push_back(i);
    }
    if (joined.empty() || ssize(joined) == n) return;
    std::vector<int64_t> landmark;
    std::vector<float> closed;
    for (int64_t i : joined) {
        landmark.push_back(nth(map.landmark, i));
        for (int64_t j : joined) closed.push_back(nth(map.closed, i * n + j));  // no path leads through the others
    }
    map.landmark = std::move(landmark), map.closed = std::move(closed);
}

// Landmarks from a pool of evenly spaced rows, shortest paths between all of them over edges of at most `edge` steps,
// and the nearest landmark of every row.
void add_landmarks(const Context& context, const GraphConfig& config, TemporalMap& map) {
    const std::vector<int64_t> pool = evenly_spaced(map.data->dataset->rows, config.pool);
    map.landmark = farthest_points(map.latent.data(), map.width, pool, config.landmarks);
    // Most pairs are much farther apart than an edge; their n^ is not computed.
    const double reach = 1.001 * distance_from_steps(config.edge, map.gamma);
    auto length = [&](int64_t i, int64_t j) {
        const float *a = map.at(nth(map.landmark, i)), *b = map.at(nth(map.landmark, j));
        return latent_distance(a, b, map.width) > reach ? std::numeric_limits<double>::infinity() : map.steps(a, b);
    };
    map.closed = shortest_paths(context.threads, map.landmarks(), length, config.edge);
    drop_isolated(map);
    const int64_t n = map.landmarks();
    map.landmark_of = nearest_landmarks(context, map, map.latent);
    std::vector<uint8_t> seen(to_size(n), 0);
    map.components = 0;
    for (int64_t i = 0; i < n; ++i) {
        if (nth(seen, i)) continue;
        ++map.components;
        for (int64_t j = 0; j < n; ++j)
            if (!std::isinf(nth(map.closed, i * n + j))) nth(seen, j) = 1;
    }
}

// The columns of all rows, each over its scale: (rows, columns). Distances of such rows are steps: gamma is 1.
TemporalMap scale_columns(const TemporalMap& travel, const std::vector<int64_t>& columns,
                          const std::vector<double>& scale) {
    TemporalMap map;
    map.data = travel.data;
    map.gamma = 1;
    map.width = ssize(columns);
    map.arrival = travel.arrival;
    const data::Dataset& d = *map.data->dataset;
    map.latent.reserve(to_size(d.rows * map.width));
    for (int64_t row = 0; row < d.rows; ++row)
        for (int64_t column : columns)
            map.latent.push_back(static_cast<float>(double(d.observation(row)[column]) / nth(scale, column)));
    return map;
}

}  // namespace

Calibration::Calibration(std::vector<double> medians) : medians_(std::move(medians)) {
    ASTRO_CHECK(medians_.size() >= 2, "Calibration: at least two offsets are needed, got ", medians_.size());
    for (size_t i = 1; i < medians_.size(); ++i) medians_[i] = std::max(medians_[i], medians_[i - 1] + 1e-6);
}

double Calibration::steps(double predicted) const {
    if (predicted <= medians_[0]) return predicted / std::max(1e-9, medians_[0]);
    const auto above = std::lower_bound(medians_.begin(), medians_.end(), predicted);
    size_t i = to_size(above - medians_.begin());
    if (i == medians_.size()) --i;  // beyond the table: the last slope
    const double low = medians_[i - 1], high = medians_[i];
    return static_cast<double>(i) + (predicted - low) / (high - low);
}

double Calibration::predicted(double steps) const {
    if (steps <= 1) return steps * medians_[0];
    const size_t i = std::min(static_cast<size_t>(steps), medians_.size() - 1);
    return medians_[i - 1] + (steps - static_cast<double>(i)) * (medians_[i] - medians_[i - 1]);
}

double latent_distance(const float* a, const float* b, int64_t width) {
    return std::sqrt(std::max(kDistanceFloor, squared_distance(a, b, width)));
}

double TemporalMap::steps(const float* a, const float* b) const {
    return steps_from_distance(latent_distance(a, b, width), gamma);
}

double TemporalMap::graph_distance(int64_t a, int64_t b) const {
    return graph_distance(at(a), nth(landmark_of, a), at(b), nth(landmark_of, b));
}

double TemporalMap::graph_distance(const float* a, int64_t landmark_of_a, const float* b, int64_t landmark_of_b) const {
    if (landmark_of_a == landmark_of_b) return steps(a, b);
    return double(nth(closed, landmark_of_a * landmarks() + landmark_of_b));
}

std::vector<int32_t> nearest_landmarks(const Context& context, const TemporalMap& map,
                                       const std::vector<float>& latents) {
    Backend& backend = context.backend;
    const int64_t rows = ssize(latents) / map.width, n = map.landmarks();
    std::vector<float> points;
    for (int64_t row : map.landmark) points.insert(points.end(), map.at(row), map.at(row) + map.width);
    const Tensor landmarks = Tensor::from(backend, Shape{n, map.width}, points);
    // A row's landmark depends on no other row, so the number of pieces does not change results. At least one piece per
    // thread, since each prepares the landmarks again; more pieces keep the copies of the latents small.
    constexpr int64_t kMax = int64_t{1} << 19;
    const int64_t pieces = std::max<int64_t>(context.threads.size(), (rows + kMax - 1) / kMax);
    std::vector<int32_t> nearest(to_size(rows));
    context.threads.run(pieces, [&](int64_t piece) {
        const int64_t first = piece * rows / pieces, count = (piece + 1) * rows / pieces - first;
        const Tensor x = Tensor::from(backend, Shape{count, map.width}, latents.data() + first * map.width);
        Tensor found(backend, DType::i64, Shape{count});
        backend.nearest_rows(DType::f32, count, n, map.width, x.raw(), landmarks.raw(), found.data<int64_t>());
        const std::vector<int64_t> index = found.to_vector<int64_t>();
        for (int64_t i = 0; i < count; ++i) nth(nearest, first + i) = static_cast<int32_t>(nth(index, i));
    });
    return nearest;
}

std::vector<int64_t> find_arrivals(const TemporalMap& map, double arrival_steps, int64_t arrival_rows) {
    const Trajectories& data = *map.data;
    std::vector<int64_t> arrival;
    std::vector<float> mean(to_size(map.width));
    for (int64_t k = 0; k < data.count(); ++k) {
        const int64_t first = data.begin(k), last = data.last(k), from = std::max(first, last - arrival_rows + 1);
        std::fill(mean.begin(), mean.end(), 0.0f);
        for (int64_t t = from; t <= last; ++t)
            for (int64_t w = 0; w < map.width; ++w) nth(mean, w) += map.at(t)[w];
        for (float& m : mean) m /= static_cast<float>(last - from + 1);
        int64_t row = last;
        while (row > first && map.steps(map.at(row - 1), mean.data()) <= arrival_steps &&
               map.steps(map.at(row), mean.data()) <= arrival_steps)
            --row;
        arrival.push_back(row);
    }
    return arrival;
}

std::vector<int64_t> latest_arrivals(const Trajectories& data, const DataConfig& config) {
    std::vector<int64_t> arrival;
    const data::Dataset& d = *data.dataset;
    for (int64_t k = 0; k < data.count(); ++k) {
        const int64_t first = data.begin(k), last = data.last(k);
        int64_t row = last;
        while (row > first && std::equal(d.observation(row - 1), d.observation(row), d.observation(last))) --row;
        // Equal states have an n^ of almost 0 to their mean, so they have arrived unless no distance counts as arrival.
        arrival.push_back(config.arrival_steps >= 1 && last - row + 1 >= config.arrival_rows ? row : last);
    }
    return arrival;
}

namespace {

int64_t longest_travel(const TemporalMap& map, const std::vector<int64_t>& arrival) {
    int64_t longest = 0;
    for (int64_t k = 0; k < map.data->count(); ++k) longest = std::max(longest, nth(arrival, k) - map.data->begin(k));
    return longest;
}

// Whether a correct TDR finds a segment that travels for so many steps: n^ is at most the number of steps between two
// rows, so travel ends at most arrival_steps before the latest arrival.
bool could_travel(const TemporalMap& map, int64_t steps) {
    const int64_t latest = longest_travel(map, latest_arrivals(*map.data, map.settings));
    return static_cast<double>(latest) - map.settings.arrival_steps >= static_cast<double>(steps);
}

}  // namespace

TemporalMap embed_trajectories(const TemporalDistance& encoder, const Trajectories& data, const DataConfig& config) {
    TemporalMap map;
    map.data = &data;
    map.settings = config;
    map.gamma = encoder.gamma();
    map.width = encoder.latent();
    map.latent = encoder.embed(data.dataset->observations.data(), data.dataset->rows);
    map.arrival = find_arrivals(map, config.arrival_steps, config.arrival_rows);
    return map;
}

TemporalMaps build_temporal_maps(const Context& context, const TemporalDistance& encoder, const Trajectories& train,
                                 const Trajectories& validation, const Config& config) {
    TemporalMaps maps{embed_trajectories(encoder, train, config.data),
                      embed_trajectories(encoder, validation, config.data)};
    auto too_early = [](const TemporalMap& map, int64_t steps) {
        return longest_travel(map, map.arrival) < steps && could_travel(map, steps);
    };
    for (const int64_t steps : {int64_t{2}, config.planner.window() - 1})  // what calibration and planner need
        maps.arrivals_ignored |= too_early(maps.train, steps) || too_early(maps.validation, steps);
    if (maps.arrivals_ignored)
        for (TemporalMap* map : {&maps.train, &maps.validation})
            map->arrival = latest_arrivals(*map->data, map->settings);
    maps.train.calibration = calibrate(context, maps.validation, config.tdr.calibration_offsets);
    add_landmarks(context, config.graph, maps.train);
    return maps;
}

TemporalMap build_euclidean_map(const Context& context, const TemporalMap& train, const TemporalMap& validation,
                                const std::vector<int64_t>& columns, const Statistics& statistics,
                                const Config& config) {
    const int64_t steps = config.planner.gap + 1;
    TemporalMap map = scale_columns(train, columns, statistics.sigma_delta);
    const std::vector<int64_t> starts = spread_evenly(window_starts(*map.data, map.arrival, steps, steps), 200000);
    std::vector<double> travelled;
    for (int64_t t : starts) travelled.push_back(map.steps(t, t + steps));
    if (starts.empty())
        fail(ErrorKind::data, "selection.distance: no episode travels for ", steps, " steps", kTravelHint);
    std::vector<double> scale = statistics.sigma_delta;
    for (double& s : scale) s *= upper_median(travelled) / static_cast<double>(steps);
    map = scale_columns(train, columns, scale);
    map.calibration = calibrate(context, scale_columns(validation, columns, scale), config.tdr.calibration_offsets);
    add_landmarks(context, config.graph, map);
    return map;
}

}  // namespace astro::method
