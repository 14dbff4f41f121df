#include "data/environments/pointmaze_layout.h"

#include <algorithm>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::maze {

namespace {

std::vector<Layout> make_layouts() {
    std::vector<Layout> all(4);
    all[0].name = "medium";
    all[0].walls = {"11111111", "10011001", "10010001", "11000111", "10010001", "10100101", "10001001", "11111111"};
    all[0].tasks = {{{{1, 1}, {6, 6}}, {{6, 1}, {1, 6}}, {{5, 3}, {4, 2}}, {{6, 5}, {6, 1}}, {{2, 6}, {1, 1}}}};
    all[1].name = "large";
    all[1].walls = {"111111111111", "100001000001", "101101010101", "100000010001", "101111011101",
                    "100101000001", "110101010111", "100100010001", "111111111111"};
    all[1].tasks = {{{{1, 1}, {7, 10}}, {{5, 4}, {7, 1}}, {{7, 4}, {1, 10}}, {{3, 8}, {5, 4}}, {{1, 1}, {5, 4}}}};
    all[2].name = "giant";
    all[2].walls = {"1111111111111111", "1010000001100001", "1010110101001101", "1000100100010001",
                    "1011101111110101", "1000100010000101", "1110101001010111", "1000100100010001",
                    "1010101111110101", "1011100010001101", "1000001000100001", "1111111111111111"};
    all[2].tasks = {{{{1, 1}, {10, 14}}, {{1, 14}, {10, 1}}, {{8, 14}, {1, 1}}, {{8, 3}, {5, 12}}, {{5, 9}, {3, 8}}}};
    all[3].name = "teleport";
    all[3].walls = {"111111111111", "100000101001", "110100010011", "110111000001", "100001010101",
                    "101101010101", "101101010101", "100001000101", "111111111111"};
    all[3].tasks = {{{{1, 10}, {7, 1}}, {{1, 1}, {7, 10}}, {{5, 6}, {7, 10}}, {{7, 1}, {7, 10}}, {{5, 6}, {7, 1}}}};
    all[3].portals_in = {{4, 6}, {5, 1}};
    all[3].portals_out = {{1, 7}, {6, 1}, {6, 10}};
    for (Layout& one : all) one.unit = kUnit, one.origin = -kUnit;
    return all;
}

const std::vector<Layout>& layouts() {
    static const std::vector<Layout> all = make_layouts();
    return all;
}

}  // namespace

const Layout& layout(std::string_view maze) {
    for (const Layout& l : layouts())
        if (l.name == maze) return l;
    fail(ErrorKind::usage, "unknown maze '", maze, "', expected medium, large, giant or teleport");
}

bool parse_environment(std::string_view name, EnvironmentName& out) {
    std::vector<std::string> words;
    for (size_t at = 0; at <= name.size();) {
        const size_t dash = std::min(name.find('-', at), name.size());
        words.emplace_back(name.substr(at, dash - at));
        at = dash + 1;
    }
    if (words.size() < 3 || words[0] != "pointmaze" || words.back() != "v0") return false;
    out = {};
    for (const Layout& l : layouts())
        if (l.name == words[1]) out.maze = l.name;
    if (out.maze.empty()) return false;
    for (size_t i = 2; i + 1 < words.size(); ++i) {
        if (words[i] == "navigate" || words[i] == "stitch" || words[i] == "explore")
            out.type = words[i];
        else if (words[i] == "singletask")
            out.task = 1;
        else if (words[i].size() == 5 && words[i].compare(0, 4, "task") == 0 && words[i][4] >= '1' &&
                 words[i][4] <= '5')
            out.task = words[i][4] - '0';
        else
            return false;
    }
    return true;
}

}  // namespace astro::maze
