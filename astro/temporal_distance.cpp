#include "astro/temporal_distance.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tensor/base/rows.h"

namespace astro::method {

double steps_from_distance(double distance, double gamma) {
    if (gamma == 1) return distance;
    return std::log(std::max(1e-3, 1 - distance * (1 - gamma))) / std::log(gamma);
}

double distance_from_steps(double steps, double gamma) {
    return gamma == 1 ? steps : (1 - std::pow(gamma, steps)) / (1 - gamma);
}

std::vector<float> in_batch_weights(const std::vector<int64_t>& rows, const std::vector<int64_t>& episode,
                                    double same_weight) {
    const size_t n = rows.size();
    auto later = [&](size_t i, size_t j) { return episode[i] == episode[j] && rows[j] > rows[i]; };
    int64_t count = 0;
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < n; ++j) count += later(i, j);
    const double all = (1 - same_weight) / (static_cast<double>(n) * static_cast<double>(n - 1));
    const double same = count > 0 ? same_weight / static_cast<double>(count) : 0;
    std::vector<float> weight(n * n, 0.0f);
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < n; ++j)
            if (i != j) weight[i * n + j] = static_cast<float>(all + (later(i, j) ? same : 0));
    return weight;
}

Tensor in_batch_loss(const Tensor& latent, const Tensor& all, const Tensor& latent_target, const Tensor& next_target,
                     const Tensor& all_target, const Tensor& pair_weight, double gamma, double expectile) {
    Tensor q, weight;
    {
        NoTape off;                                                                     // targets carry no gradient
        q = -1.0 - pairwise_distance(next_target, all_target, kDistanceFloor) * gamma;  // (n, B)
        const Tensor advantage = q + pairwise_distance(latent_target, all_target, kDistanceFloor);
        weight = expectile_weight(advantage, expectile) * pair_weight;
    }
    const Tensor v = -pairwise_distance(latent, all, kDistanceFloor);  // (n, B)
    return sum(weight * square(q - v));
}

Tensor head_values(const std::vector<Tensor>& s, const std::vector<Tensor>& g) {
    std::vector<Tensor> columns;
    for (size_t h = 0; h < s.size(); ++h)
        columns.push_back(-row_distance(s[h], g[h], kDistanceFloor).reshape(Shape{s[h].dim(0), 1}));
    return concat(columns, 1);
}

Tensor hilp_loss(const nn::Chunk& chunk, const Tensor& v, const Tensor& target_v, const Tensor& target_next,
                 const Tensor& hit, double gamma, double expectile) {
    Tensor q, weight;
    {
        NoTape off;
        const Shape column{hit.numel(), 1};
        const Tensor reward = (hit - 1.0).reshape(column), mask = ((1.0 - hit) * gamma).reshape(column);
        q = reward + mask * target_next;                                                        // (n, H)
        weight = implicit_weight(columns_of(q), mean(target_v, 1).reshape(column), expectile);  // (n, 1)
    }
    return chunk.mean(sum(weight * square(q - v), 1));
}

// One step on the loss of the objective, then phi' moves towards phi.
void TemporalDistance::update(int64_t k) {
    Update u = begin(k);
    std::function<void()> train;
    if (config_.objective == TdrObjective::in_batch)
        train = [&, batch = draw_pairs(u)] { train_in_batch(u, batch); };
    else
        train = [&, batch = draw_triples(u)] { train_hilp(u, batch); };
    u.step.run([&] {
        train();
        nn::polyak_update(u.step, target_set_, online_set_, u.target_rate);
    });
}

// The loss couples all rows: in each chunk, the rows s_i use every s_j of the minibatch as a goal.
void TemporalDistance::train_in_batch(Update& u, const Pairs& batch) {
    const nn::Cut cut = context_.cut(batch.states.dim(0));
    const Tensor target = cut.map([&](const nn::Chunk& c) { return target_.head[0](c.rows(batch.states)); });
    const Tensor next_target = cut.map([&](const nn::Chunk& c) { return target_.head[0](c.rows(batch.next)); });
    nn::train_step(
        u.step, cut, online_set_, optimiser_, {"loss"},
        [&](const nn::Chunk& c) { return online_.head[0](c.rows(batch.states)); },  // (n, L)
        [&](const nn::Chunk& c, const Tensor& own, const Tensor& all) {
            return in_batch_loss(own, all, c.rows(target), c.rows(next_target), target, c.rows(batch.weight), gamma_,
                                 config_.expectile);
        });
}

void TemporalDistance::train_hilp(Update& u, const Triples& batch) {
    nn::train_step(u.step, context_.cut(config_.batch), online_set_, optimiser_, {"loss"}, [&](const nn::Chunk& c) {
        const Tensor s = c.rows(batch.states), next = c.rows(batch.next), g = c.rows(batch.goals);
        Tensor target_v, target_next;  // (n, H)
        {
            NoTape off;
            const std::vector<Tensor> goal = target_.latents(g);
            target_v = head_values(target_.latents(s), goal);
            target_next = head_values(target_.latents(next), goal);
        }
        const Tensor v = head_values(online_.latents(s), online_.latents(g));
        return hilp_loss(c, v, target_v, target_next, c.rows(batch.hit), gamma_, config_.expectile);
    });
}

