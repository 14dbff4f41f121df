// Trains a policy on recorded episodes and controls the boat of lake.h with it.
//     make examples && build/examples/09_drive [PICTURE.svg]
#include <cstdio>
#include <functional>

#include "astro/learners/learner.h"
#include "astro/trajectories.h"
#include "data/units.h"
#include "examples/lake.h"
#include "examples/picture.h"

using namespace astro;
using namespace astro::method;

namespace {

constexpr int kDrives = 50, kSteps = 200;

using Policy = std::function<std::vector<float>(const std::vector<float>& states, const std::vector<float>& goals)>;

// Simulates all boats together, with one call of the policy per step. Returns how many come within one unit of their
// goals.
int drive(const Policy& policy, std::vector<std::vector<example::XY>>& paths, std::vector<float>& goals) {
    Rng rng = Rng(1).stream("drives");
    std::vector<example::Boat> boats;
    goals.clear();
    paths.assign(kDrives, {});
    for (int i = 0; i < kDrives; ++i) {
        boats.push_back(example::random_boat(rng));
        const example::Boat goal = example::random_boat(rng);
        goals.insert(goals.end(), {static_cast<float>(goal.x), static_cast<float>(goal.y)});
    }
    std::vector<bool> arrived(kDrives, false);
    for (int t = 0; t < kSteps; ++t) {
        std::vector<float> states;
        for (const example::Boat& boat : boats)
            states.insert(states.end(), {static_cast<float>(boat.x), static_cast<float>(boat.y)});
        const std::vector<float> actions = policy(states, goals);
        for (size_t i = 0; i < kDrives; ++i) {
            if (arrived[i]) continue;
            paths[i].push_back({boats[i].x, boats[i].y});
            boats[i].step(actions[2 * i], actions[2 * i + 1]);
            arrived[i] = std::hypot(boats[i].x - goals[2 * i], boats[i].y - goals[2 * i + 1]) < 1;
        }
    }
    return static_cast<int>(std::count(arrived.begin(), arrived.end(), true));
}

}  // namespace

int main(int argc, char** argv) {
    const auto backend = make_cpu_backend();
    ThreadPool threads(1);
    const data::Dataset trips = example::record_trips(500, 81);
    const data::Units units = data::measure_units(trips, "trips");  // networks use centred and scaled values
    const data::RecordedData rows = data::convert(units, trips, "trips");
    learners::LearningData data;
    data.pools = {{&rows.data, 1}};

    // Goal-conditioned behaviour cloning: the goal of a state is a later state of the same episode.
    Config config;
    apply_preset(config, "tiny");
    config.gcbc.updates = 4000, config.gcbc.width = 128;
    const auto policy = learners::make_learner("gcbc", {*backend, threads}, config, "", data, "policy");

    std::vector<std::vector<example::XY>> paths;
    std::vector<float> goals;
    auto act = [&](const std::vector<float>& states, const std::vector<float>& to) {
        return units.actions.rows_outward<float>(
            policy->act(units.states.rows_inward<float>(states), units.states.rows_inward<float>(to)));
    };
    const int before = drive(act, paths, goals);
    for (int64_t k = 0; k < policy->updates(); ++k) {
        policy->update(k);
        if (k % 1000 == 0) std::printf("update %4d  loss %.4f\n", int(k), policy->metrics()[0].second);
    }
    const int after = drive(act, paths, goals);
    std::printf("arrived, of %d: untrained %d, trained %d\n", kDrives, before, after);

    example::Picture picture(-13, 13, -13, 13);
    for (size_t i = 0; i < 12; ++i) {
        picture.line(paths[i], "#1f5fa8"), picture.dots({paths[i][0]}, "#1f5fa8", 4);
        picture.dots({{goals[2 * i], goals[2 * i + 1]}}, "#c0392b", 4);
    }
    if (!picture.write(argc > 1 ? argv[1] : nullptr)) return 1;
    return example::verdict(after >= 45 && before < 25, "the trained policy arrives, the untrained one does not");
}
