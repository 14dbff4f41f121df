// OGBench's point mazes: walls, cells, tasks (ogbench/locomaze/maze.py, 1d41409).
//
// Cell (i, j), row i and column j, has its centre at x = 4 j - 4, y = 4 i - 4; walls are squares of 4 x 4 units.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/base/rows.h"

namespace astro::maze {

struct Cell {
    int i = 0, j = 0;
    bool operator==(const Cell& o) const { return i == o.i && j == o.j; }
};
struct Point {
    double x = 0, y = 0;
};

struct Task {
    Cell start, goal;
};

struct Layout {
    std::string name;                // "medium"
    std::vector<std::string> walls;  // rows of '0' and '1' (wall)
    std::array<Task, 5> tasks;
    std::vector<Cell> portals_in, portals_out;  // teleport only

    int rows() const { return static_cast<int>(walls.size()); }
    int columns() const { return static_cast<int>(walls[0].size()); }
    bool wall(int i, int j) const {  // outside counts as wall
        return i < 0 || j < 0 || i >= rows() || j >= columns() || nth(nth(walls, i), j) == '1';
    }
    bool wall(Cell c) const { return wall(c.i, c.j); }
    std::vector<Cell> free_cells() const;    // row by row
    std::vector<Cell> vertex_cells() const;  // free cells that are not straight hallways
    // Steps between cells to the goal for every cell, -1 where there is no way; portals are ignored.
    std::vector<int> steps_to(Cell goal) const;
    int index(Cell c) const { return c.i * columns() + c.j; }
};

constexpr double kUnit = 4.0;
inline Point centre(Cell c) { return {kUnit * c.j - kUnit, kUnit * c.i - kUnit}; }
inline Cell cell_of(Point p) {
    return {static_cast<int>((p.y + kUnit + kUnit / 2) / kUnit), static_cast<int>((p.x + kUnit + kUnit / 2) / kUnit)};
}

const Layout& layout(std::string_view maze);  // "medium", "large", "giant", "teleport"; Error(usage) otherwise

// What a name says: "pointmaze-large-v0", "pointmaze-large-stitch-v0", "pointmaze-large-stitch-singletask-task3-v0".
struct EnvironmentName {
    std::string maze, type;  // type is empty in an environment's name
    int task = 0;            // 1..5 for single-task names
};
// False where the name is not a point maze's.
bool parse_environment(std::string_view name, EnvironmentName& out);

}  // namespace astro::maze
