#include <algorithm>

#include "astro/learners/learner.h"

namespace astro::method::learners {

std::vector<float> Learner::act(const std::vector<float>& states, const std::vector<float>& goals) const {
    const int64_t ds = sampler_.state_dim(), n = static_cast<int64_t>(states.size()) / ds, da = sampler_.action_dim();
    std::vector<float> actions(static_cast<size_t>(n * da));
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

struct Row {
    const char* name;
    Factory* make;
    std::vector<std::string> sections;  // of the settings
};

const std::vector<Row>& table() {
    static const std::vector<Row> rows = {{"gcbc", make_gcbc, {"gcbc"}},
                                          {"iql", make_iql, {"value", "iql"}},
                                          {"td3bc", make_td3bc, {"value", "td3bc"}},
                                          {"cql", make_cql, {"value", "td3bc", "cql"}}};
    return rows;
}

}  // namespace
}  // namespace astro::method::learners

std::vector<std::string> astro::method::learner_names() {
    std::vector<std::string> names;
    for (const auto& row : learners::table()) names.emplace_back(row.name);
    return names;
}

std::vector<std::string> astro::method::learner_sections(const std::string& learner) {
    for (const auto& row : learners::table())
        if (learner == row.name) return row.sections;
    fail(ErrorKind::usage, "unknown learner '", learner, "'");
}

namespace astro::method::learners {

std::unique_ptr<Learner> make_learner(const std::string& learner, const Context& context, const Config& config,
                                      const std::string& environment, const LearningData& data,
                                      const std::string& stage) {
    for (const Row& row : table())
        if (learner == row.name) return row.make(context, config, environment, data, stage);
    fail(ErrorKind::usage, "unknown learner '", learner, "'");
}

}  // namespace astro::method::learners
