// What `astro bench` measures: whole steps and samplers of the production classes on random data (preset small, MLPs of
// 2 x 256 for the learners), and matrix products. bench/peers/ holds the same items, by the same names, in PyTorch.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/method_names.h"
#include "apps/bench/counting_backend.h"
#include "astro/training.h"
#include "data/json.h"

namespace astro::app {

struct BenchItem {
    std::string group;  // "steps", "samplers", "gemm" or "stitching"
    std::string name, words;
    // Makes the step; what it needs lives in the function it returns. The step is called again and again.
    std::function<std::function<void()>(const Context& context)> make;
    int64_t units = 1;        // updates (products, queries, agent steps) that one call makes
    int64_t rows = 0;         // rows of data that the item works on, where that matters
    bool only_named = false;  // too big to be measured unless asked for by name
};

// An item on files: measures itself and gives one object for each of its lines; file: a data set to use, or empty.
struct BenchFileItem {
    std::string name, words;
    std::function<std::vector<data::Json>(ThreadPool& threads, const std::string& file, int64_t rounds)> measure;
};

std::vector<BenchItem> training_items();        // bench_items.cpp
std::vector<BenchItem> gemm_items();            // bench_gemm.cpp
std::vector<BenchItem> maze_items();            // bench_maze.cpp
std::vector<BenchFileItem> bench_file_items();  // bench_data.cpp: group "npz"

// What one call of an item asks of a device, counted while the CPU carries it out with chunks = 1.
DeviceWork count_device_work(const BenchItem& item);
// astro bench --count, for items that are steps on a context.
void print_device_counts(const std::vector<BenchItem>& items, bool as_json);

}  // namespace astro::app
