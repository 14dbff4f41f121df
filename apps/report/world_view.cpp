#include "apps/report/world_view.h"

#include <algorithm>

#include "data/environment.h"

namespace astro::app::report {

namespace {

// Lines and points have the width that suits a maze, whose longer side is some 40 units. Data without a world are drawn
// at that size, whatever their units; their shorter side at a quarter of it at least.
void fit(WorldView& view) {
    constexpr double kLong = 40, kShort = 10;
    data::WorldPicture::Rectangle& b = view.world->bounds;
    const double longest = std::max({b.width, b.height, 1e-300});
    auto scale = [&](double side) {
        return side * kLong / longest < kShort ? kShort / std::max(side, 1e-300) : kLong / longest;
    };
    view.x = b.x, view.y = b.y, view.scale_x = scale(b.width), view.scale_y = scale(b.height);
    b = {0, 0, std::max(b.width * view.scale_x, kShort), std::max(b.height * view.scale_y, kShort)};
    view.world->spacing = kLong / 100;
}

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

std::vector<XY> WorldView::points(const data::NpzReader& npz, const std::string& key) const {
    std::vector<XY> points;
    if (!npz.find(key)) return points;
    const std::vector<float> xy = npz.read_as<float>(key);
    for (size_t i = 0; i + 1 < xy.size(); i += 2) points.push_back((*this)(double(xy[i]), double(xy[i + 1])));
    return points;
}

WorldView view_of(const Run& run) {
    WorldView view;
    view.world = world_of(run.pictures.get(), run.results);
    view.drawn = !run.pictures || !run.pictures->has_text("axes.txt");
    if (view.world && !view.drawn) fit(view);
    return view;
}

}  // namespace astro::app::report
