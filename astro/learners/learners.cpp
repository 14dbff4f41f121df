#include "astro/learners/learners.h"

#include "astro/learners/learner.h"
#include "tensor/base/defined_elsewhere.h"

namespace astro::method::learners {

// Each row names the factory that the file of its learner defines.
static NamedTable<Row>& table() {
    static NamedTable<Row> all("learner", &Row::name,
                               {{"gcbc", {"gcbc"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_gcbc), false, true},
                                {"hgcbc", {"gcbc", "hgcbc"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_hgcbc), false, true},
                                {"iql", {"value", "iql"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_iql)},
                                {"td3bc", {"value", "td3bc"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_td3bc)},
                                {"cql", {"value", "td3bc", "cql"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_cql)},
                                {"gcivl", {"value", "gcivl"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_gcivl), false},
                                {"hiql", {"value", "hiql"}, ASTRO_DEFINED_ELSEWHERE(Factory, make_hiql), false}});
    return all;
}

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

bool astro::method::has_weighted_form(const std::string& learner) { return learners::table().at(learner).weighted; }

bool astro::method::has_single_task_form(const std::string& learner) {
    return learners::table().at(learner).single_task;
}
