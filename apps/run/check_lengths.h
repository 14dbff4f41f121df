// Whether the episodes of a data set are long enough for a command, as far as this is known before training.
#pragma once

#include <string>

#include "apps/method_names.h"
#include "astro/config/config.h"
#include "astro/trajectories.h"

namespace astro::app {

// What a command does with episodes.
struct LengthNeeds {
    bool distances = false;  // calibrates the distances of the TDR, with held-out episodes
    bool windows = false;    // trains on a planner's windows, and samples held-out ones
    bool chains = false;     // stitches chains
};

// Error(data) if the longest episode has fewer rows than a planner's window, or no more steps than chains need to
// start. rows, validation_rows: the longest episode of the training data and of the held-out data. source names the
// file.
void check_rows(const std::string& source, int64_t rows, int64_t validation_rows, const LengthNeeds& needs,
                const Config& config);

// The same for data that have been read. Also Error(data) if their states do not move in enough of these rows.
void check_lengths(const std::string& source, const Trajectories& train, const Trajectories& validation,
                   const LengthNeeds& needs, const Config& config);

}  // namespace astro::app
