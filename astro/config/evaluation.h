// Settings of evaluation, of measurements and of what is compared (see astro/config/config.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "astro/config/augmenters.h"
#include "astro/config/field.h"
#include "astro/config/learners.h"

namespace astro::method {

// Of an environment in child processes, exec:COMMAND (docs/environments.md). Nothing here changes results.
struct EnvironmentConfig {
    int64_t processes = 1;
    double timeout = 60;

    template <class V>
    void visit(V& v) {
        v("processes", processes, "exec: processes side by side", Source::ours, between(1, 256));
        v("timeout", timeout, "exec: seconds that a process may take for an answer", Source::ours, between(.01, 1e6));
    }
};

struct EvaluateConfig {
    int64_t episodes = 20, points = 5;
    std::vector<int64_t> tasks = {0};

    template <class V>
    void visit(V& v) {
        v("episodes", episodes, "episodes a task", Source::ogbench, between(1, 1e6));
        v("points", points, "evaluations spread evenly over training; the last is at its end", Source::ours,
          between(1, 1000));
        v("tasks", tasks, "tasks evaluated; auto: all that the environment has", Source::ogbench,
          between_or_auto(1, 1000));
    }
};

// Measurements of the augmentation and the bounds of its warnings; nothing here changes what is stored.
struct MetricsConfig {
    std::vector<double> tolerances = {.1, .25, .5, 1};
    int64_t distance_rows = 1000;
    double warn_wall_share = .05, warn_drift = 1, warn_drift_ratio = 3, warn_collapse = .25;

    template <class V>
    void visit(V& v) {
        v("tolerances", tolerances, "tolerances of the dynamics violation rate, in sigma_d", Source::ours,
          between(1e-6, 1e6));
        v("distance_rows", distance_rows, "random rows, all pairs of which compare the TDR with geodesic distance",
          Source::ours, between(10, 20000));
        v("warn_wall_share", warn_wall_share, "warn when more of the targets have D > 2 n^ + 6", Source::ours,
          between(0, 1));
        v("warn_drift", warn_drift, "warn when the median arrival error is above this, in sigma_d", Source::ours,
          at_least(0));
        v("warn_drift_ratio", warn_drift_ratio, "warn when it is above this times validation's", Source::ours,
          at_least(0));
        v("warn_collapse", warn_collapse, "warn when plans deviate less than this share of the data's actions",
          Source::ours, between(0, 1));
    }
};

// What `astro run` compares.
struct ExperimentConfig {
    std::vector<std::string> arms = default_arms();
    std::vector<std::string> learners = {"gcbc"};

    template <class V>
    void visit(V& v) {
        v("arms", arms, "data each learner is trained on", Source::ours, one_of(arm_names()));
        v("learners", learners, "learners trained", Source::ours, one_of(learner_names()));
    }
};

}  // namespace astro::method
