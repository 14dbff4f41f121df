// Data sets made by the generator of an environment.
#pragma once

#include <string>

#include "apps/method_names.h"
#include "astro/config/config.h"
#include "data/environment.h"
#include "tensor/base/threads.h"

namespace astro::app {

// Writes a generated data set and its validation set. Error(usage) if the environment is unknown or has no generator.
struct CollectedFiles {
    std::string train, validation;
    int64_t rows = 0, validation_rows = 0;
};
// Error(usage) unless --out names a data set F.npz of which neither file exists. Data sets are not overwritten, because
// it cannot be told whether the same command wrote them.
void require_new_dataset(const std::string& out);
data::CollectSpec collect_spec(const CollectConfig& config);
CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads);

}  // namespace astro::app
