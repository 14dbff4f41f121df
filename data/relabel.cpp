#include "data/relabel.h"

#include <cmath>

#include "tensor/base/error.h"

namespace astro::data {

TaskLabels relabel_singletask(const Dataset& dataset, std::array<double, 2> goal_xy, double tolerance) {
    bool has_qpos = !dataset.qpos.empty();
    const std::vector<float>& positions = has_qpos ? dataset.qpos : dataset.observations;
    auto columns = static_cast<size_t>(has_qpos ? dataset.qpos_dim : dataset.state_dim);
    ASTRO_CHECK(columns >= 2, "relabel_singletask: xy needs two columns, there are ", columns);
    TaskLabels labels;
    auto rows = static_cast<size_t>(dataset.rows);
    labels.rewards.resize(rows);
    labels.masks.resize(rows);
    for (size_t row = 0; row < rows; ++row) {
        double dx = static_cast<double>(positions[row * columns]) - goal_xy[0];
        double dy = static_cast<double>(positions[row * columns + 1]) - goal_xy[1];
        bool success = std::sqrt(dx * dx + dy * dy) <= tolerance;
        labels.rewards[row] = success ? 0.0f : -1.0f;
        labels.masks[row] = success ? 0.0f : 1.0f;
        labels.successes += success && dataset.terminals[row] == 0;
    }
    return labels;
}

}  // namespace astro::data
