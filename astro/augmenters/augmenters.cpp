#include <algorithm>
#include <list>

#include "astro/augmenters/augmenter.h"

namespace astro::method::augmenters {

namespace {

// A list, so that references to rows stay valid when one is added.
std::list<Row>& table() {
    static std::list<Row> rows = {
        {"raw", "", "the data as they are", {}, nullptr, true},
        {"duplicate", "duplicate", "the same rows repeated (control)", {"augment"}, make_duplicate, true},
        {"augmented", "stitch", "stitched trajectories (ASTRO)", {"selection", "augment"}, make_stitch, true, true}};
    return rows;
}

const Row* find(const std::string& arm) {
    for (const Row& row : table())
        if (row.arm == arm) return &row;
    return nullptr;
}

}  // namespace

bool is_arm(const std::string& arm) { return find(arm) != nullptr; }

const Row& row_of(const std::string& arm) {
    const Row* row = find(arm);
    if (!row) fail(ErrorKind::usage, "unknown arm '", arm, "'");
    return *row;
}

std::unique_ptr<Augmenter> make_augmenter(const std::string& arm, Pipeline& pipeline, int64_t qpos_columns) {
    const Row& row = row_of(arm);
    ASTRO_CHECK(row.make, "arm ", arm, " has no augmenter");
    return row.make(pipeline, qpos_columns);
}

AddedRow::AddedRow(Row row) : arm_(row.arm) {
    if (is_arm(arm_)) fail(ErrorKind::usage, "arm '", arm_, "' exists already");
    table().push_back(std::move(row));
}

AddedRow::~AddedRow() {
    table().remove_if([&](const Row& row) { return row.arm == arm_; });
}

}  // namespace astro::method::augmenters

std::vector<std::string> astro::method::arm_names() {
    std::vector<std::string> names;
    for (const auto& row : augmenters::table()) names.push_back(row.arm);
    return names;
}

std::vector<std::string> astro::method::default_arms() {
    std::vector<std::string> names;
    for (const auto& row : augmenters::table())
        if (row.by_default) names.push_back(row.arm);
    return names;
}
