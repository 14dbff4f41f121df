#include "data/environments/maze_grid.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "tensor/base/rows.h"

namespace astro::maze {

std::vector<Cell> Grid::free_cells() const {
    std::vector<Cell> cells;
    for (int i = 0; i < rows(); ++i)
        for (int j = 0; j < columns(); ++j)
            if (!wall(i, j)) cells.push_back({i, j});
    return cells;
}

std::vector<Cell> Grid::vertex_cells() const {
    std::vector<Cell> cells;
    for (const Cell& c : free_cells()) {
        const bool up = !wall(c.i - 1, c.j), down = !wall(c.i + 1, c.j), left = !wall(c.i, c.j - 1),
                   right = !wall(c.i, c.j + 1);
        const bool hallway = (up && down && !left && !right) || (left && right && !up && !down);
        if (!hallway) cells.push_back(c);
    }
    return cells;
}

std::vector<int> Grid::steps_to(Cell goal) const {
    std::vector<int> steps(to_size(rows() * columns()), -1);
    std::deque<Cell> open = {goal};
    nth(steps, index(goal)) = 0;
    while (!open.empty()) {
        const Cell c = open.front();
        open.pop_front();
        for (const Cell n : {Cell{c.i - 1, c.j}, Cell{c.i, c.j - 1}, Cell{c.i + 1, c.j}, Cell{c.i, c.j + 1}})
            if (!wall(n) && nth(steps, index(n)) < 0) {
                nth(steps, index(n)) = nth(steps, index(c)) + 1;
                open.push_back(n);
            }
    }
    return steps;
}

Cell Grid::next(Cell c, const std::vector<int>& steps) const {
    Cell nearest = c;
    int best = nth(steps, index(c));
    for (const Cell n : {Cell{c.i - 1, c.j}, Cell{c.i, c.j - 1}, Cell{c.i + 1, c.j}, Cell{c.i, c.j + 1}}) {
        if (wall(n)) continue;
        const int s = nth(steps, index(n));
        if (s >= 0 && s < best) best = s, nearest = n;
    }
    return nearest;
}

std::pair<Cell, Cell> Grid::random_pair(Rng& rng) const {
    const std::vector<Cell> cells = free_cells();
    for (;;) {
        const Cell from = nth(cells, rng.below(ssize(cells))), to = nth(cells, rng.below(ssize(cells)));
        const std::vector<int> steps = steps_to(to);
        if (nth(steps, index(from)) > 0) return {from, to};
    }
}

Cell Grid::cell_of(Point p) const {
    auto index_of = [this](double v) { return static_cast<int>(std::floor((v - edge()) / unit)); };
    return {index_of(p.y), index_of(p.x)};
}

ShortestPaths::ShortestPaths(const Grid& grid) : grid_(grid), steps_(to_size(grid.rows() * grid.columns())) {
    for (const Cell& c : grid.free_cells()) nth(steps_, grid.index(c)) = grid.steps_to(c);
}

bool Grid::touches_wall(Point p, double radius) const {
    const Cell at = cell_of(p);
    for (int i = at.i - 1; i <= at.i + 1; ++i)
        for (int j = at.j - 1; j <= at.j + 1; ++j) {
            if (i < 0 || j < 0 || i >= rows() || j >= columns() || !wall(i, j)) continue;
            const Point c = centre({i, j});
            const double dx = p.x - std::clamp(p.x, c.x - unit / 2, c.x + unit / 2);
            const double dy = p.y - std::clamp(p.y, c.y - unit / 2, c.y + unit / 2);
            if (dx * dx + dy * dy < radius * radius) return true;
        }
    return false;
}

}  // namespace astro::maze
