#include "apps/report/play.h"

#include <algorithm>
#include <cmath>

#include "apps/method_names.h"
#include "apps/report/sections.h"
#include "astro/augmenters/augmenter.h"
#include "tensor/base/rows.h"

namespace astro::app::report {

namespace {

const char* const kScripts[] = {
#include "apps/report/script_core.inl"
    ,
#include "apps/report/script_map.inl"
    ,
#include "apps/report/script_paths.inl"
    ,
#include "apps/report/script_bridges.inl"
    ,
};

std::string base64(const std::vector<uint8_t>& bytes) {
    static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t n = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k) group = (group << 8) | (k < n ? bytes[i + k] : 0u);
        for (size_t k = 0; k < 4; ++k) out += k <= n ? kDigits[(group >> (18 - 6 * k)) & 63] : '=';
    }
    return out;
}

// Points as picture coordinates x, y, x, y, ... with y upwards.
data::Json packed_points(const std::vector<XY>& points, const WorldView& view) {
    std::vector<double> xy;
    for (const XY& p : points) xy.push_back(p.x - view.world->bounds.x), xy.push_back(p.y - view.world->bounds.y);
    return packed(xy, 16);
}

data::Json world_data(const WorldView& view) {
    const data::WorldPicture& world = *view.world;
    data::Json out = data::Json::object(), walls = data::Json::array();
    out["width"] = world.bounds.width, out["height"] = world.bounds.height, out["drawn"] = view.drawn;
    for (const data::WorldPicture::Rectangle& wall : world.walls)
        walls.push(std::vector<double>{wall.x - world.bounds.x, wall.y - world.bounds.y, wall.width, wall.height});
    out["walls"] = walls;
    return out;
}

// Distances between places. A table holds one byte per pair already; 255 stands for no path.
data::Json places_data(const data::NpzReader& npz, const WorldView& view) {
    data::Json out = data::Json::object();
    out["xy"] = packed_points(view.points(npz, "place_xy"), view);
    out["size"] = npz.find("place_size") ? npz.read_as<double>("place_size").at(0) : 0.0;
    for (const char* key : {"place_distance", "place_geodesic"})
        if (npz.find(key)) {
            data::Json table = data::Json::object();
            table["low"] = 0.0, table["high"] = npz.read_as<double>(std::string(key) + "_largest").at(0);
            table["bits"] = 8, table["data"] = base64(npz.read_as<uint8_t>(key));
            out[key == std::string("place_distance") ? "learnt" : "exact"] = table;
        }
    return out;
}

data::Json chains_data(const data::NpzReader& npz, const WorldView& view) {
    data::Json out = data::Json::object();
    out["name"] = "stitched chains";
    out["xy"] = packed_points(view.points(npz, "chain_xy"), view);
    out["start"] = npz.read_as<int64_t>("chain_start");
    if (npz.find("chain_bridge")) out["bridge"] = npz.read_as<int64_t>("chain_bridge");
    if (npz.find("chain_arrival_error")) out["error"] = npz.read_as<float>("chain_arrival_error");
    if (npz.find("chain_violation")) {
        out["violation"] = npz.read_as<float>("chain_violation");
        out["judge"] = npz.read_text("chain_judge.txt");
    }
    if (npz.find("chain_passes_goal")) {
        const std::vector<uint8_t> passes = npz.read_as<uint8_t>("chain_passes_goal");
        const auto tasks = to_size(npz.entry("chain_passes_goal").header.shape[1]);
        data::Json lists = data::Json::array();
        for (size_t c = 0; tasks > 0 && c < passes.size() / tasks; ++c) {
            data::Json list = data::Json::array();
            for (size_t t = 0; t < tasks; ++t)
                if (passes[c * tasks + t]) list.push(t + 1);
            lists.push(list);
        }
        out["tasks"] = lists;
    }
    return out;
}

data::Json rollouts_data(const data::NpzReader& npz, const WorldView& view, const std::string& arm) {
    data::Json out = data::Json::object();
    out["name"] = "evaluation, trained on: " + std::string(augmenters::row_of(arm).label);
    out["xy"] = packed_points(view.points(npz, "rollout_xy/" + arm), view);
    out["start"] = npz.read_as<int64_t>("rollout_start/" + arm);
    out["success"] = npz.read_as<int64_t>("rollout_success/" + arm);
    if (npz.find("rollout_task/" + arm)) {
        data::Json lists = data::Json::array();
        for (int64_t task : npz.read_as<int64_t>("rollout_task/" + arm)) lists.push(std::vector<int64_t>{task});
        out["tasks"] = lists;
    }
    return out;
}

