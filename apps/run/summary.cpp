#include "apps/run/summary.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "apps/command_line/shell_word.h"
#include "apps/run/policies.h"
#include "astro/subgoal_search.h"
#include "data/environment.h"

namespace astro::app {

namespace {

double figure(const data::Json& results, const std::string& key) {
    const data::Json* value = results.find(key);
    return value ? value->as_real() : -1;
}

// The arms of the experiment and, if policies are also led by subgoals, these: key in results and label.
std::vector<std::pair<std::string, std::string>> evaluated_arms(const Config& config, bool with_subgoals) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const std::string& arm : config.experiment.arms) {
        rows.emplace_back(arm, augmenters::row_of(arm).label);
        if (with_subgoals && config.evaluate.subgoals > 0)
            rows.emplace_back(arm + method::kLedSuffix, std::string("  ") + method::kLedLabel);
    }
    return rows;
}

// Columns for the labels of arms.
int label_width(const Config& config) {
    size_t longest = 33;
    for (const auto& [arm, label] : evaluated_arms(config, true)) longest = std::max(longest, label.size());
    return static_cast<int>(longest) + 1;
}

// A line for each arm; cell(key) is the text of a policy's key ARM/LEARNER, empty if it has no figure.
void print_rows(const Config& config, bool with_subgoals, const std::function<std::string(const std::string&)>& cell) {
    for (const auto& [arm, label] : evaluated_arms(config, with_subgoals)) {
        std::printf("  %-*s", label_width(config), label.c_str());
        for (const std::string& learner : config.experiment.learners) {
            const std::string words = cell(arm + "/" + policy_label(config, learner));
            std::printf("%s", words.empty() ? "               -" : words.c_str());
        }
        std::printf("\n");
    }
}

std::string format(const char* pattern, double a, double b = 0, double c = 0) {
    char words[64];
    std::snprintf(words, sizeof words, pattern, a, b, c);
    return words;
}

// A figure of the last checkpoint of each policy's first seed, success/ARM/LEARNER/NAME times `scale`, and below them
// that of the environment's expert.
void print_figures(const data::Json& results, const Config& config, const std::string& name, const char* title,
                   double scale) {
    std::printf("\n%s (last checkpoint, first seed)\n", title);
    print_rows(config, true, [&](const std::string& policy) -> std::string {
        const std::string key = "success/" + policy + "/" + name;
        return results.find(key) ? format("%9.0f       ", scale * figure(results, key)) : "";
    });
    if (const std::string expert = "expert/" + name; results.find(expert))
        std::printf("  %-*s%9.0f\n", label_width(config), "the environment's expert", scale * figure(results, expert));
}

// A figure of each policy, FIGURE/ARM/LEARNER, times `scale`.
void print_policies(const data::Json& results, const Config& config, const std::string& name, const char* title,
                    double scale) {
    const bool seeds = config.policy.seeds > 1;
    if (seeds)
        std::printf("\n%s (last checkpoint; mean of %lld seeds, range in brackets)\n", title,
                    static_cast<long long>(config.policy.seeds));
    else
        std::printf("\n%s (last checkpoint; best in brackets)\n", title);
    std::printf("  %-*s", label_width(config), "trained on");
    for (const std::string& learner : config.experiment.learners) std::printf("%16s", learner.c_str());
    std::printf("\n");
    print_rows(config, name == "success", [&](const std::string& policy) -> std::string {
        const std::string key = name + "/" + policy;
        const auto scaled = [&](const char* what) { return scale * figure(results, key + what); };
        if (seeds && results.find(key + "/mean"))
            return format("%5.0f (%3.0f-%3.0f)", scaled("/mean"), scaled("/least"), scaled("/most"));
        if (results.find(key + "/best")) return format("%9.0f  (%3.0f)", scaled("/last"), scaled("/best"));
        return results.find(key + "/last") ? format("%9.0f       ", scaled("/last")) : "";
    });
}

}  // namespace

