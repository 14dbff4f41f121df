#include "apps/run/arms.h"

#include <algorithm>

#include "apps/run/signals.h"
#include "data/environment.h"

namespace astro::app {

int64_t qpos_columns(const StageRunner& runner) {
    const data::Environment* environment = data::find_environment(runner.environment());
    return environment ? environment->spec().qpos_columns : 0;
}

data::RecordedData make_arm(StageRunner& runner, const std::string& arm, int64_t rows,
                            const augmenters::Augmenter::Visit& trained) {
    const auto augmenter = augmenters::make_augmenter(arm, runner.pipeline(), qpos_columns(runner));
    augmenter->each_model(trained);
    augmenters::Progress progress;
    bool shown = false;  // augmenters that report no progress are not shown
    progress.made = [&](int64_t made) {
        if (!shown) runner.progress().start(arm, rows);
        shown = true;
        runner.progress().update(std::min(made, rows));
    };
    progress.interrupted = [] { return interrupted(); };
    data::Dataset made = augmenter->make(rows, progress);
    if (shown) runner.progress().finish();
    return data::convert(runner.pipeline().units(), std::move(made), "arm " + arm);
}

}  // namespace astro::app
