// Counting violations: transitions, bridges, errors that are not numbers.
#include <doctest/doctest.h>

#include <cmath>

#include "data/violations.h"

using astro::data::ViolationCounter;
using astro::data::ViolationRates;

TEST_CASE("violations: a bridge violates if its worst transition does; not a number violates at every tolerance") {
    ViolationCounter counter({.1, .5});
    for (double error : {.05, .3, .2}) counter.transition(error);
    counter.end_bridge();
    for (double error : {.1, .5}) counter.transition(error);  // equal to a tolerance is no violation
    counter.end_bridge();
    counter.transition(NAN);
    counter.transition(.01);
    counter.end_bridge();
    counter.bridge(.2);
    const ViolationRates rates = counter.rates();
    CHECK(rates.transitions == 7);
    CHECK(rates.bridges == 4);
    CHECK(rates.transition == std::vector<double>{4.0 / 7, 1.0 / 7});
    CHECK(rates.bridge == std::vector<double>{1, .25});
    counter.bridge(NAN);
    CHECK(counter.rates().bridge == std::vector<double>{1, .4});
    CHECK(ViolationCounter({1}).rates().transition[0] == 0);
}