data::Json list_of_points(const std::vector<XY>& points, const WorldView& view) {
    data::Json list = data::Json::array();
    for (const XY& p : points) list.push(std::vector<double>{p.x - view.world->bounds.x, p.y - view.world->bounds.y});
    return list;
}

data::Json bridges_data(const data::NpzReader& npz, const WorldView& view, const data::Json& results) {
    data::Json out = data::Json::object(), ways = data::Json::array();
    const std::string names = npz.read_text("bridge_ways.txt");
    for (size_t at = 0; at < names.size(); at = names.find('\n', at) + 1)
        ways.push(names.substr(at, names.find('\n', at) - at));
    out["ways"] = ways;
    out["shape"] = npz.entry("bridge_arrival_error").header.shape;  // ways, plans, examples
    out["rows"] = npz.entry("bridge_xy").header.shape[3];
    out["context"] = npz.entry("bridge_around_xy").header.shape[2];
    out["step"] = npz.read_as<int64_t>("bridge_step");
    out["level"] = npz.read_as<int64_t>("bridge_level");
    out["columns"] = npz.read_as<int64_t>("bridge_columns");
    out["actionColumns"] = npz.read_as<int64_t>("bridge_action_columns");
    out["xy"] = packed_points(view.points(npz, "bridge_xy"), view);
    out["aroundXy"] = packed_points(view.points(npz, "bridge_around_xy"), view);
    for (const auto& [name, key] : {std::pair{"states", "bridge_states"}, std::pair{"actions", "bridge_actions"},
                                    std::pair{"aroundStates", "bridge_around_states"}})
        out[name] = packed(npz.read_as<double>(key), 16);
    out["arrivalError"] = npz.read_as<float>("bridge_arrival_error");
    if (results.find("arrival_error_threshold")) out["threshold"] = value_of(results, "arrival_error_threshold");
    return out;
}

}  // namespace

data::Json packed(const std::vector<double>& values, int bits) {
    const int most = (1 << bits) - 1;
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (double v : values)
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    if (low > high) low = high = 0;
    std::vector<uint8_t> bytes;
    for (double v : values) {
        const double share = high > low ? (v - low) / (high - low) : 0;
        const auto integer =
            std::isfinite(v) ? static_cast<uint32_t>(std::lround(share * (most - 1))) : static_cast<uint32_t>(most);
        bytes.push_back(static_cast<uint8_t>(integer & 255));
        if (bits == 16) bytes.push_back(static_cast<uint8_t>(integer >> 8));
    }
    data::Json out = data::Json::object();
    out["low"] = low, out["high"] = high, out["bits"] = bits, out["data"] = base64(bytes);
    return out;
}

std::string play_data(const Run& run, const WorldView& view) {
    if (!run.pictures || !view.world) return "";
    const data::NpzReader& npz = *run.pictures;
    data::Json out = data::Json::object(), paths = data::Json::array();
    if (npz.find("place_distance")) out["places"] = places_data(npz, view);
    if (npz.find("chain_xy")) paths.push(chains_data(npz, view));
    for (const std::string& arm : arm_names())
        if (npz.find("rollout_xy/" + arm)) paths.push(rollouts_data(npz, view, arm));
    if (!paths.elements().empty()) out["paths"] = paths;
    if (npz.find("bridge_arrival_error")) out["bridges"] = bridges_data(npz, view, run.results);
    if (out.members().empty()) return "";
    out["world"] = world_data(view);
    out["axes"] = npz.has_text("axes.txt") ? npz.read_text("axes.txt") : "";
    out["taskStart"] = list_of_points(view.points(npz, "task_start_xy"), view);
    out["taskGoal"] = list_of_points(view.points(npz, "task_goal_xy"), view);
    std::string text = out.dump(0), escaped;
    for (char c : text) escaped += c == '<' ? "\\u003c" : std::string(1, c);  // so that no tag ends the element
    return escaped;
}

std::string play_script() {
    std::string script = "(() => {";
    for (const char* part : kScripts) script += part;
    return script + "})();";
}

}  // namespace astro::app::report
