#include <algorithm>
#include <list>

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

// A list: rows stay where they are when one is added.
std::list<Row>& table() {
    static std::list<Row> rows = {{"gcbc", {"gcbc"}, make_gcbc, false},
                                  {"iql", {"value", "iql"}, make_iql},
                                  {"td3bc", {"value", "td3bc"}, make_td3bc},
                                  {"cql", {"value", "td3bc", "cql"}, make_cql}};
    return rows;
}

const Row* find(const std::string& learner) {
    for (const Row& row : table())
        if (row.name == learner) return &row;
    return nullptr;
}

const Row& row_of(const std::string& learner) {
    const Row* row = find(learner);
    if (!row) fail(ErrorKind::usage, "unknown learner '", learner, "'");
    return *row;
}

}  // namespace

std::unique_ptr<Learner> make_learner(const std::string& learner, const Context& context, const Config& config,
                                      const std::string& environment, const LearningData& data,
                                      const std::string& stage) {
    return row_of(learner).make(context, config, environment, data, stage);
}

AddedRow::AddedRow(Row row) : name_(row.name) {
    if (find(name_)) fail(ErrorKind::usage, "there is a learner '", name_, "' already");
    table().push_back(std::move(row));
}

AddedRow::~AddedRow() {
    table().remove_if([&](const Row& row) { return row.name == name_; });
}

}  // namespace astro::method::learners

std::vector<std::string> astro::method::learner_names() {
    std::vector<std::string> names;
    for (const auto& row : learners::table()) names.push_back(row.name);
    return names;
}

std::vector<std::string> astro::method::learner_sections(const std::string& learner) {
    return learners::row_of(learner).sections;
}

bool astro::method::has_single_task_form(const std::string& learner) { return learners::row_of(learner).single_task; }
