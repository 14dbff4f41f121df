#include "apps/report/pictures.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "apps/method_names.h"
#include "astro/config/config.h"
#include "tensor/base/rows.h"

namespace astro::app::report {

namespace {

std::string figure(const std::string& svg, const std::string& caption) {
    return svg.empty() ? "" : "<figure>" + svg + "<figcaption>" + escape(caption) + "</figcaption></figure>";
}

// Where the rows of the two data sets are.
std::string visited(const data::NpzReader& npz, const WorldView& view) {
    const std::string original =
        view.drawn ? "Original data: visited positions. Agents stay at their goals at the end of episodes."
                   : "Original data: visited states. x and y: " + npz.read_text("axes.txt") + ".";
    std::string out;
    for (const auto& [key, caption] :
         {std::pair{"raw_xy", original},
          std::pair{"augmented_xy",
                    std::string(view.drawn ? "Stitched data: the same corridors, with more paths between them."
                                           : "Stitched data: visited states.")}}) {
        const std::vector<XY> points = view.points(npz, key);
        if (points.empty()) continue;
        WorldSvg picture(*view.world);
        picture.heat(points, 2 * view.world->spacing);
        out += figure(picture.svg(), caption);
    }
    return out;
}

std::string chains(const data::NpzReader& npz, const WorldView& view) {
    constexpr int64_t kShown = 12;
    const std::vector<XY> points = view.points(npz, "chain_xy");
    if (points.empty()) return "";
    WorldSvg picture(*view.world);
    std::vector<int64_t> start = npz.read_as<int64_t>("chain_start");
    const std::vector<uint8_t> bridge = npz.read_as<uint8_t>("chain_is_bridge");
    const int64_t all = ssize(start), drawn = std::min(kShown, all);
    start.push_back(ssize(points));
    for (int64_t n = 0; n < drawn; ++n) {
        const int64_t c = n * all / drawn;
        const size_t end = to_size(nth(start, c + 1));
        for (size_t i = to_size(nth(start, c)); i + 1 < end;) {  // one polyline per recorded part or bridge
            size_t j = i;
            std::vector<XY> way = {points[i]};
            while (j + 1 < end && bridge[j] == bridge[i]) way.push_back(points[++j]);
            picture.way(way, bridge[i] ? "bridge" : "real");
            i = j;
        }
    }
    return figure(picture.svg(),
                  "Examples of stitched trajectories: recorded parts are thin, generated bridges are thick. Bridges "
                  "connect different episodes.");
}

std::string fields(const data::NpzReader& npz, const WorldView& view) {
    const std::vector<XY> grid = view.points(npz, "tdr_grid_xy"), from = view.points(npz, "tdr_from_xy");
    if (grid.empty()) return "";
    std::string out;
    for (const auto& [key, caption] :
         {std::pair{"tdr_grid_distance",
                    "Learnt graph distance in steps from the marked state. It should follow the corridors."},
          std::pair{"tdr_grid_geodesic", "True geodesic distance from the same state, for comparison."}}) {
        WorldSvg picture(*view.world);
        const std::vector<double> field = npz.read_as<double>(key);
        double high = 1;
        for (double v : field)
            if (std::isfinite(v)) high = std::max(high, v);
        picture.field(grid, field, 0, high, 1.1 * view.world->spacing);
        if (!from.empty()) picture.mark(from[0], "goal", "from here");
        out += figure(picture.svg(), caption);
    }
    return out;
}

std::string rollouts(const data::NpzReader& npz, const WorldView& view) {
    std::string out;
    for (const std::string& arm : arm_names()) {
        const std::vector<XY> path = view.points(npz, "rollout_xy/" + arm);
        if (path.empty()) continue;
        WorldSvg picture(*view.world);
        std::vector<int64_t> start = npz.read_as<int64_t>("rollout_start/" + arm);
        const std::vector<uint8_t> success = npz.read_as<uint8_t>("rollout_success/" + arm);
        start.push_back(ssize(path));
        for (size_t r = 0; r + 1 < start.size(); ++r)
            picture.way(std::vector<XY>(path.begin() + start[r], path.begin() + start[r + 1]),
                        success[r] ? "won" : "lost");
        for (const XY& p : view.points(npz, "task_start_xy")) picture.mark(p, "start", "start of a task");
        for (const XY& p : view.points(npz, "task_goal_xy")) picture.mark(p, "goal", "goal of a task");
        out += figure(picture.svg(),
                      "Evaluation of the policy trained on: " + arm_words(arm) +
                          ". Green paths arrived, orange paths did not. Blue dots are starts, green dots are goals.");
    }
    return out;
}

}  // namespace

std::string pictures_section(const Run& run, const WorldView& view, const std::string& id) {
    if (!run.pictures || !view.world)
        return "<p>No pictures: the environment cannot be drawn, or the run has not finished.</p>";
    const data::NpzReader& npz = *run.pictures;
    const std::string kept = visited(npz, view), replaced = chains(npz, view) + fields(npz, view) + rollouts(npz, view);
    return "<div class=\"row\">" + kept + "</div><div class=\"row\" id=\"static-" + id + "\">" + replaced + "</div>";
}

}  // namespace astro::app::report
