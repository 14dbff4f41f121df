// What `astro bench` measures: loading and saving data sets (bench_data.cpp), and whole steps of the production classes, on random data of the sizes that the table of
// goals names (preset small with MLPs of 2 x 256 for the learners, as bench/peers/).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "astro/training.h"
#include "data/json.h"

namespace astro::app {

struct BenchItem {
    std::string name, words;
    // Makes the step; what it needs lives in the function it returns. The step is called again and again.
    std::function<std::function<void()>(const Context& context)> make;
    int64_t units = 1;  // updates a step makes
};

// An item that measures itself and gives one object for each of its lines; file: a data set to use, or empty.
struct BenchFileItem {
    std::string name, words;
    std::function<std::vector<data::Json>(ThreadPool& threads, const std::string& file, int64_t rounds)> measure;
};

std::vector<BenchItem> bench_items();
std::vector<BenchFileItem> bench_file_items();

}  // namespace astro::app
