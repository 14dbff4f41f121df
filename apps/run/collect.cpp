#include "apps/run/collect.h"

#include <algorithm>

#include "apps/run/output.h"
#include "data/dataset_load.h"
#include "data/environment.h"
#include "tensor/base/error.h"

namespace astro::app {

data::CollectSpec collect_spec(const CollectConfig& config) {
    return {config.type, config.episodes, config.episode_rows, config.noise, static_cast<uint64_t>(config.seed)};
}

CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads) {
    const data::Environment& environment =
        data::require_environment(config.env, "unknown environment '" + config.env + "'", true);
    if (!environment.generate) fail(ErrorKind::usage, config.env, " has no data generator");
    require_npz(out, "observations");
    data::CollectSpec spec = collect_spec(config);
    CollectedFiles files{out, out.substr(0, out.size() - 4) + "-val.npz", 0, 0};
    const data::Dataset train = environment.generate(spec, "train", threads);
    data::save_dataset(files.train, train, &threads);
    files.rows = train.rows;
    spec.episodes = std::max<int64_t>(1, spec.episodes / 10);
    const data::Dataset validation = environment.generate(spec, "val", threads);
    data::save_dataset(files.validation, validation, &threads);
    files.validation_rows = validation.rows;
    return files;
}

}  // namespace astro::app
