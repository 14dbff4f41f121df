// Descent of plans: both rules on quadratic functions with a known minimum.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "astro/plan_descent.h"
#include "tensor/base/rows.h"
#include "tensor/rng.h"

using namespace astro;
using namespace astro::method;

namespace {

// Four plans of three actions with two components. f = scale sum_i c_i (u_i - m_i)^2, with curvatures from 1 to 30.
struct Bowl {
    std::unique_ptr<Backend> backend = make_cpu_backend();
    std::vector<float> start = std::vector<float>(24), minimiser = std::vector<float>(24);
    Tensor curvature, minimum;
    double scale = 1;

    Bowl() {
        Rng rng(7);
        for (float& x : start) x = float(rng.uniform(-1, 1));
        for (float& x : minimiser) x = float(rng.uniform(-.9, .9));
        std::vector<float> c(6);
        for (size_t i = 0; i < 6; ++i) c[i] = float(std::pow(30.0, double(i) / 5));
        curvature = Tensor::from(*backend, Shape{3, 2}, c);
        minimum = Tensor::from(*backend, Shape{4, 3, 2}, minimiser);
    }
    Tensor plans() const { return Tensor::from(*backend, Shape{4, 3, 2}, start); }
    PlanObjective objective() const {
        return [this](const Tensor& u) {
            return sum((square(u - minimum) * curvature * scale).reshape(Shape{u.dim(0), 6}), 1);
        };
    }
    std::vector<float> descend_by(DescentRule rule, int64_t steps, double move = .3) const {
        return descend(objective(), plans(), rule, steps, move).to_vector<float>();
    }
    std::vector<float> values(const std::vector<float>& u) const {
        return objective()(Tensor::from(*backend, Shape{4, 3, 2}, u)).to_vector<float>();
    }
};

}  // namespace

TEST_CASE("plan descent: both rules reach the minimum of an ill-conditioned bowl; no steps change nothing") {
    const Bowl bowl;
    const std::vector<float> at_start = bowl.values(bowl.start);
    CHECK(bowl.descend_by(DescentRule::spectral, 0) == bowl.start);
    for (const auto& [rule, steps, share] :
         {std::tuple{DescentRule::spectral, 40, 1e-6}, std::tuple{DescentRule::adam, 60, 1e-2}}) {
        const std::vector<float> at_end = bowl.values(bowl.descend_by(rule, steps));
        for (size_t i = 0; i < 4; ++i) CHECK(double(at_end[i]) < share * double(at_start[i]));
    }
}

TEST_CASE("plan descent: no number of steps makes a plan worse") {
    const Bowl bowl;
    const std::vector<float> at_start = bowl.values(bowl.start);
    for (DescentRule rule : {DescentRule::spectral, DescentRule::adam})
        for (double move : {.01, .3, 2.0})
            for (int64_t steps : {1, 2, 3, 10}) {
                const std::vector<float> u = bowl.descend_by(rule, steps, move), at_end = bowl.values(u);
                for (size_t i = 0; i < 4; ++i) CHECK(at_end[i] <= at_start[i]);
                for (float x : u) CHECK(std::fabs(x) <= 1.0f);
            }
}

TEST_CASE("plan descent: a step moves by at most the bound") {
    const Bowl bowl;
    const std::vector<float> once = bowl.descend_by(DescentRule::spectral, 1, .05);
    for (int64_t i = 0; i < 4; ++i) {
        double moved = 0;
        for (int64_t j = 0; j < 6; ++j)
            moved += std::pow(double(nth(once, 6 * i + j) - nth(bowl.start, 6 * i + j)), 2) / 6;
        CHECK(std::sqrt(moved) <= .05 * (1 + 1e-5));
    }
}

TEST_CASE("plan descent: the scale of the function changes nothing, and no plan depends on another") {
    for (DescentRule rule : {DescentRule::spectral, DescentRule::adam}) {
        Bowl bowl;
        const std::vector<float> plain = bowl.descend_by(rule, 8);
        for (double scale : {0x1p-20, 0x1p20}) {  // powers of two round alike
            bowl.scale = scale;
            CHECK(bowl.descend_by(rule, 8) == plain);
        }
        bowl.scale = 1;
        std::fill(bowl.start.begin(), bowl.start.begin() + 6, .5f);  // another first plan
        const std::vector<float> other = bowl.descend_by(rule, 8);
        CHECK(std::equal(other.begin() + 6, other.end(), plain.begin() + 6));
        CHECK_FALSE(std::equal(other.begin(), other.begin() + 6, plain.begin()));
    }
}
