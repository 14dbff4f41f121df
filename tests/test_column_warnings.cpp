// Warnings about columns of a data set: values far from all others, and columns that no action changes.
#include <doctest/doctest.h>

#include "data/validate.h"
#include "tensor/base/rows.h"
#include "tensor/rng.h"
#include "tests/error_message.h"

using namespace astro;

namespace {

// 40 episodes of 20 rows. Columns: a random walk, the number of the episode, and this number modulo 3.
data::Dataset walks() {
    data::Dataset d;
    d.state_dim = 3, d.action_dim = 1;
    for (uint64_t e = 0; e < 40; ++e) {
        Rng rng = Rng(1).stream(e);
        float x = 0;
        for (int64_t t = 0; t < 20; ++t) {
            d.observations.insert(d.observations.end(), {x, static_cast<float>(e), static_cast<float>(e % 3)});
            d.actions.push_back(static_cast<float>(rng.uniform(-1, 1)));
            d.terminals.push_back(t == 19);
            x += d.actions.back();
        }
    }
    d.rows = ssize(d.terminals);
    data::index_episodes(d);
    return d;
}

}  // namespace

TEST_CASE("column warnings: a column that differs between most episodes, but never within one") {
    data::Dataset d = walks();
    CHECK(data::episode_constants(d) == std::vector<int64_t>{1});  // episodes that share a value can be joined
    REQUIRE(data::column_warnings(d).size() == 1);
    CHECK(contains(data::column_warnings(d)[0], "observations[1] never changes within an episode, but differs "));
    d.observations[3 * 100 + 1] += 1;
    CHECK(data::column_warnings(d).empty());
}

TEST_CASE("column warnings: a value a hundred ranges away from the others") {
    data::Dataset d = walks();
    d.observations[1] = 1;  // no column is constant within its episodes
    d.observations[3 * 333] = 100;
    CHECK(data::column_warnings(d).empty());
    d.observations[3 * 333] = 1e4f;
    REQUIRE(data::column_warnings(d).size() == 1);
    CHECK(contains(data::column_warnings(d)[0], "observations row 333, column 0: 10000, but 98 % of the values"));
    d.observations[3 * 333] = 0;
    d.actions[39] = -1e4f;  // the action of a last row is never used
    CHECK(data::column_warnings(d).empty());
    d.actions[38] = -1e4f;
    REQUIRE(data::column_warnings(d).size() == 1);
    CHECK(contains(data::column_warnings(d)[0], "actions row 38, column 0: -10000, but"));
}
