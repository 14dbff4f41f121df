// Environments in child processes: parts that tests/cli/environments.sh does not cover. If OGBench is installed (make
// deps-ogbench), its point mazes are compared with the built-in ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "astro/evaluate.h"
#include "data/dataset_load.h"
#include "data/environments/child_process.h"
#include "data/environments/simulator.h"
#include "data/file.h"
#include "data/replay.h"
#include "tensor/base/error.h"
#include "tensor/rng.h"

using namespace astro;
using namespace astro::method;

namespace {

// OGBench's server for an environment. Null, with a message, if OGBench is not installed.
std::unique_ptr<data::Environment> ogbench(const std::string& name, int64_t processes) {
    const char* told = std::getenv("ASTRO_OGBENCH_PYTHON");
    const std::string python = told ? told : "build/ogbench-venv/bin/python";
    if (!data::file_exists(python)) {
        MESSAGE("skipped: no OGBench (make deps-ogbench installs it; ASTRO_OGBENCH_PYTHON names another python)");
        return nullptr;
    }
    return data::make_process_environment("exec:" + python + " examples/ogbench/environment.py " + name,
                                          {processes, 300});
}

// Follows geodesics of the built-in maze, with noise that depends on the state only. It also hits walls.
class Driver {
  public:
    explicit Driver(const data::Environment& maze) : maze_(maze) {}
    std::vector<double> operator()(const std::vector<double>& states, const std::vector<double>& goals) const {
        std::vector<double> actions;
        const std::vector<float> to_goals(goals.begin(), goals.end());
        for (size_t i = 0; i < states.size(); i += 2) {
            constexpr int kWays = 8;
            std::vector<float> points;
            std::vector<const float*> to;
            for (int w = 0; w < kWays; ++w) {
                const double angle = 2 * M_PI * w / kWays;
                points.push_back(static_cast<float>(states[i] + std::cos(angle)));
                points.push_back(static_cast<float>(states[i + 1] + std::sin(angle)));
            }
            for (size_t w = 0; w < kWays; ++w) to.push_back(&points[2 * w]);
            const std::vector<double> left = maze_.geodesics(&to_goals[i], to);
            size_t best = 0;
            for (size_t w = 1; w < kWays; ++w)
                if (left[w] >= 0 && (left[best] < 0 || left[w] < left[best])) best = w;
            Rng rng = Rng(static_cast<uint64_t>(std::fabs(states[i]) * 1000)).stream("driver");
            for (size_t c = 0; c < 2; ++c)
                actions.push_back(double(points[2 * best + c]) - states[i + c] + .7 * rng.normal());
        }
        return actions;
    }

  private:
    const data::Environment& maze_;
};

}  // namespace

TEST_CASE("process: output of a child is converted to one printable line") {
    using data::Keep;
    CHECK(data::printable("a\nb\tc\x1b[0m\x7f\n\n", 100, Keep::end) == "a\\nb\\tc\\x1b[0m\\x7f");
    CHECK(data::printable("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 100, Keep::end) ==
          "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    CHECK(data::printable("\xc2\x9b"
                          "31m \xe2\x80\xae \xff \xc3",
                          100, Keep::end) == "\\xc2\\x9b31m \\xe2\\x80\\xae \\xff \\xc3");
    CHECK(data::printable("0123456789", 4, Keep::end) == "...6789");
    CHECK(data::printable("0123456789", 4, Keep::beginning) == "0123...");
    CHECK(data::printable(std::string("\0\r\n", 3), 100, Keep::end) == "\\x00");
}

TEST_CASE("process: rows are divided as evenly as possible, in order") {
    CHECK(data::shares(10, 3) == std::vector<size_t>{0, 3, 6, 10});
    CHECK(data::shares(2, 4) == std::vector<size_t>{0, 0, 1, 1, 2});
    CHECK(data::shares(0, 2) == std::vector<size_t>{0, 0, 0});
}

TEST_CASE("process: an environment is found by name while it exists; finding a name starts no process") {
    CHECK(data::find_environment("exec:cat") == nullptr);
    CHECK(data::make_process_environment("pointmaze-medium-v0", {}) == nullptr);
    class Named : public data::Environment {
      public:
        Named() { spec_.name = "named-v0"; }
        data::Episode task(int64_t) const override { return {}; }
        std::vector<data::Episode> draw_episodes(const std::vector<int64_t>&, int64_t, Protocol,
                                                 uint64_t) const override {
            return {};
        }
        std::unique_ptr<data::Agents> reset(const std::vector<data::Episode>&, uint64_t) const override {
            return nullptr;
        }
    };
    {
        const data::AddedEnvironment added(std::make_unique<Named>());
        REQUIRE(data::find_environment("named-v0"));
        CHECK(data::find_environment("pointmaze-medium-v0")->spec().name == "pointmaze-medium-v0");
    }
    CHECK(data::find_environment("named-v0") == nullptr);
}

