#include <algorithm>

#include "astro/learners/learner.h"
#include "tensor/base/rows.h"

namespace astro::method::learners {

std::vector<float> Learner::act(const std::vector<float>& states, const std::vector<float>& goals) const {
    const int64_t ds = sampler_.state_dim(), n = ssize(states) / ds, da = sampler_.action_dim();
    std::vector<float> actions(to_size(n * da));
    constexpr int64_t kPiece = 64;
    context_.threads.run((n + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, n - first);
        std::vector<float> input;
        auto append = [&](const std::vector<float>& rows, int64_t r) {
            input.insert(input.end(), rows.begin() + r * ds, rows.begin() + (r + 1) * ds);
        };
        for (int64_t r = first; r < first + count; ++r) {
            append(states, r);
            if (sampler_.goals()) append(goals, r);
        }
        const Tensor out =
            clamp(actor_(Tensor::from(context_.backend, Shape{count, sampler_.input_width()}, input)), -1, 1);
        context_.backend.download(actions.data() + first * da, out.raw(), out.bytes());
    });
    return actions;
}

namespace {

NamedTable<Row>& table() {
    static NamedTable<Row> all("learner", &Row::name,
                               {{"gcbc", {"gcbc"}, make_gcbc, false},
                                {"iql", {"value", "iql"}, make_iql},
                                {"td3bc", {"value", "td3bc"}, make_td3bc},
                                {"cql", {"value", "td3bc", "cql"}, make_cql}});
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

bool astro::method::has_single_task_form(const std::string& learner) {
    return learners::table().at(learner).single_task;
}
