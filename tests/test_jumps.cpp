// Jumps: unmarked ends of episodes, displacements and teleports are found; motion has none.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "data/jumps.h"
#include "data/validate.h"
#include "tensor/base/rows.h"
#include "tensor/rng.h"
#include "tests/boats.h"
#include "tests/error_message.h"

using namespace astro;
using namespace astro::data;

TEST_CASE("jumps: unmarked ends of episodes are found at any share and in any units; ordinary motion has none") {
    for (const int64_t length : {200, 50, 20, 10})  // jumps in .5 % to 10 % of the steps
        for (const double scale : {1.0, 1e-5, 1000.0}) {
            CAPTURE(length);
            CAPTURE(scale);
            const Boats b = boats(std::vector<int64_t>(static_cast<size_t>(6000 / length), length));
            Dataset data;
            data.rows = b.rows, data.state_dim = data.action_dim = 2;
            for (float x : b.observations) data.observations.push_back(static_cast<float>(double(x) * scale));
            data.actions = b.actions;
            data.terminals = b.ends;
            index_episodes(data);
            CHECK(find_jumps(data).rows.empty());
            data.terminals.assign(data.terminals.size(), 0);
            data.terminals.back() = 1;
            index_episodes(data);
            const Jumps jumps = find_jumps(data);
            int64_t found = 0;
            for (int64_t row : jumps.rows) found += b.ends[static_cast<size_t>(row)];
            CHECK(found == static_cast<int64_t>(jumps.rows.size()));
            CHECK(found * 10 >= (data.rows / length - 1) * 9);  // some of these jumps are as short as a step
            CHECK(contains(validate(data)[0].message, "rows"));
        }
}

TEST_CASE("jumps: alternating rest and motion has none; a single displacement is found") {
    Dataset data;
    data.rows = 4000, data.state_dim = data.action_dim = 1;
    Rng rng(5);
    double x = 0;
    for (int64_t t = 0; t < data.rows; ++t) {
        data.observations.push_back(static_cast<float>(x));
        data.actions.push_back(0);
        data.terminals.push_back(t % 500 == 499);
        x += t % 6 == 0 ? .3 * (rng.uniform() < .5 ? -1 : 1) : 1e-4 * rng.normal();
    }
    index_episodes(data);
    CHECK(find_jumps(data).rows.empty());
    for (int64_t t = 1300; t < 1500; ++t) data.observations[static_cast<size_t>(t)] += 100;
    CHECK(find_jumps(data).rows == std::vector<int64_t>{1299});
}

namespace {

// Boats that a teleport displaces before a share of their steps, in some units.
struct Teleporting {
    Dataset data;
    std::vector<int64_t> far;  // rows before the teleports that are longer than two units, as few steps are
};

Teleporting teleporting(double share, double scale) {
    Teleporting t;
    const Boats b = boats(std::vector<int64_t>(60, 81));
    t.data.rows = b.rows, t.data.state_dim = t.data.action_dim = 2;
    t.data.actions = b.actions, t.data.terminals = b.ends;
    Rng rng(3);
    double offset[2] = {};
    for (int64_t row = 0; row < b.rows; ++row) {
        if (row > 0 && !nth(b.ends, row - 1) && rng.uniform() < share) {
            const double before[2] = {offset[0], offset[1]};
            for (double& x : offset) x = 8 * rng.normal();
            if (std::hypot(offset[0] - before[0], offset[1] - before[1]) > 8) t.far.push_back(row - 1);
        }
        for (size_t i = 0; i < 2; ++i)
            t.data.observations.push_back(
                static_cast<float>(scale * (double(b.observations[2 * static_cast<size_t>(row) + i]) + offset[i])));
    }
    index_episodes(t.data);
    return t;
}

}  // namespace

TEST_CASE("jumps: teleports in up to 30 % of the steps are found, in any units; too many are reported") {
    for (const double share : {.02, .05, .1, .2, .3})
        for (const double scale : {1.0, 1e-5, 1000.0}) {
            CAPTURE(share);
            CAPTURE(scale);
            const Teleporting t = teleporting(share, scale);
            const Jumps jumps = find_jumps(t.data);
            const auto is_far = [&](int64_t row) { return std::binary_search(t.far.begin(), t.far.end(), row); };
            CHECK(std::count_if(jumps.rows.begin(), jumps.rows.end(), is_far) == ssize(t.far));
            CHECK(static_cast<double>(jumps.rows.size()) <= 1.1 * share * static_cast<double>(t.data.rows));
            CHECK(jumps.undecided == 0);
        }
    const Jumps many = find_jumps(teleporting(.5, 1).data);
    CHECK(many.rows.empty());
    CHECK(many.undecided > 1000);
    CHECK(contains(describe_undecided(many.undecided), "too many to tell jumps from motion"));
    const std::vector<Finding> findings = validate(teleporting(.5, 1).data);
    CHECK(std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.message == "observations: " + describe_undecided(many.undecided);
    }));
}

TEST_CASE("jumps: a system that settles in the first steps of each episode has none") {
    Dataset data;
    data.rows = 60 * 40, data.state_dim = data.action_dim = 1;
    Rng rng(4);
    for (int64_t t = 0; t < data.rows; ++t) {
        const double dropped = t % 60 == 0 ? 10 : t % 60 == 1 ? 5 : 0;
        data.observations.push_back(static_cast<float>(dropped + std::sin(.1 * double(t)) + .02 * rng.normal()));
        data.actions.push_back(0);
        data.terminals.push_back(t % 60 == 59);
    }
    index_episodes(data);
    CHECK(find_jumps(data).rows.empty());
    CHECK(find_jumps(data).undecided == 0);
}
