#include "apps/run/collect.h"

#include <algorithm>

#include "apps/run/output.h"
#include "data/dataset_load.h"
#include "data/dataset_name.h"
#include "data/environment.h"
#include "data/file.h"
#include "tensor/base/error.h"

namespace astro::app {

data::CollectSpec collect_spec(const CollectConfig& config) {
    return {config.type, config.episodes, config.episode_rows, config.noise, static_cast<uint64_t>(config.seed)};
}

void require_new_dataset(const std::string& out) {
    require_npz_name(out);
    std::string existing;
    for (const std::string& file : {out, data::validation_name(out)})
        if (data::file_exists(file)) existing += (existing.empty() ? "" : " and ") + file;
    if (!existing.empty())
        fail(ErrorKind::usage, "--out ", out, ": ", existing,
             " would be overwritten; hint: another name, or remove the old data set first");
}

CollectedFiles collect_files(const CollectConfig& config, const std::string& out, ThreadPool& threads) {
    const data::Environment& environment =
        data::require_environment(config.env, "unknown environment '" + config.env + "'", true);
    if (!environment.generate) fail(ErrorKind::usage, config.env, " has no data generator");
    require_npz(out, "observations");
    data::CollectSpec spec = collect_spec(config);
    CollectedFiles files{out, data::validation_name(out), 0, 0};
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
