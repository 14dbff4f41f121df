#include "astro/temporal_map.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

namespace astro {

namespace {

double squared_distance(const float* a, const float* b, int64_t width) {
    float lane[8] = {};
    int64_t i = 0;
    for (; i + 8 <= width; i += 8)
        for (int j = 0; j < 8; ++j) lane[j] += (a[i + j] - b[i + j]) * (a[i + j] - b[i + j]);
    for (; i < width; ++i) lane[0] += (a[i] - b[i]) * (a[i] - b[i]);
    return double((lane[0] + lane[4]) + (lane[1] + lane[5])) + double((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

double median(std::vector<double>& values) {
    auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Medians of n^ between travel rows of the validation segments, `gap` steps apart.
Calibration calibrate(const Context& context, const TemporalMap& map, int64_t gaps) {
    const Trajectories& data = *map.data;
    std::vector<double> medians(static_cast<size_t>(gaps), -1);
    context.threads.run(gaps, [&](int64_t g) {
        std::vector<double> sample;
        for (int64_t k = 0; k < data.count(); ++k)
            for (int64_t t = data.begin(k); t + g + 1 <= map.arrival[static_cast<size_t>(k)]; ++t)
                sample.push_back(map.steps(t, t + g + 1));
        if (!sample.empty()) medians[static_cast<size_t>(g)] = median(sample);
    });
    size_t known = 0;
    while (known < medians.size() && medians[known] >= 0) ++known;
    if (known < 2)
        fail(ErrorKind::data, "calibration: the validation episodes never travel for 2 steps; hint: train the TDR "
                              "longer, or lower data.arrival_steps");
    medians.resize(known);
    return Calibration(std::move(medians));
}

// Farthest-point sampling in the latent space from a pool of rows spread evenly over the data.
std::vector<int64_t> choose_landmarks(const Context& context, const TemporalMap& map, int64_t wanted, int64_t pool) {
    const int64_t rows = map.data->dataset->rows;
    pool = std::min(pool, rows), wanted = std::min(wanted, pool);
    std::vector<int64_t> pool_row(static_cast<size_t>(pool));
    for (int64_t i = 0; i < pool; ++i) pool_row[static_cast<size_t>(i)] = i * rows / pool;
    std::vector<double> nearest(static_cast<size_t>(pool), std::numeric_limits<double>::infinity());
    std::vector<int64_t> chosen = {0};  // index into the pool
    constexpr int64_t kPieces = 8;
    while (static_cast<int64_t>(chosen.size()) < wanted) {
        const float* last = map.at(pool_row[static_cast<size_t>(chosen.back())]);
        int64_t farthest[kPieces];
        context.threads.run(kPieces, [&](int64_t piece) {
            const int64_t from = pool * piece / kPieces, to = pool * (piece + 1) / kPieces;
            int64_t best = from;
            for (int64_t i = from; i < to; ++i) {
                double& d = nearest[static_cast<size_t>(i)];
                d = std::min(d, squared_distance(map.at(pool_row[static_cast<size_t>(i)]), last, map.width));
                if (d > nearest[static_cast<size_t>(best)]) best = i;
            }
            farthest[piece] = from < to ? best : 0;
        });
        int64_t best = farthest[0];
        for (int64_t f : farthest)
            if (nearest[static_cast<size_t>(f)] > nearest[static_cast<size_t>(best)]) best = f;
        if (nearest[static_cast<size_t>(best)] <= 0) break;  // fewer distinct latents than landmarks wanted
        chosen.push_back(best);
    }
    for (int64_t& c : chosen) c = pool_row[static_cast<size_t>(c)];
    return chosen;
}

// Shortest paths between all landmarks over edges of at most `edge` steps (Dijkstra from each).
void close_graph(const Context& context, TemporalMap& map, double edge) {
    const int64_t n = map.landmarks();
    std::vector<std::vector<std::pair<int32_t, float>>> neighbours(static_cast<size_t>(n));
    context.threads.run(n, [&](int64_t i) {
        for (int64_t j = 0; j < n; ++j) {
            if (i == j) continue;
            const double s = map.steps(map.landmark[static_cast<size_t>(i)], map.landmark[static_cast<size_t>(j)]);
            if (s <= edge) neighbours[static_cast<size_t>(i)].emplace_back(static_cast<int32_t>(j), static_cast<float>(s));
        }
    });
    constexpr float kInfinite = std::numeric_limits<float>::infinity();
    map.closed.assign(static_cast<size_t>(n * n), kInfinite);
    context.threads.run(n, [&](int64_t source) {
        float* distance = map.closed.data() + source * n;
        using Entry = std::pair<float, int32_t>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
        distance[source] = 0;
        open.emplace(0.0f, static_cast<int32_t>(source));
        while (!open.empty()) {
            const auto [d, i] = open.top();
            open.pop();
            if (d > distance[i]) continue;
            for (const auto& [j, step] : neighbours[static_cast<size_t>(i)])
                if (d + step < distance[j]) {
                    distance[j] = d + step;
                    open.emplace(distance[j], j);
                }
        }
    });
    std::vector<uint8_t> seen(static_cast<size_t>(n), 0);
    map.components = 0;
    for (int64_t i = 0; i < n; ++i) {
        if (seen[static_cast<size_t>(i)]) continue;
        ++map.components;
        for (int64_t j = 0; j < n; ++j)
            if (map.closed[static_cast<size_t>(i * n + j)] < kInfinite) seen[static_cast<size_t>(j)] = 1;
    }
}

// Nearest landmark of every row.
void assign_landmarks(const Context& context, TemporalMap& map) {
    const int64_t rows = map.data->dataset->rows, n = map.landmarks(), width = map.width;
    std::vector<float> points;
    for (int64_t i = 0; i < n; ++i) {
        const float* l = map.at(map.landmark[static_cast<size_t>(i)]);
        points.insert(points.end(), l, l + width);
    }
    const Tensor landmarks = Tensor::from(context.backend, Shape{n, width}, points);
    map.landmark_of.resize(static_cast<size_t>(rows));
    constexpr int64_t kPiece = 512;
    context.threads.run((rows + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, rows - first);
        const Tensor x = Tensor::from(context.backend, Shape{count, width}, map.at(first));
        Tensor nearest(context.backend, DType::i64, Shape{count});
        context.backend.nearest_rows(DType::f32, count, n, width, x.raw(), landmarks.raw(), nearest.data<int64_t>());
        const std::vector<int64_t> found = nearest.to_vector<int64_t>();
        for (int64_t r = 0; r < count; ++r)
            map.landmark_of[static_cast<size_t>(first + r)] = static_cast<int32_t>(found[static_cast<size_t>(r)]);
    });
}

}  // namespace

Calibration::Calibration(std::vector<double> medians) : medians_(std::move(medians)) {
    ASTRO_CHECK(medians_.size() >= 2, "Calibration: at least two gaps are needed, got ", medians_.size());
    for (size_t i = 1; i < medians_.size(); ++i) medians_[i] = std::max(medians_[i], medians_[i - 1] + 1e-6);
}

double Calibration::steps(double predicted) const {
    if (predicted <= medians_[0]) return predicted / std::max(1e-9, medians_[0]);
    const auto above = std::lower_bound(medians_.begin(), medians_.end(), predicted);
    size_t i = static_cast<size_t>(above - medians_.begin());
    if (i == medians_.size()) --i;  // beyond the table: its last slope
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

double TemporalMap::closure(int64_t a, int64_t b) const {
    const int64_t la = landmark_of[static_cast<size_t>(a)], lb = landmark_of[static_cast<size_t>(b)];
    if (la == lb) return steps(a, b);
    return double(closed[static_cast<size_t>(la * landmarks() + lb)]);
}

int64_t TemporalMap::nearest_landmark(const float* state) const {
    int64_t best = 0;
    for (int64_t i = 1; i < landmarks(); ++i)
        if (squared_distance(state, at(landmark[static_cast<size_t>(i)]), width) <
            squared_distance(state, at(landmark[static_cast<size_t>(best)]), width))
            best = i;
    return best;
}

double TemporalMap::closure(const float* a, const float* b) const {
    const int64_t la = nearest_landmark(a), lb = nearest_landmark(b);
    return la == lb ? steps(a, b) : double(closed[static_cast<size_t>(la * landmarks() + lb)]);
}

std::vector<int64_t> find_arrivals(const TemporalMap& map, double arrival_steps, int64_t arrival_rows) {
    const Trajectories& data = *map.data;
    std::vector<int64_t> arrival;
    std::vector<float> mean(static_cast<size_t>(map.width));
    for (int64_t k = 0; k < data.count(); ++k) {
        const int64_t first = data.begin(k), last = data.last(k), from = std::max(first, last - arrival_rows + 1);
        std::fill(mean.begin(), mean.end(), 0.0f);
        for (int64_t t = from; t <= last; ++t)
            for (int64_t w = 0; w < map.width; ++w) mean[static_cast<size_t>(w)] += map.at(t)[w];
        for (float& m : mean) m /= static_cast<float>(last - from + 1);
        int64_t row = last;
        while (row > first && map.steps(map.at(row - 1), mean.data()) <= arrival_steps &&
               map.steps(map.at(row), mean.data()) <= arrival_steps)
            --row;
        arrival.push_back(row);
    }
    return arrival;
}

TemporalMap embed_trajectories(const TemporalDistance& encoder, const Trajectories& data, const DataConfig& config) {
    TemporalMap map;
    map.data = &data;
    map.gamma = encoder.gamma();
    map.width = encoder.latent();
    map.latent = encoder.embed(data.dataset->observations.data(), data.dataset->rows);
    map.arrival = find_arrivals(map, config.arrival_steps, config.arrival_rows);
    return map;
}

TemporalMap build_temporal_map(const Context& context, const TemporalDistance& encoder, const Trajectories& train,
                               const Trajectories& validation, const Config& config) {
    TemporalMap map = embed_trajectories(encoder, train, config.data);
    map.calibration = calibrate(context, embed_trajectories(encoder, validation, config.data), config.tdr.calibration_gaps);
    map.landmark = choose_landmarks(context, map, config.closure.landmarks, config.closure.pool);
    close_graph(context, map, config.closure.edge);
    assign_landmarks(context, map);
    return map;
}

}  // namespace astro
