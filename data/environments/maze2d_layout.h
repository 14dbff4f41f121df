// D4RL's maze2d: walls and goals (d4rl/pointmaze/maze_model.py, U_MAZE, MEDIUM_MAZE, LARGE_MAZE).
//
// D4RL describes a maze as rows of text: row w is x, column h is y. Places (starts, goals, waypoints) have integer
// coordinates (x, y) = (w, h). The square of a wall is centred at (w - .2, h - .2), because in the simulator the body
// is placed at 1.2 and the squares at 1.
#pragma once

#include <cstdint>
#include <string>

#include "data/environments/maze_grid.h"

namespace astro::maze {

struct Maze2d : Grid {  // row i of the grid is y, column j is x
    std::string name;   // "umaze"
    Cell goal;
    int64_t step_limit = 0;
    double random_return[2] = {}, expert_return[2] = {};  // returns with D4RL's scores 0 and 100; sparse, dense reward
};

inline Point place(Cell c) { return {double(c.j), double(c.i)}; }

const Maze2d& maze2d(const std::string& name);  // "umaze", "medium", "large"

}  // namespace astro::maze