void print_summary(StageRunner& runner) {
    const data::Json& results = runner.results();
    const Config& config = runner.config();
    const data::Json* environment = results.find("environment");
    const std::string system = environment ? environment->as_string() : config.general.data;
    const std::vector<std::string>& arms = config.experiment.arms;
    const bool augmented = needs_kept_file(config);
    std::printf("\n%s, seed %lld, %lld rows", system.c_str(), static_cast<long long>(config.general.seed),
                static_cast<long long>(runner.pipeline().train_data().rows));
    if (augmented && results.find("augment_bridges"))
        std::printf(", %lld bridges stitched", static_cast<long long>(figure(results, "augment_bridges")));
    std::printf("\n");
    if (const data::Environment* known = data::find_environment(runner.environment())) {
        print_policies(results, config, "success", "success, % of episodes", 100);
        print_figures(results, config, "steps", "mean steps of an episode, to the goal or to the limit", 1);
        if (config.evaluate.random_pairs > 0) {
            print_figures(results, config, "pairs", "success on random pairs, %", 100);
            print_figures(results, config, "pairs_steps", "mean steps on random pairs", 1);
        }
        if (known->spec().expert_return != known->spec().random_return)
            print_policies(results, config, "score", "normalised score", 1);
    }
    if (results.find("dvr_bridge_0.5")) {
        std::printf("\ndynamics violations at 0.5 sigma, %% (by the exact simulator unless stated)\n");
        std::printf("  %-36s%14.2f\n", "real transitions", 100 * figure(results, "dvr_real_0.5"));
        std::printf("  %-36s%14.2f\n", "bridges as stored", 100 * figure(results, "dvr_bridge_0.5"));
        std::printf("  %-36s%14.2f\n", "bridges, seam snapped, all attempts",
                    100 * figure(results, "dvr_bridge_snap_before_acceptance_0.5"));
        std::printf("  %-36s%14.2f\n", "bridges, judged by the model", 100 * figure(results, "dvr_bridge_model_0.5"));
    }
    const bool judged = !results.find("dvr_bridge_0.5") && results.find("dvr_bridge_ensemble_0.5");
    if (judged) {
        std::printf("\nno exact simulator: judged by the one-step networks, %% wrong at 0.5 sigma\n");
        for (const auto& [words, key] : {std::pair{"recorded, replayed by the simulator", "dvr_real_0.5"},
                                         std::pair{"recorded transitions, held out", "dvr_real_ensemble_0.5"},
                                         std::pair{"transitions of bridges", "dvr_transition_ensemble_0.5"},
                                         std::pair{"recorded windows, held out", "dvr_real_window_ensemble_0.5"},
                                         std::pair{"bridges as stored", "dvr_bridge_ensemble_0.5"}})
            if (results.find(key)) std::printf("  %-36s%14.2f\n", words, 100 * figure(results, key));
        std::printf("\n  %-36s%14.1f\n", "held-out states covered, %", 100 * figure(results, "coverage"));
    }
    if (results.find("yield"))
        std::printf("%s  %-36s%14.1f\n", judged ? "" : "\n", "bridges accepted, %", 100 * figure(results, "yield"));
    if (results.find("spearman_closed"))
        std::printf("  %-36s%14.4f\n", "TDR against true distance (rank)", figure(results, "spearman_closed"));
    std::printf("\nfigures   %s\n", runner.folder().file("results.json").c_str());
    if (augmented) std::printf("data      %s\n", runner.folder().file(kAugmentedFile).c_str());
    std::printf("report    %s\n", runner.folder().file("report.html").c_str());
    // The last arm is the one that the others are compared with.
    const std::string run = shell_word(runner.folder().path());
    std::printf("\nnext      open the report in a browser\n");
    const std::vector<std::string>& learners = config.experiment.learners;
    const std::string learner = learners[0] == config.policy.learner ? "" : " --policy.learner " + learners[0];
    std::printf("          astro policy export --run %s --arm %s%s --out policy.npz     a policy for other programs\n",
                run.c_str(), arms.back().c_str(), learner.c_str());
    std::printf(
        "          astro run --run %s --resume --policy.seeds 3     mean and range of three policies of each kind\n",
        run.c_str());
}

std::string describe_plan(StageRunner& runner, const std::vector<std::string>& stages) {
    const Config& config = runner.config();
    std::string words;
    auto add = [&](const std::string& part) { words += (words.empty() ? "" : ", ") + part; };
    for (const std::string& stage : stages) add(text(stage, " (", method::stage_updates(config, stage), " updates)"));
    if (needs_kept_file(config)) add(text("stitching of ", runner.pipeline().augmented_rows(), " rows"));
    std::string episodes;
    if (const data::Environment* environment = data::find_environment(runner.environment()))
        episodes = text(", each evaluated in ", evaluated_episodes(config, environment->spec()), " episodes");
    add(policies_of_experiment(config) + episodes);
    return words;
}

}  // namespace astro::app
