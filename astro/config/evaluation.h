// Settings of evaluation, measurements and comparisons (see astro/config/config.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "astro/augmenters/augmenters.h"
#include "astro/config/augmenters.h"
#include "astro/config/field.h"
#include "astro/config/learners.h"

namespace astro::method {

// Settings of an environment in child processes, exec:COMMAND (docs/environments.md). They do not change results.
struct EnvironmentConfig {
    int64_t processes = 1;
    double timeout = 60;

    template <class V>
    void visit(V& v) {
        v("processes", processes, "exec: number of parallel processes", Source::ours, between(1, 256));
        v("timeout", timeout, "exec: seconds allowed for each answer of a process", Source::ours, between(.01, 1e6));
    }
};

struct EvaluateConfig {
    int64_t episodes = 20, points = 5;
    std::vector<int64_t> tasks = {0};
    double subgoals = 0;
    int64_t random_pairs = 0;

    template <class V>
    void visit(V& v) {
        v("episodes", episodes, "episodes per task", Source::ogbench, between(1, 1e6));
        v("points", points, "evaluations evenly spaced over training; the last is at the end", Source::ours,
          between(1, 1000));
        v("tasks", tasks, "numbers of the tasks to evaluate, from 1; auto: all tasks of the environment",
          Source::ogbench, between_or_auto(1, 1000));
        v("subgoals", subgoals,
          "also evaluate policies led along the landmark graph by subgoals at most this many steps n^ away; 0: off",
          Source::ours, at_least(0));
        v("random_pairs", random_pairs,
          "also evaluate on this many pairs of random starts and goals, one episode each; 0: off", Source::ours,
          between(0, 1e6));
    }
};

// One-step models: the usual predictor of the next state, an ensemble of plain networks. The method does not use them.
// They are the baseline of the dynamics, and the judges of bridges where there is no simulator.
struct OneStepConfig {
    int64_t members = 3, layers = 2, width = 128, batch = 256, updates = 0;
    double learning_rate = 1e-3, learning_rate_end = 1e-5;

    template <class V>
    void visit(V& v) {
        v("members", members, "networks of the ensemble; the first is the baseline of the dynamics", Source::ours,
          between(1, 8));
        v("layers", layers, "hidden layers", Source::ours, between(1, 16));
        v("width", width, "units per hidden layer", Source::ours, between(1, kMaxWidth));
        v("batch", batch, "transitions per batch, for each network", Source::ours, between(1, 65536));
        v("updates", updates, "gradient steps; auto: as many as dynamics.updates", Source::ours,
          between_or_auto(1, kMaxCount));
        v("learning_rate", learning_rate, "initial learning rate of Adam", Source::ours, between(1e-8, 1));
        v("learning_rate_end", learning_rate_end, "final learning rate (cosine decay)", Source::ours, between(0, 1));
    }
};

// Measurements of the augmentation and the thresholds of its warnings. They do not change the stored data.
struct MetricsConfig {
    std::vector<double> tolerances = {.1, .25, .5, 1};
    int64_t distance_rows = 1000;
    std::vector<int64_t> position = {-1};
    double warn_wall_share = .05, warn_drift = 1, warn_drift_ratio = 3, warn_collapse = .25, warn_still = .9;

    template <class V>
    void visit(V& v) {
        v("tolerances", tolerances, "tolerances of the dynamics violation rate, in sigma_delta", Source::ours,
          between(1e-6, 1e6));
        v("distance_rows", distance_rows, "number of random rows; TDR and geodesic distance are compared on all pairs",
          Source::ours, between(10, 20000));
        v("position", position,
          "two columns of the states, from 0, drawn as x and y; auto: those that the environment names, else the "
          "principal directions of the latents",
          Source::ours, between_or_auto(0, 1e6, -1));
        v("warn_wall_share", warn_wall_share, "warn when a larger share of targets has d_G > 2 n^ + 6", Source::ours,
          between(0, 1));
        v("warn_drift", warn_drift, "warn when the median arrival error exceeds this, in sigma_delta", Source::ours,
          at_least(0));
        v("warn_drift_ratio", warn_drift_ratio, "warn when it exceeds this multiple of the validation error",
          Source::ours, at_least(0));
        v("warn_still", warn_still, "warn when error of the dynamics / error of standing still is above this",
          Source::ours, at_least(0));
        v("warn_collapse", warn_collapse, "warn when std(planned actions) / std(data's actions) is below this",
          Source::ours, between(0, 1));
    }
};

// What `astro run` compares: arms and learners.
struct ExperimentConfig {
    std::vector<std::string> arms = default_arms();
    std::vector<std::string> learners = {"gcbc"};

    template <class V>
    void visit(V& v) {
        v("arms", arms, "data sets that each learner is trained on", Source::ours, one_of(arm_names()));
        v("learners", learners, "learners trained", Source::ours, one_of(learner_names()));
    }
};

}  // namespace astro::method