TemporalDistance::Pairs TemporalDistance::draw_pairs(Update& u) const {
    std::vector<int64_t> rows, episode;
    for (int64_t e = 0; e < config_.batch_episodes; ++e) {
        const int64_t segment = nth(sources_, u.rng.below(ssize(sources_)));
        const int64_t first = data_.begin(segment), with_successor = data_.last(segment) - first;
        for (int64_t r = 0; r < config_.rows_per_episode; ++r) {
            rows.push_back(first + u.rng.below(with_successor));
            episode.push_back(e);
        }
    }
    const auto batch = ssize(rows);
    return {states_of(u.step, rows, 0), states_of(u.step, rows, 1),
            u.step.input(Shape{batch, batch}, in_batch_weights(rows, episode, config_.same_episode_weight))};
}

TemporalDistance::Triples TemporalDistance::draw_triples(Update& u) const {
    std::vector<int64_t> rows, goals;
    std::vector<float> hit;
    for (int64_t b = 0; b < config_.batch; ++b) {
        const int64_t segment = nth(sources_, u.rng.below(ssize(sources_)));
        const int64_t first = data_.begin(segment), last = data_.last(segment);
        const int64_t row = first + u.rng.below(last - first);
        // Same trajectory at a geometric offset, clipped at its end; otherwise any row of the data.
        const int64_t goal = u.rng.uniform() < config_.trajectory_goals
                                 ? std::min(last, row + u.rng.geometric(1 - gamma_))
                                 : u.rng.below(data_.dataset->rows);
        rows.push_back(row), goals.push_back(goal), hit.push_back(goal == row ? 1.0f : 0.0f);
    }
    return {states_of(u.step, rows, 0), states_of(u.step, rows, 1), states_of(u.step, goals, 0),
            u.step.input(Shape{config_.batch}, hit)};
}

TemporalDistance::Update TemporalDistance::begin(int64_t k) {
    nn::Step step = steps_.begin("", k);
    optimiser_.prepare(step, nn::linear_rate(k, config_.updates, config_.learning_rate, config_.learning_rate_end));
    const Tensor target_rate = step.number(config_.target_rate);
    return {std::move(step), Rng(seed_).stream("tdr").stream(static_cast<uint64_t>(k)), target_rate};
}

Tensor TemporalDistance::states_of(nn::Step& step, const std::vector<int64_t>& rows, int64_t offset) const {
    const data::Dataset& d = *data_.dataset;
    std::vector<float> states;
    states.reserve(rows.size() * to_size(d.state_dim));
    for (int64_t row : rows) {
        const float* s = d.observation(row + offset);
        states.insert(states.end(), s, s + d.state_dim);
    }
    return step.input(Shape{ssize(rows), d.state_dim}, states);
}

TemporalDistance::TemporalDistance(const Context& context, const TdrConfig& config, double gamma,
                                   const Trajectories& data, uint64_t seed)
    : TrainableModel(context), config_(config), gamma_(gamma), data_(data), seed_(seed) {
    for (int64_t k = 0; k < data.count(); ++k)
        if (data.last(k) > data.begin(k)) sources_.push_back(k);
    if (sources_.empty()) fail(ErrorKind::data, "tdr: no trajectory has at least two rows");
    Rng rng = Rng(seed).stream("tdr/init");
    // The activation thresholds w.x + b = 0 of the first layer pass through these rows: up to 4096, evenly spaced.
    const data::Dataset& d = *data.dataset;
    std::vector<float> spread;
    for (int64_t row : evenly_spaced(d.rows, 4096))
        spread.insert(spread.end(), d.observation(row), d.observation(row + 1));
    nn::Maker make{context.backend, DType::f32, rng};
    nn::MlpSpec spec;
    spec.in = d.state_dim, spec.out = config.latent, spec.width = config.width, spec.layers = config.layers;
    spec.layer_norm = true;
    for (int64_t h = 0; h < config.heads; ++h) online_.head.push_back(nn::make_mlp(make, spec, spread));
    target_ = online_;
    online_set_ = nn::ParameterSet(online_);
    target_set_ = nn::ParameterSet(target_);
    optimiser_ = nn::Adam(online_set_);
}

TrainingState TemporalDistance::state() {
    TrainingState state;
    state.add("model", online_set_);
    state.add("target", target_set_);
    state.add("optimiser", online_set_, optimiser_);
    return state;
}

std::vector<float> TemporalDistance::embed(const float* states, int64_t rows) const {
    const int64_t dims = state_dim(), width = config_.latent;
    std::vector<float> out(to_size(rows * width));
    constexpr int64_t kPiece = 4096;
    context_.threads.run((rows + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, rows - first);
        const float* piece_states = states + first * dims;
        const Tensor x = Tensor::from(context_.backend, Shape{count, dims},
                                      std::vector<float>(piece_states, piece_states + count * dims));
        const Tensor y = network()(x);
        context_.backend.download(out.data() + first * width, y.raw(), y.bytes());
    });
    return out;
}

}  // namespace astro::method
