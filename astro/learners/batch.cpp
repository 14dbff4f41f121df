#include "astro/learners/batch.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::method::learners {

Batch Batch::rows(int64_t first, int64_t count) const {
    const auto part = [&](const Tensor& all) { return all.defined() ? all.rows(first, count) : all; };
    return {part(input), part(value_input), part(next_input), part(action),     part(reward),
            part(mask),  part(weight),      part(subgoal),    part(high_target)};
}

BatchSampler::BatchSampler(const LearningData& data, double current_goals, double trajectory_goals)
    : data_(data), value_goals_{current_goals, trajectory_goals, 1 - current_goals - trajectory_goals, true} {
    for (const Pool& pool : data.pools) {
        samplers_.emplace_back(*pool.data, data.gamma);
        ASTRO_CHECK(goals() || pool.labels.rewards.size() == to_size(pool.data->rows),
                    "a single-task learner needs the labels of every row");
    }
}

namespace {

void put_state(const data::Dataset& d, int64_t row, float* out) { std::copy_n(d.observation(row), d.state_dim, out); }

}  // namespace

BatchSampler::Return BatchSampler::return_from(size_t pool, int64_t row, int64_t goal) const {
    const data::TaskLabels& labels = data_.pools[pool].labels;
    const int64_t last = samplers_[pool].ahead(row, return_steps_ - 1);
    Return sum;
    for (int64_t t = row; sum.mask > 0 && t <= last; ++t) {
        if (t > row) sum.mask *= data_.gamma;
        const double reward = !goals() ? double(labels.rewards[to_size(t)]) : t == goal ? 0 : -1;
        const double mask = !goals() ? double(labels.masks[to_size(t)]) : t == goal ? 0 : 1;
        sum.reward += sum.mask * reward;
        sum.mask *= mask;
        sum.next = t + 1;
    }
    return sum;
}

Batch BatchSampler::draw(ThreadPool& threads, nn::Inputs& inputs, int64_t size, const Rng& rng,
                         Contents contents) const {
    const bool critics = contents == Contents::actor_and_critics;
    const int64_t width = input_width(), states = state_dim(), actions = action_dim();
    auto array = [&](bool wanted, int64_t columns) { return std::vector<float>(to_size(wanted ? size * columns : 0)); };
    std::vector<float> input = array(true, width), value_input = array(critics, width),
                       next_input = array(critics, width), action = array(true, actions), reward = array(critics, 1),
                       mask = array(critics, 1);
    const bool weighted = std::any_of(data_.pools.begin(), data_.pools.end(),
                                      [](const Pool& p) { return p.relabeller && p.relabeller->weighted(); });
    std::vector<float> weight = array(weighted, 1);
    const bool subgoals = subgoal_steps_ > 0;
    std::vector<float> subgoal = array(subgoals && critics, states), high_target = array(subgoals, states);
    std::vector<int64_t> until;  // rows [until[p - 1], until[p]) come from pool p
    double share = 0;
    for (const Pool& pool : data_.pools)
        until.push_back(std::llround((share += pool.share) * static_cast<double>(size)));
    until.back() = size;
    threads.run((size + kBlock - 1) / kBlock, [&](int64_t block) {
        Rng own = rng.stream(static_cast<uint64_t>(block));
        for (int64_t i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) {
            size_t p = 0;
            while (i >= until[p]) ++p;
            const data::Dataset& d = *data_.pools[p].data;
            const int64_t row = samplers_[p].random_row(own);
            put_state(d, row, &nth(input, i * width));
            if (goals()) {
                const int64_t near = samplers_[p].uniform_goal(row, own);
                const Pool& pool = data_.pools[p];
                GoalRelabeller::Goal other;
                if (pool.relabeller)
                    other = pool.relabeller->draw(
                        row, near, samplers_[p].ahead(row, pool.relabeller->config().progress_steps), own);
                const int64_t relabelled = other.row;
                if (weighted) nth(weight, i) = static_cast<float>(other.weight);
                const bool random = relabelled < 0 && random_actor_goals_ > 0 && own.uniform() < random_actor_goals_;
                const int64_t goal = relabelled >= 0 ? relabelled : random ? samplers_[p].random_row(own) : near;
                put_state(relabelled < 0 ? d : *pool.relabelled_goals, goal, &nth(input, i * width + states));
                if (subgoals) {
                    const int64_t ahead = samplers_[p].ahead(row, subgoal_steps_);
                    if (critics) put_state(d, ahead, &nth(subgoal, i * states));
                    // A relabelled goal by the rule weighted, and a random one, may lie in any direction.
                    const bool beyond = random || (relabelled >= 0 && weighted);
                    put_state(d, beyond ? ahead : std::min(ahead, near), &nth(high_target, i * states));
                }
            }
            std::copy_n(d.action(row), actions, &nth(action, i * actions));
            if (!critics) continue;
            const int64_t goal = goals() ? samplers_[p].sample(row, value_goals_, own) : -1;
            const Return ahead = return_from(p, row, goal);
            float *now = &nth(value_input, i * width), *next = &nth(next_input, i * width);
            put_state(d, row, now);
            put_state(d, ahead.next, next);
            nth(reward, i) = static_cast<float>(ahead.reward);
            nth(mask, i) = static_cast<float>(ahead.mask);
            if (!goals()) continue;
            put_state(d, goal, now + states);
            put_state(d, goal, next + states);
        }
    });
    const Shape in{size, width};
    Batch batch;
    batch.input = inputs.add(in, input);
    batch.action = inputs.add(Shape{size, actions}, action);
    if (weighted) batch.weight = inputs.add(Shape{size, 1}, weight);
    if (subgoals) batch.high_target = inputs.add(Shape{size, states}, high_target);
    if (!critics) return batch;
    if (subgoals) batch.subgoal = inputs.add(Shape{size, states}, subgoal);
    batch.value_input = inputs.add(in, value_input);
    batch.next_input = inputs.add(in, next_input);
    batch.reward = inputs.add(Shape{size}, reward);
    batch.mask = inputs.add(Shape{size}, mask);
    return batch;
}

std::vector<float> BatchSampler::spread(int64_t n, bool with_actions, Rng rng) const {
    const data::Dataset& d = *data_.pools[0].data;
    const int64_t width = input_width() + (with_actions ? action_dim() : 0);
    std::vector<float> out(to_size(n * width));
    for (int64_t i = 0; i < n; ++i) {
        float* to = &nth(out, i * width);
        const int64_t row = samplers_[0].random_row(rng);
        put_state(d, row, to);
        if (goals()) put_state(d, samplers_[0].random_row(rng), to + state_dim());
        if (with_actions) std::copy_n(d.action(row), action_dim(), to + input_width());
    }
    return out;
}

}  // namespace astro::method::learners
