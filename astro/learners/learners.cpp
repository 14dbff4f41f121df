#include "astro/learners/learner.h"

namespace astro::method::learners {

namespace {

NamedTable<Row>& table() {
    static NamedTable<Row> all("learner", &Row::name,
                               {{"gcbc", {"gcbc"}, make_gcbc, false},
                                {"iql", {"value", "iql"}, make_iql},
                                {"td3bc", {"value", "td3bc"}, make_td3bc},
                                {"cql", {"value", "td3bc", "cql"}, make_cql},
                                {"gcivl", {"value", "gcivl"}, make_gcivl, false},
                                {"hiql", {"value", "hiql"}, make_hiql, false, false}});
    return all;
}

}  // namespace

std::unique_ptr<Learner> make_learner(const std::string& learner, const Context& context, const Config& config,
                                      const std::string& environment, const LearningData& data,
                                      const std::string& stage) {
    return table().at(learner).make(context, config, environment, data, stage);
}

AddedRow::AddedRow(Row row) : Added(table(), std::move(row)) {}

}  // namespace astro::method::learners

std::vector<std::string> astro::method::learner_names() { return learners::table().names(); }

std::vector<std::string> astro::method::learner_sections(const std::string& learner) {
    return learners::table().at(learner).sections;
}

bool astro::method::has_exported_form(const std::string& learner) { return learners::table().at(learner).exported; }

bool astro::method::has_single_task_form(const std::string& learner) {
    return learners::table().at(learner).single_task;
}
