#include "apps/run/simulator.h"

#include <map>
#include <memory>

#include "apps/run/output.h"
#include "data/maze/geodesic.h"
#include "data/maze/replay.h"

namespace astro::app {

const Simulator* find_simulator(const std::string& name) {
    maze::EnvironmentName parsed;
    if (!maze::parse_environment(name, parsed)) return nullptr;
    static std::map<std::string, std::unique_ptr<Simulator>> known;
    std::unique_ptr<Simulator>& slot = known[parsed.maze];
    if (!slot) {
        const maze::Layout& layout = maze::layout(parsed.maze);
        slot = std::make_unique<Simulator>();
        slot->environment = "pointmaze-" + parsed.maze + "-v0";
        slot->step = [&layout](const float* state, const float* action, double* next) {
            const maze::State s = maze::step_point(layout, {state[0], state[1]}, action[0], action[1]);
            next[0] = s.position.x, next[1] = s.position.y;
        };
        auto map = std::make_shared<maze::GeodesicMap>(layout);
        slot->geodesics = [map](const float* from, const std::vector<const float*>& to) {
            const std::vector<float> all = map->distances_from({from[0], from[1]});
            std::vector<double> distances;
            for (const float* p : to) distances.push_back(map->at(all, {p[0], p[1]}));
            return distances;
        };
    }
    return slot.get();
}

void put_stored_rates(data::Json& results, const data::Dataset& spliced, const std::vector<double>& tolerances,
                      const Simulator& simulator, ThreadPool& threads) {
    maze::EnvironmentName parsed;
    maze::parse_environment(simulator.environment, parsed);
    const maze::Replay r = maze::replay(maze::layout(parsed.maze), spliced, tolerances, threads);
    auto share = [](int64_t part, int64_t all) {
        return all ? static_cast<double>(part) / static_cast<double>(all) : 0.0;
    };
    for (size_t k = 0; k < tolerances.size(); ++k) {
        results[at_tolerance("dvr_transition", tolerances[k])] =
            share(r.synthetic.violations[k], r.synthetic.transitions);
        results[at_tolerance("dvr_bridge", tolerances[k])] = share(r.violating_bridges[k], r.bridges);
    }
}

}  // namespace astro::app
