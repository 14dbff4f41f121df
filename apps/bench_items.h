// What `astro bench` measures: whole steps of the production classes, on random data of the sizes that the table of
// goals names (preset small with MLPs of 2 x 256 for the learners, as bench/peers/).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "astro/training.h"

namespace astro::app {

struct BenchItem {
    std::string name, words;
    // Makes the step; what it needs lives in the function it returns. The step is called again and again.
    std::function<std::function<void()>(const Context& context)> make;
    int64_t units = 1;        // updates (queries, agent steps) a step makes
    int64_t rows = 0;         // rows of data that the item works on, where that matters
    bool only_named = false;  // too big to be measured unless asked for by name
};

std::vector<BenchItem> bench_items();
std::vector<BenchItem> maze_bench_items();  // bench_maze.cpp; part of bench_items()

}  // namespace astro::app
