#include "astro/augmenters/augmenters.h"

#include <algorithm>
#include <list>

#include "astro/augmenters/augmenter.h"
#include "tensor/base/defined_elsewhere.h"

namespace astro::method::augmenters {

// Names for the last columns of the table.
constexpr bool kDefault = true, kRelabels = true, kKept = true;

// Each row names the factory that the file of its augmenter defines.
static std::list<Row> rows() {
    return {{"raw", "the data as they are", {}, {}, nullptr, kDefault},
            {"relabel",
             "the data as they are, with farther goals",
             {"graph", "relabel"},
             {"tdr"},
             nullptr,
             !kDefault,
             kRelabels},
            {"duplicate",
             "the same rows repeated (control)",
             {"augment"},
             {"tdr"},
             ASTRO_DEFINED_ELSEWHERE(Factory, make_duplicate),
             kDefault},
            {"augmented",
             "stitched trajectories (ASTRO)",
             {"sampling", "selection", "augment"},
             {"tdr", "dynamics", "planner"},
             ASTRO_DEFINED_ELSEWHERE(Factory, make_stitch),
             kDefault,
             !kRelabels,
             kKept},
            {"augmented_relabel",
             "stitched trajectories, with farther goals",
             {"sampling", "selection", "augment", "relabel"},
             {"tdr", "dynamics", "planner"},
             ASTRO_DEFINED_ELSEWHERE(Factory, make_stitch),
             !kDefault,
             kRelabels,
             kKept},
            {"straight",
             "chains with straight bridges (rival)",
             {"graph", "selection", "augment", "straight", "metrics"},
             {"tdr"},
             ASTRO_DEFINED_ELSEWHERE(Factory, make_straight)},
            {"swap",
             "goals swapped where episodes meet (rival)",
             {"augment", "swap"},
             {},
             ASTRO_DEFINED_ELSEWHERE(Factory, make_swap)}};
}

static NamedTable<Row>& table() {
    static NamedTable<Row> all("arm", &Row::arm, rows());
    return all;
}

bool is_arm(const std::string& arm) { return table().find(arm) != nullptr; }

const Row& row_of(const std::string& arm) { return table().at(arm); }

const Row& kept_row() {
    const auto& rows = table().rows();
    return *std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.kept; });
}

std::unique_ptr<Augmenter> make_augmenter(const std::string& arm, Pipeline& pipeline, int64_t qpos_columns) {
    const Row& row = row_of(arm);
    ASTRO_CHECK(row.make, "arm ", arm, " has no augmenter");
    return row.make(pipeline, qpos_columns);
}

AddedRow::AddedRow(Row row) : Added(table(), std::move(row)) {}

}  // namespace astro::method::augmenters

std::vector<std::string> astro::method::arm_names() { return augmenters::table().names(); }

std::vector<std::string> astro::method::default_arms() {
    std::vector<std::string> names;
    for (const auto& row : augmenters::table().rows())
        if (row.by_default) names.push_back(row.arm);
    return names;
}
