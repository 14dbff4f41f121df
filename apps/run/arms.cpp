#include "apps/run/arms.h"

#include <algorithm>
#include <set>

#include "data/environment.h"
#include "data/file.h"

namespace astro::app {

int64_t qpos_columns(const StageRunner& runner) {
    const data::Environment* environment = data::find_environment(runner.environment());
    return environment ? environment->spec().qpos_columns : 0;
}

std::vector<std::string> stages_of_experiment(const Config& config) {
    std::set<std::string> needed;
    if (config.evaluate.subgoals > 0 || config.policy.latents) needed.insert("tdr");
    for (const std::string& arm : config.experiment.arms)
        for (const std::string& stage : augmenters::row_of(arm).stages) needed.insert(stage);
    std::vector<std::string> stages;
    for (const std::string& stage : method::pipeline_stages())
        if (needed.count(stage)) stages.push_back(stage);
    return stages;
}

bool needs_kept_file(const Config& config) {
    const std::vector<std::string>& arms = config.experiment.arms;
    return std::any_of(arms.begin(), arms.end(), [](const std::string& arm) { return augmenters::row_of(arm).kept; });
}

void require_stages(StageRunner& runner, const std::vector<std::string>& stages) {
    for (const std::string& stage : stages)
        for (TrainableModel* model : runner.pipeline().models(stage))
            runner.require_trained(*model, runner.pipeline().fingerprint(stage));
}

int64_t rows_of_arms(StageRunner& runner, const std::string& kept) {
    return data::file_exists(kept) ? runner.load_in_units(kept, data::Parts::transitions).data.rows
                                   : runner.pipeline().augmented_rows();
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
    data::Dataset made = augmenter->make(rows, progress);
    if (shown) runner.progress().finish();
    return data::convert(runner.pipeline().units(), std::move(made), "arm " + arm);
}

}  // namespace astro::app
