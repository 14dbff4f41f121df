#include "data/environments/maze2d_layout.h"

#include <vector>

#include "tensor/base/error.h"

namespace astro::maze {

namespace {

// text: rows of D4RL's description; '#' is a wall, 'O' a free cell, 'G' the goal.
Maze2d read(const std::string& name, const std::vector<std::string>& text, int64_t step_limit) {
    Maze2d maze;
    maze.name = name, maze.step_limit = step_limit;
    maze.origin = -.2;
    maze.walls.assign(text[0].size(), std::string(text.size(), '0'));
    for (size_t w = 0; w < text.size(); ++w)
        for (size_t h = 0; h < text[w].size(); ++h) {
            if (text[w][h] == '#') maze.walls[h][w] = '1';
            if (text[w][h] == 'G') maze.goal = {static_cast<int>(h), static_cast<int>(w)};
        }
    return maze;
}

// Returns of a random policy and of the expert, from d4rl/infos.py.
void set_returns(Maze2d& maze, double random_sparse, double expert_sparse, double random_dense, double expert_dense) {
    maze.random_return[0] = random_sparse, maze.expert_return[0] = expert_sparse;
    maze.random_return[1] = random_dense, maze.expert_return[1] = expert_dense;
}

std::vector<Maze2d> make_mazes() {
    std::vector<Maze2d> all = {
        read("umaze", {"#####", "#GOO#", "###O#", "#OOO#", "#####"}, 300),
        read("medium", {"########", "#OO##OO#", "#OO#OOO#", "##OOO###", "#OO#OOO#", "#O#OO#O#", "#OOO#OG#", "########"},
             600),
        read("large",
             {"############", "#OOOO#OOOOO#", "#O##O#O#O#O#", "#OOOOOO#OOO#", "#O####O###O#", "#OO#O#OOOOO#",
              "##O#O#O#O###", "#OO#OOO#OGO#", "############"},
             800)};
    set_returns(all[0], 23.85, 161.86, 68.537689, 193.66286);
    set_returns(all[1], 13.13, 277.39, 44.264742, 297.45526);
    set_returns(all[2], 6.7, 273.99, 30.569041, 303.48574);
    return all;
}

}  // namespace

const Maze2d& maze2d(const std::string& name) {
    static const std::vector<Maze2d> all = make_mazes();
    for (const Maze2d& one : all)
        if (one.name == name) return one;
    fail(ErrorKind::usage, "unknown maze '", name, "', expected umaze, medium or large");
}

}  // namespace astro::maze
