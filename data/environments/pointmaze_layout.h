// OGBench's point mazes: walls, cells, tasks (ogbench/locomaze/maze.py, 1d41409).
//
// The cell in row i and column j has its centre at x = 4 j - 4, y = 4 i - 4. Walls are squares of 4 x 4 units.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/environments/maze_grid.h"

namespace astro::maze {

struct Task {
    Cell start, goal;
};

struct Layout : Grid {
    std::string name;  // "medium"
    std::array<Task, 5> tasks;
    std::vector<Cell> portals_in, portals_out;  // teleport only
};

constexpr double kUnit = 4.0;
inline Point centre(Cell c) { return {kUnit * c.j - kUnit, kUnit * c.i - kUnit}; }
inline Cell cell_of(Point p) {
    return {static_cast<int>((p.y + kUnit + kUnit / 2) / kUnit), static_cast<int>((p.x + kUnit + kUnit / 2) / kUnit)};
}

const Layout& layout(std::string_view maze);  // "medium", "large", "giant", "teleport"; Error(usage) otherwise

// The parts of names such as "pointmaze-large-v0", "pointmaze-large-stitch-v0" and
// "pointmaze-large-stitch-singletask-task3-v0".
struct EnvironmentName {
    std::string maze, type;  // type: of a data set; empty in the name of an environment
    int task = 0;            // 1 to 5 in single-task names, else 0
};
// False if the name is not that of a point maze.
bool parse_environment(std::string_view name, EnvironmentName& out);

}  // namespace astro::maze
