#include "astro/learners/batch.h"

#include <cmath>

#include "data/relabel.h"

namespace astro::learners {

Batch Batch::rows(int64_t first, int64_t count) const {
    return {input.rows(first, count),  value_input.rows(first, count), next_input.rows(first, count),
            action.rows(first, count), reward.rows(first, count),      mask.rows(first, count)};
}

BatchSampler::BatchSampler(const LearningData& data, double current_goals, double trajectory_goals)
    : data_(data), value_goals_{current_goals, trajectory_goals, 1 - current_goals - trajectory_goals, true} {
    for (size_t i = 0; i < data.scaling.mean.size(); ++i) {
        mean_.push_back(static_cast<float>(data.scaling.mean[i]));
        inverse_deviation_.push_back(static_cast<float>(1 / data.scaling.deviation[i]));
    }
    for (const Pool& pool : data.pools) {
        samplers_.emplace_back(*pool.data, data.gamma);
        if (data.protocol == Protocol::single_task) {
            data::TaskLabels labels = data::relabel_singletask(*pool.data, data.goal_xy, data.tolerance);
            rewards_.push_back(std::move(labels.rewards));
            masks_.push_back(std::move(labels.masks));
        }
    }
}

void BatchSampler::append_state(const data::Dataset& d, int64_t row, std::vector<float>& out) const {
    const float* s = d.observation(row);
    for (size_t i = 0; i < mean_.size(); ++i) out.push_back((s[i] - mean_[i]) * inverse_deviation_[i]);
}

Batch BatchSampler::draw(nn::Inputs& inputs, int64_t size, Rng rng, For whom) const {
    std::vector<float> input, value_input, next_input, action, reward, mask;
    const bool critics = whom == For::actor_and_critics;
    const auto total = static_cast<size_t>(size * input_width());
    input.reserve(total);
    if (critics) value_input.reserve(total), next_input.reserve(total);
    int64_t taken = 0;
    double share = 0;
    for (size_t p = 0; p < data_.pools.size(); ++p) {
        const data::Dataset& d = *data_.pools[p].data;
        share += data_.pools[p].share;
        const int64_t until = p + 1 == data_.pools.size() ? size : std::llround(share * static_cast<double>(size));
        for (; taken < until; ++taken) {
            const int64_t row = samplers_[p].random_row(rng);
            append_state(d, row, input);
            if (goals()) append_state(d, samplers_[p].uniform_goal(row, rng), input);
            action.insert(action.end(), d.action(row), d.action(row) + d.action_dim);
            if (!critics) continue;
            append_state(d, row, value_input);
            append_state(d, row + 1, next_input);
            if (goals()) {
                const int64_t goal = samplers_[p].sample(row, value_goals_, rng);
                append_state(d, goal, value_input);
                append_state(d, goal, next_input);
                reward.push_back(goal == row ? 0.0f : -1.0f);
                mask.push_back(goal == row ? 0.0f : 1.0f);
            } else {
                reward.push_back(rewards_[p][static_cast<size_t>(row)]);
                mask.push_back(masks_[p][static_cast<size_t>(row)]);
            }
        }
    }
    const Shape in{size, input_width()};
    Batch batch;
    batch.input = inputs.add(in, input);
    batch.action = inputs.add(Shape{size, action_dim()}, action);
    if (!critics) return batch;
    batch.value_input = inputs.add(in, value_input);
    batch.next_input = inputs.add(in, next_input);
    batch.reward = inputs.add(Shape{size}, reward);
    batch.mask = inputs.add(Shape{size}, mask);
    return batch;
}

std::vector<float> BatchSampler::spread(int64_t n, bool with_actions, Rng rng) const {
    const data::Dataset& d = *data_.pools[0].data;
    std::vector<float> out;
    for (int64_t i = 0; i < n; ++i) {
        const int64_t row = samplers_[0].random_row(rng);
        append_state(d, row, out);
        if (goals()) append_state(d, samplers_[0].random_row(rng), out);
        if (with_actions) out.insert(out.end(), d.action(row), d.action(row) + d.action_dim);
    }
    return out;
}

}  // namespace astro::learners
