// What the report reads of a run folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/run/metrics_log.h"
#include "data/json.h"
#include "data/npz.h"

namespace astro::app::report {

struct Run {
    std::string folder;
    data::Json results = data::Json::object();
    std::vector<MetricRow> metrics;
    std::string config, manifest;
    std::shared_ptr<data::NpzReader> pictures;  // null if there are none

    std::string environment() const;  // its name, or "no simulator"
};

// Error(io) if the folder contains none of the files of a run, Error(data) for damaged files.
Run load(const std::string& folder);

// The evaluated arms and learners of some runs, in order of appearance in the keys success/ARM/LEARNER/last.
struct Evaluated {
    std::vector<std::string> arms, learners;
};
Evaluated evaluated(const std::vector<const Run*>& runs);

// An arm in words, as HTML. Results of other programs may contain arms that are not in this program's table.
std::string arm_words(const std::string& arm);

}  // namespace astro::app::report
