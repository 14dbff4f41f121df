#include "apps/measure/measure.h"

#include "apps/run/policies.h"
#include "data/file.h"
#include "tensor/base/rows.h"

namespace astro::app {

namespace {

struct Stage {
    const char* name;
    std::vector<void (*)(StageRunner&)> steps;
};

}  // namespace

void train_and_measure(StageRunner& runner, const std::string& stage) {
    static const Stage stages[] = {{"tdr", {train_and_measure_tdr}},
                                   {"dynamics", {train_and_measure_dynamics, train_and_measure_one_step}},
                                   {"planner", {train_and_measure_planner}}};
    for (const Stage& one : stages)
        if (one.name == stage)
            for (auto* step : one.steps) step(runner);
}

void check_stages(StageRunner& runner, const std::vector<std::string>& stages) {
    Pipeline& pipeline = runner.pipeline();
    for (const std::string& stage : stages) {
        const std::string fingerprint = pipeline.fingerprint(stage);
        if (stage != "dynamics") {
            runner.check_checkpoints(stage, fingerprint);
            continue;
        }
        for (int64_t m = 0; m < pipeline.ensemble(); ++m) runner.check_checkpoints(Dynamics::name_of(m), fingerprint);
        runner.check_checkpoints("one_step", pipeline.fingerprint("one_step"));
    }
    check_augmented(runner);
    const Config& config = runner.config();
    for (const std::string& learner : config.experiment.learners)
        for (const std::string& arm : config.experiment.arms)
            for (int64_t seed = 0; seed < config.policy.seeds && !augmenters::row_of(arm).make; ++seed)
                runner.check_checkpoints(policy_stage(config, arm, learner, seed),
                                         policy_fingerprint(pipeline, learner, arm, nullptr));
}

void check_augmented(StageRunner& runner) {
    auto changed = [&](const char* key, const std::string& fingerprint) {
        const data::Json* known = runner.results().find(key);
        return known && known->as_string() != fingerprint;
    };
    if (!changed("augment_fingerprint", runner.pipeline().fingerprint("augment"))) {  // they are not measured again
        if (changed("metrics_fingerprint", runner.pipeline().settings_fingerprint({"metrics"})))
            fail(ErrorKind::usage, "the stitched data in ", runner.folder().path(),
                 " were measured with other settings of [metrics]; hint: choose another --run folder");
        return;
    }
    for (const std::string& arm : arm_names())
        if (const std::string stage = "policy/" + arm;
            augmenters::row_of(arm).kept && data::file_exists(runner.folder().checkpoints(stage)))
            fail(ErrorKind::usage, runner.folder().path(), " contains ", stage,
                 ", trained on data that these settings would regenerate; hint: choose another --run folder");
}

std::function<bool(int64_t)> validation_steps(const StageRunner& runner, const TrainableModel& model) {
    return [every = runner.config().checkpoint.validate_every, last = model.updates()](int64_t step) {
        return step % every == 0 || step == last;
    };
}

void put_rates(data::Json& results, const std::string& transition, const std::string& bridge,
               const ViolationRates& rates) {
    for (size_t k = 0; k < rates.tolerance.size(); ++k) {
        if (!transition.empty()) results[at_tolerance(transition, rates.tolerance[k])] = rates.transition[k];
        if (!bridge.empty()) results[at_tolerance(bridge, rates.tolerance[k])] = rates.bridge[k];
    }
}

void put_arrival_errors(data::Json& results, const std::string& key, const std::vector<double>& errors,
                        const Config& config) {
    constexpr int64_t kBins = 40;
    const double width = 2 * config.augment.accept_threshold / kBins;
    std::vector<int64_t> counts(to_size(kBins), 0);
    for (double error : errors) {
        const double bin = error / width;  // an error that is not a number lies beyond
        ++nth(counts, bin < kBins ? static_cast<int64_t>(bin) : kBins - 1);
    }
    data::Json histogram = data::Json::object();
    histogram["width"] = width, histogram["counts"] = counts;
    results[key] = histogram;
}

std::vector<int64_t> open_loop_steps(int64_t horizon) {
    std::vector<int64_t> steps;
    for (int64_t s : {1, 2, 5, 10, 15})
        if (s < horizon) steps.push_back(s);
    steps.push_back(horizon);
    return steps;
}

std::vector<double> best_errors(const std::vector<std::vector<Bridge>>& bridges) {
    std::vector<double> errors;
    for (const auto& candidates : bridges) errors.push_back(candidates[0].error);
    return errors;
}

}  // namespace astro::app
