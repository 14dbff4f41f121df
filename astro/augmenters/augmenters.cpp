#include "astro/augmenters/augmenter.h"

namespace astro::method::augmenters {

namespace {

NamedTable<Row>& table() {
    static NamedTable<Row> all(
        "arm", &Row::arm,
        {{"raw", "", "the data as they are", {}, nullptr, true},
         {"relabel", "", "the data as they are, with farther goals", {"tdr", "graph", "relabel"}, nullptr, false, true},
         {"duplicate", "duplicate", "the same rows repeated (control)", {"augment"}, make_duplicate, true},
         {"augmented",
          "stitch",
          "stitched trajectories (ASTRO)",
          {"sampling", "selection", "augment"},
          make_stitch,
          true,
          false,
          true},
         {"augmented_relabel",
          "stitch",
          "stitched trajectories, with farther goals",
          {"sampling", "selection", "augment", "tdr", "graph", "relabel"},
          make_stitch,
          false,
          true,
          true},
         {"straight",
          "straight",
          "chains with straight bridges (rival)",
          {"selection", "augment", "straight", "metrics"},
          make_straight},
         {"swap", "swap", "goals swapped where episodes meet (rival)", {"augment", "swap"}, make_swap}});
    return all;
}

}  // namespace

bool is_arm(const std::string& arm) { return table().find(arm) != nullptr; }

const Row& row_of(const std::string& arm) { return table().at(arm); }

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