TEST_CASE("process: OGBench's point mazes and the built-in ones have the same transitions and successes") {
    for (const std::string name : {"pointmaze-medium-v0", "pointmaze-large-v0"}) {
        const std::unique_ptr<data::Environment> theirs = ogbench(name, 2);
        if (!theirs) return;
        CAPTURE(name);
        const data::Environment& ours = *data::find_environment(name);
        const data::EnvironmentSpec &a = ours.spec(), &b = theirs->spec();
        CHECK(a.state_dim == b.state_dim);
        CHECK(a.action_dim == b.action_dim);
        CHECK(a.tasks == b.tasks);
        CHECK(a.step_limit == b.step_limit);
        CHECK(a.tolerance == b.tolerance);
        CHECK(a.gamma == b.gamma);
        for (int64_t task = 1; task <= a.tasks; ++task) {
            CHECK(ours.task(task).start == theirs->task(task).start);
            CHECK(ours.task(task).goal == theirs->task(task).goal);
        }
        const Driver driver(ours);
        for (const Protocol protocol : {Protocol::goal_conditioned, Protocol::single_task}) {
            const std::vector<data::Episode> episodes = theirs->draw_episodes({1, 3, 4, 5}, 2, protocol, 0);
            // Both are driven with the same actions, and all states are compared.
            const auto here = ours.reset(episodes, 0), there = theirs->reset(episodes, 0);
            Rng rng = Rng(1).stream("actions");
            std::vector<int64_t> all;
            for (size_t e = 0; e < episodes.size(); ++e) all.push_back(static_cast<int64_t>(e));
            double worst = 0;
            for (int t = 0; t < 200; ++t) {
                std::vector<double> actions;
                for (size_t i = 0; i < 2 * episodes.size(); ++i)
                    actions.push_back(std::clamp(rng.uniform(-1, 1) + (t / 50 % 2 ? .5 : -.5), -1., 1.));
                here->step(all, actions), there->step(all, actions);
                for (size_t i = 0; i < here->states().size(); ++i)
                    worst = std::max(worst, std::fabs(here->states()[i] - there->states()[i]));
            }
            MESSAGE(name << ": largest difference of " << 200 * episodes.size() << " transitions " << worst);
            CHECK(worst < 1e-9);
            // With a policy, the same episodes succeed after the same number of steps.
            const std::vector<Outcome> mine = evaluate(ours, episodes, protocol, driver, 0, false),
                                       others = evaluate(*theirs, episodes, protocol, driver, 0, false);
            int64_t arrived = 0;
            for (size_t e = 0; e < episodes.size(); ++e) {
                CHECK(mine[e].success == others[e].success);
                CHECK(mine[e].steps == others[e].steps);
                arrived += mine[e].success;
            }
            MESSAGE(name << ": " << arrived << " of " << episodes.size() << " arrive, in the same step");
            CHECK(arrived > 0);
        }
    }
}

TEST_CASE("process: a recorded ant episode agrees with OGBench's ant maze, and a changed state is found") {
    const std::unique_ptr<data::Environment> maze = ogbench("antmaze-medium-v0", 2);
    if (!maze) return;
    // ASTRO_ANTMAZE names a longer file.
    const char* told = std::getenv("ASTRO_ANTMAZE");
    const std::string path = told ? told : "tests/fixtures/npz/antmaze-medium-3-episodes.npz";
    data::Dataset d = data::load_dataset(path);
    ThreadPool pool(2);
    for (const bool from_qpos : {true, false}) {
        if (!from_qpos) d.qpos.clear(), d.qvel.clear(), d.qpos_dim = d.qvel_dim = 0;
        const data::Replay r = data::replay(*maze, d, {.1}, pool, path);
        MESSAGE(r.real.rates.transitions << " transitions from "
                                         << std::string(from_qpos ? "qpos and qvel" : "observations")
                                         << ", largest difference " << r.real.worst << ", " << r.real.worst_scaled
                                         << " sigma_delta");
        CHECK(r.real.worst_scaled < 1e-5);
        // Velocities up to 18 are stored to 1e-6, and contacts amplify the error. The largest of 4000 transitions
        // was 1.8e-5.
        CHECK(r.real.worst < 5e-5);
        CHECK(r.real.rates.transition[0] == 0);
    }
    d.observations[static_cast<size_t>(5 * d.state_dim)] += .01f;
    const data::ReplayPart moved =
        data::replay(*maze, d, {.1}, pool, path).real;  // row 4 leads to it, row 5 starts there
    CHECK((moved.worst_row == 4 || moved.worst_row == 5));
    CHECK(moved.worst > .009);
}
