// Some chains of the stitched data, with what is known of their bridges.
#include <algorithm>

#include "apps/measure/judges.h"
#include "apps/pictures/pictures.h"
#include "data/environment.h"
#include "data/file.h"
#include "data/replay.h"
#include "tensor/base/rows.h"
#include "tensor/base/scaled_rms.h"

namespace astro::app {

namespace {

constexpr int64_t kChains = 48;
constexpr int64_t kPoints = 24000;  // most points of all chains, so that they fit into a page

// Who judges transitions, in words, and the error of each of some transitions t -> t + 1 of the stitched data.
struct Verdicts {
    std::string judge;
    std::vector<double> error;
};
Verdicts judge_rows(StageRunner& runner, const data::Environment* environment, const data::RecordedData& augmented,
                    const std::vector<int64_t>& rows) {
    const std::string judges = runner.folder().file(kJudgesFile);
    Pipeline& pipeline = runner.pipeline();
    // A simulator that is too slow for all recorded rows would take long for these, too.
    const bool quick = environment && environment->exact_step && environment->spec().replay_rows == 0;
    if (quick && data::can_replay(*environment, augmented.recorded, "the stitched data")) {
        Verdicts by{"the simulator", {}};
        const std::vector<double> truth = pipeline.units().states.rows_inward<double>(
            data::replay_rows(*environment, augmented.recorded, rows, data::actions_of(augmented.recorded, rows)));
        for (int64_t i = 0; i < ssize(rows); ++i)
            by.error.push_back(scaled_rms(truth.data() + i * augmented.data.state_dim,
                                          augmented.data.observation(nth(rows, i) + 1),
                                          pipeline.statistics().sigma_delta));
        return by;
    }
    if (!data::file_exists(judges)) return {};
    return {
        "the one-step networks",
        judge_transitions(runner.context(), load_judges(runner.context().backend, judges), augmented.data, rows).error};
}

}  // namespace

void add_chains(data::NpzWriter& npz, StageRunner& runner, const data::Environment* environment, const Plane& plane,
                const data::RecordedData& augmented_rows) {
    const data::Dataset& augmented = augmented_rows.recorded;
    std::vector<int64_t> chain, start, bridge_of, synthetic;  // bridge_of: an index within the picture, or -1
    std::vector<float> error;                                 // of each bridge
    for (int64_t e : evenly_spaced(augmented.episodes(), kChains)) {
        const int64_t first = nth(augmented.episode_start, e), last = augmented.episode_end(e);
        if (!chain.empty() && ssize(chain) + last - first >= kPoints) continue;
        start.push_back(ssize(chain));
        int64_t id = -1;
        for (int64_t t = first; t <= last; ++t) {
            chain.push_back(t);
            if (!data::is_synthetic(augmented, t)) {
                bridge_of.push_back(-1);
                continue;
            }
            if (nth(augmented.bridge, t) != id || bridge_of.empty() || bridge_of.back() < 0)
                error.push_back(nth(augmented.arrival_error, t));
            id = nth(augmented.bridge, t);
            bridge_of.push_back(ssize(error) - 1);
            synthetic.push_back(t);
        }
    }
    add_points(npz, "chain_xy", plane.of_rows(augmented_rows, chain));
    add_list(npz, "chain_start", start);
    std::vector<uint8_t> is_bridge;
    for (int64_t id : bridge_of) is_bridge.push_back(id >= 0);
    add_list(npz, "chain_is_bridge", is_bridge);
    add_list(npz, "chain_bridge", bridge_of);
    add_list(npz, "chain_arrival_error", error);
    const Verdicts verdicts = judge_rows(runner, environment, augmented_rows, synthetic);
    if (!verdicts.judge.empty()) {
        std::vector<float> worst(error.size(), 0);
        int64_t at = 0;
        for (int64_t id : bridge_of)
            if (id >= 0) nth(worst, id) = std::max(nth(worst, id), static_cast<float>(nth(verdicts.error, at++)));
        add_list(npz, "chain_violation", worst);
        npz.add_text("chain_judge.txt", verdicts.judge);
    }
    if (!environment || !environment->picture()) return;
    // The tasks whose goals a chain passes.
    const int64_t tasks = environment->spec().tasks;
    std::vector<uint8_t> passes(to_size(ssize(start) * tasks), 0);
    std::vector<double> state(to_size(augmented.state_dim));
    for (int64_t task = 1; task <= tasks; ++task) {
        const std::vector<double> goal = environment->task(task).goal;
        for (int64_t c = 0, i = 0; c < ssize(start); ++c)
            for (; i < (c + 1 < ssize(start) ? nth(start, c + 1) : ssize(chain)); ++i) {
                for (int64_t x = 0; x < augmented.state_dim; ++x) nth(state, x) = augmented.state(nth(chain, i), x);
                if (environment->success(state.data(), goal.data())) nth(passes, c * tasks + task - 1) = 1;
            }
    }
    add_array(npz, "chain_passes_goal", {ssize(start), tasks}, passes);
}

}  // namespace astro::app
