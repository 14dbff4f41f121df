// A maze of square cells: walls, and shortest paths between cells. Point mazes and maze2d share it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tensor/base/rows.h"
#include "tensor/rng.h"

namespace astro::maze {

struct Cell {
    int i = 0, j = 0;
    bool operator==(const Cell& o) const { return i == o.i && j == o.j; }
};
struct Point {
    double x = 0, y = 0;
};

// Row i grows with y, column j with x. A wall is a square of `unit` by `unit`.
struct Grid {
    std::vector<std::string> walls;  // rows of '0' and '1' (wall)
    double unit = 1;                 // side of a cell
    double origin = 0;               // centre of cell (0, 0) on both axes

    int rows() const { return static_cast<int>(walls.size()); }
    int columns() const { return static_cast<int>(walls[0].size()); }
    bool wall(int i, int j) const {  // outside counts as wall
        return i < 0 || j < 0 || i >= rows() || j >= columns() || nth(nth(walls, i), j) == '1';
    }
    bool wall(Cell c) const { return wall(c.i, c.j); }
    std::vector<Cell> free_cells() const;    // row by row
    std::vector<Cell> vertex_cells() const;  // free cells that are not straight hallways
    // For each cell, the number of steps between cells to the goal; -1 if there is no path. Portals are ignored.
    std::vector<int> steps_to(Cell goal) const;
    // The neighbour of c that is nearest to the goal; steps: steps_to(goal). c itself if it is the goal or if there is
    // no path.
    Cell next(Cell c, const std::vector<int>& steps) const;
    // Two different free cells with a path between them, uniform over all such pairs.
    std::pair<Cell, Cell> random_pair(Rng& rng) const;
    int index(Cell c) const { return c.i * columns() + c.j; }

    Point centre(Cell c) const { return {unit * c.j + origin, unit * c.i + origin}; }
    Cell cell_of(Point p) const;
    double edge() const { return origin - unit / 2; }  // smallest x and y of the maze
    // True if a disc at p touches a wall. Only the cell of p and its eight neighbours are tested.
    bool touches_wall(Point p, double radius) const;
};

// Shortest paths from every cell to every free cell, computed once.
class ShortestPaths {
  public:
    explicit ShortestPaths(const Grid& grid);  // grid must outlive it
    const std::vector<int>& steps_to(Cell goal) const { return nth(steps_, grid_.index(goal)); }
    Cell next(Cell c, Cell goal) const { return grid_.next(c, steps_to(goal)); }

  private:
    const Grid& grid_;
    std::vector<std::vector<int>> steps_;
};

}  // namespace astro::maze
