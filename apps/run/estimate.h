// An estimate of the time and the memory of a run before it begins: a few updates of each model are timed on random
// data of the same dimensions, with the run's settings, on its device and with its threads.
#pragma once

#include <string>
#include <vector>

#include "apps/run/stage_runner.h"

namespace astro::app {

struct RunEstimate {
    struct Part {
        std::string name;            // "tdr", "stitching", "6 policies", "evaluation"
        double least = 0, most = 0;  // seconds
    };
    std::vector<Part> parts;
    double memory = 0;  // bytes: largest size of the process, on a CPU
};

// Takes about a second and changes nothing in the run. `stages`: those of the pipeline that the run trains. Includes
// stages that are already finished in a run that is resumed; does not include measurements, pictures, and the time of
// a simulator.
RunEstimate estimate_run(StageRunner& runner, const std::vector<std::string>& stages);

// "0:50 to 1:20 on this machine (tdr 0:12, ..., stitching 0:10 to 0:40), 300 MB of memory"
std::string describe(const RunEstimate& estimate);

}  // namespace astro::app
