#include "apps/report/pictures.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "apps/method_names.h"
#include "apps/report/svg.h"
#include "astro/augmenters/augmenter.h"
#include "data/environment.h"
#include "tensor/base/rows.h"

namespace astro::app::report {

namespace {

// From the coordinates of pictures.npz to those of the picture.
struct View {
    double x = 0, y = 0, scale_x = 1, scale_y = 1;

    XY operator()(double px, double py) const { return {(px - x) * scale_x, (py - y) * scale_y}; }
};

// Lines and points have the width that suits a maze, whose longer side is some 40 units. Data without a world are drawn
// at that size, whatever their units; their shorter side at a quarter of it at least.
View fit(data::WorldPicture& world) {
    constexpr double kLong = 40, kShort = 10;
    data::WorldPicture::Rectangle& b = world.bounds;
    const double longest = std::max({b.width, b.height, 1e-300});
    auto scale = [&](double side) {
        return side * kLong / longest < kShort ? kShort / std::max(side, 1e-300) : kLong / longest;
    };
    const View view{b.x, b.y, scale(b.width), scale(b.height)};
    b = {0, 0, std::max(b.width * view.scale_x, kShort), std::max(b.height * view.scale_y, kShort)};
    world.spacing = kLong / 100;
    return view;
}

std::vector<XY> points_of(const data::NpzReader& npz, const std::string& key, const View& view) {
    std::vector<XY> points;
    if (!npz.find(key)) return points;
    const std::vector<float> xy = npz.read_as<float>(key);
    for (size_t i = 0; i + 1 < xy.size(); i += 2) points.push_back(view(double(xy[i]), double(xy[i + 1])));
    return points;
}

std::string figure(const std::string& svg, const std::string& caption) {
    return svg.empty() ? "" : "<figure>" + svg + "<figcaption>" + escape(caption) + "</figcaption></figure>";
}

// The world of the run: as stored in pictures.npz, else (older runs) that of the built-in environment in its results;
// null if there is none.
std::shared_ptr<data::WorldPicture> world_of(const data::NpzReader* pictures, const data::Json& results) {
    if (pictures && pictures->find("world_rectangles")) {
        const std::vector<double> r = pictures->read_as<double>("world_rectangles"),
                                  spacing = pictures->read_as<double>("world_spacing");
        auto world = std::make_shared<data::WorldPicture>();
        for (size_t i = 0; i + 3 < r.size(); i += 4) world->walls.push_back({r[i], r[i + 1], r[i + 2], r[i + 3]});
        if (world->walls.empty() || spacing.empty()) return nullptr;
        world->bounds = world->walls.front();
        world->walls.erase(world->walls.begin());
        world->spacing = spacing[0];
        return world;
    }
    const data::Json* name = results.find("environment");
    const data::Environment* environment = name ? data::find_environment(name->as_string()) : nullptr;
    const data::WorldPicture* picture = environment ? environment->picture() : nullptr;
    return picture ? std::make_shared<data::WorldPicture>(*picture) : nullptr;
}

}  // namespace

std::string arm_words(const std::string& arm) {
    return escape(augmenters::is_arm(arm) ? augmenters::row_of(arm).label : arm);
}

std::string pictures_section(const data::NpzReader* pictures, const data::Json& results) {
    const std::shared_ptr<data::WorldPicture> world = world_of(pictures, results);
    if (!pictures || !world) return "<p>No pictures: the environment cannot be drawn, or the run has not finished.</p>";
    const data::NpzReader& npz = *pictures;
    const bool drawn = !npz.has_text("axes.txt");  // the world is that of an environment
    const View view = drawn ? View{} : fit(*world);
    const std::string original =
        drawn ? "Original data: visited positions. Agents stay at their goals at the end of episodes."
              : "Original data: visited states. x and y: " + npz.read_text("axes.txt") + ".";
    std::string out = "<div class=\"row\">";
    for (const auto& [key, caption] :
         {std::pair{"raw_xy", original},
          std::pair{"augmented_xy",
                    std::string(drawn ? "Stitched data: the same corridors, with more paths between them."
                                      : "Stitched data: visited states.")}}) {
        const std::vector<XY> visited = points_of(npz, key, view);
        if (visited.empty()) continue;
        WorldSvg picture(*world);
        picture.heat(visited, 2 * world->spacing);
        out += figure(picture.svg(), caption);
    }
    const std::vector<XY> chain = points_of(npz, "chain_xy", view);
    if (!chain.empty()) {
        WorldSvg picture(*world);
        std::vector<int64_t> start = npz.read_as<int64_t>("chain_start");
        const std::vector<uint8_t> bridge = npz.read_as<uint8_t>("chain_is_bridge");
        start.push_back(ssize(chain));
        for (size_t c = 0; c + 1 < start.size(); ++c)
            for (auto i = to_size(start[c]);
                 i + 1 < to_size(start[c + 1]);) {  // one polyline per recorded part or bridge
                size_t j = i;
                std::vector<XY> way = {chain[i]};
                while (j + 1 < to_size(start[c + 1]) && bridge[j] == bridge[i]) way.push_back(chain[++j]);
                picture.way(way, bridge[i] ? "bridge" : "real");
                i = j;
            }
        out +=
            figure(picture.svg(),
                   "Examples of stitched trajectories: recorded parts are thin, generated bridges are thick. Bridges "
                   "connect different episodes.");
    }
    const std::vector<XY> grid = points_of(npz, "tdr_grid_xy", view);
    if (!grid.empty()) {
        const std::vector<float> distance = npz.read_as<float>("tdr_grid_distance"),
                                 geodesic = npz.read_as<float>("tdr_grid_geodesic");
        const std::vector<XY> from = points_of(npz, "tdr_from_xy", view);
        for (const auto& [values, caption] :
             {std::pair{&distance, "Learnt graph distance in steps from the marked state. It should follow the corridors."},
              std::pair{&geodesic, "True geodesic distance from the same state, for comparison."}}) {
            WorldSvg picture(*world);
            double high = 1;
            std::vector<double> field(values->begin(), values->end());
            for (double v : field)
                if (std::isfinite(v)) high = std::max(high, v);
            picture.field(grid, field, 0, high, 1.1 * world->spacing);
            if (!from.empty()) picture.mark(from[0], "goal", "from here");
            out += figure(picture.svg(), caption);
        }
    }
    for (const std::string& arm : arm_names()) {
        const std::vector<XY> path = points_of(npz, "rollout_xy/" + arm, view);
        if (path.empty()) continue;
        WorldSvg picture(*world);
        std::vector<int64_t> start = npz.read_as<int64_t>("rollout_start/" + arm);
        const std::vector<uint8_t> success = npz.read_as<uint8_t>("rollout_success/" + arm);
        start.push_back(ssize(path));
        for (size_t r = 0; r + 1 < start.size(); ++r)
            picture.way(std::vector<XY>(path.begin() + start[r], path.begin() + start[r + 1]),
                        success[r] ? "won" : "lost");
        for (const XY& p : points_of(npz, "task_start_xy", view)) picture.mark(p, "start", "start of a task");
        for (const XY& p : points_of(npz, "task_goal_xy", view)) picture.mark(p, "goal", "goal of a task");
        out += figure(picture.svg(),
                      std::string("Evaluation of the policy trained on: ") + arm_words(arm) +
                          ". Green paths arrived, orange paths did not. Blue dots are starts, green dots are goals.");
    }
    return out + "</div>";
}

}  // namespace astro::app::report
