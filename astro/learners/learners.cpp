#include <algorithm>

#include "astro/learners/learner.h"

namespace astro::learners {

std::vector<float> Learner::act(const std::vector<float>& states, const std::vector<float>& goals) const {
    const int64_t ds = sampler_.state_dim(), n = static_cast<int64_t>(states.size()) / ds, da = sampler_.action_dim();
    const Scaling& scaling = sampler_.data().scaling;
    std::vector<float> actions(static_cast<size_t>(n * da));
    constexpr int64_t kPiece = 64;
    context_.threads.run((n + kPiece - 1) / kPiece, [&](int64_t piece) {
        const int64_t first = piece * kPiece, count = std::min(kPiece, n - first);
        std::vector<float> input;
        auto append = [&](const std::vector<float>& rows, int64_t r) {
            for (int64_t i = 0; i < ds; ++i)
                input.push_back(static_cast<float>((double(rows[static_cast<size_t>(r * ds + i)]) - scaling.mean[static_cast<size_t>(i)]) /
                                                   scaling.deviation[static_cast<size_t>(i)]));
        };
        for (int64_t r = first; r < first + count; ++r) {
            append(states, r);
            if (sampler_.goals()) append(goals, r);
        }
        const Tensor out = clamp(actor_(Tensor::from(context_.backend, Shape{count, sampler_.input_width()}, input)), -1, 1);
        context_.backend.download(actions.data() + first * da, out.raw(), out.bytes());
    });
    return actions;
}

namespace {

constexpr std::pair<const char*, Factory*> kLearners[] = {
    {"gcbc", make_gcbc}, {"iql", make_iql}, {"td3bc", make_td3bc}, {"cql", make_cql}};

}  // namespace
}  // namespace astro::learners

std::vector<std::string> astro::learner_names() {
    std::vector<std::string> names;
    for (const auto& row : learners::kLearners) names.emplace_back(row.first);
    return names;
}

namespace astro::learners {

std::unique_ptr<Learner> make_learner(const std::string& learner, const Context& context, const Config& config,
                                      const std::string& environment, const LearningData& data, const std::string& stage) {
    for (const auto& [name, factory] : kLearners)
        if (learner == name) return factory(context, config, environment, data, stage);
    fail(ErrorKind::usage, "unknown learner '", learner, "'");
}

}  // namespace astro::learners
