#include "astro/measure/cross_pairs.h"

#include <algorithm>

#include "tensor/base/rows.h"

namespace astro::method {

std::vector<StitchEnds> cross_episode_ends(Pipeline& pipeline, int64_t limit) {
    constexpr int64_t kTargets = 20000;
    const int64_t l = pipeline.config().planner.context;
    const auto reach = static_cast<double>(pipeline.config().planner.gap + 1);
    const TemporalMap &map = pipeline.map(), &held_out = pipeline.validation_map();
    const Trajectories &train = pipeline.train(), &validation = pipeline.validation();
    const std::vector<int64_t> starts = spread_evenly(window_starts(validation, held_out.arrival, l - 1, l - 1), limit),
                               targets = spread_evenly(window_starts(train, map.arrival, l - 1, 0), kTargets);
    const auto count = ssize(starts);
    std::vector<StitchEnds> all(starts.size());
    const Rng stream = Rng(pipeline.seed()).stream("validation/cross");
    pipeline.context().threads.run(count, [&](int64_t i) {
        const int64_t start = nth(starts, i), source = start + l - 1;
        std::vector<int64_t> reachable;
        for (int64_t row : targets)
            if (map.calibration.steps(map.steps(held_out.at(source), map.at(row))) <= reach) reachable.push_back(row);
        if (reachable.empty()) return;
        Rng rng = stream.stream(static_cast<uint64_t>(i));
        const int64_t target = nth(reachable, rng.below(ssize(reachable)));
        StitchEnds& ends = nth(all, i);
        ends = recorded_ends(*validation.dataset, start, *train.dataset, target, l);
        ends.own_actions = actions_from(validation, source, pipeline.config().planner.gap + 1);
        ends.steps = map.calibration.steps(map.steps(held_out.at(source), map.at(target)));
    });
    all.erase(std::remove_if(all.begin(), all.end(), [](const StitchEnds& e) { return e.source_states.empty(); }),
              all.end());
    return all;
}

BridgedEnds sample_cross_bridges(Pipeline& pipeline, int64_t limit) {
    std::vector<StitchEnds> ends = cross_episode_ends(pipeline, limit);
    std::vector<Rng> streams;
    for (size_t i = 0; i < ends.size(); ++i)
        streams.push_back(Rng(pipeline.seed()).stream("validation/cross_bridges").stream(i));
    auto bridges = pipeline.planner().sample(ends, pipeline.config().planner.gap,
                                             pipeline.config().augment.bridge_candidates, streams);
    return {std::move(ends), std::move(bridges)};
}

}  // namespace astro::method
