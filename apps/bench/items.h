// The items of `astro bench`: whole training steps and samplers on random data (preset small, MLPs of 2 x 256 for the
// learners), and matrix products. bench/peers/ contains the same items with the same names in PyTorch.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/bench/counting_backend.h"
#include "apps/method_names.h"
#include "astro/training.h"
#include "data/json.h"

namespace astro::app {

struct BenchItem {
    std::string group;  // "steps", "samplers", "gemm" or "stitching"
    std::string name, description;
    // Creates the step, a function that owns all it needs and is called repeatedly.
    std::function<std::function<void()>(const Context& context)> make;
    int64_t units = 1;        // number of updates (products, queries, agent steps) per call
    int64_t rows = 0;         // number of rows of data, if relevant
    bool only_named = false;  // large: measured only if requested by name
};

// An item for files. measure() returns one object per line of output. file: the data set to use, or empty.
struct BenchFileItem {
    std::string name, description;
    std::function<std::vector<data::Json>(ThreadPool& threads, const std::string& file, int64_t rounds)> measure;
};

std::vector<BenchItem> training_items();        // items.cpp
std::vector<BenchItem> gemm_items();            // gemm.cpp
std::vector<BenchItem> maze_items();            // maze.cpp
std::vector<BenchFileItem> bench_file_items();  // data.cpp: group "npz"

// Counts the device operations of one call of an item, which the CPU executes with chunks = 1.
DeviceWork count_device_work(const BenchItem& item);
// Prints the table of astro bench --count.
void print_device_counts(const std::vector<BenchItem>& items, bool as_json);

}  // namespace astro::app
