#include "astro/plan_descent.h"

#include <cmath>
#include <memory>

namespace astro::method {

namespace {

// Sums over each plan, (B, U, A) -> (B), and back to a factor of each plan, (B) -> (B, 1, 1).
Tensor dot(const Tensor& a, const Tensor& b) {
    const Tensor product = a * b;
    return sum(product.reshape(Shape{product.dim(0), product.numel() / product.dim(0)}), 1);
}
Tensor of_plan(const Tensor& x) { return x.reshape(Shape{x.numel(), 1, 1}); }

// The change of the plans in one step of a rule, from the value f (B) and the slope f' (B, U, A).
class Rule {
  public:
    virtual ~Rule() = default;
    virtual Tensor change(const Tensor& plan, const Tensor& value, const Tensor& slope) = 0;
};

class Spectral : public Rule {
  public:
    explicit Spectral(double move) : move_(move) {}

    Tensor change(const Tensor& plan, const Tensor& value, const Tensor& slope) override {
        const Tensor square = clamp(dot(slope, slope), kTiny, HUGE_VAL);  // (B)
        Tensor size = value / square;                                     // Polyak's, for a least value of 0
        if (before_.defined()) {                                          // where the curvature is positive
            const Tensor moved = plan - before_, curvature = dot(moved, slope - slope_before_);
            const Tensor positive = where_nonnegative(curvature - kTiny, 1, 0);
            const Tensor spectral = dot(moved, moved) / clamp(curvature, kTiny, HUGE_VAL);
            size = positive * spectral + (1.0 - positive) * size;
        }
        before_ = plan, slope_before_ = slope;
        const auto actions = static_cast<double>(plan.numel() / plan.dim(0));
        const Tensor most = sqrt(affine(square, 0, move_ * move_ * actions) / square);  // |change| <= move sqrt(U A)
        return -(of_plan(minimum(size, most)) * slope);
    }

  private:
    static constexpr double kTiny = 1e-30;
    double move_;
    Tensor before_, slope_before_;
};

class AdamRule : public Rule {
  public:
    AdamRule(double move, int64_t steps) : move_(move), steps_(steps) {}

    Tensor change(const Tensor&, const Tensor&, const Tensor& slope) override {
        constexpr double kFirst = .9, kSecond = .95;
        const double k = static_cast<double>(++taken_);
        first_ = first_.defined() ? first_ * kFirst + slope * (1 - kFirst) : slope * (1 - kFirst);
        second_ = second_.defined() ? second_ * kSecond + square(slope) * (1 - kSecond) : square(slope) * (1 - kSecond);
        const double size = move_ * .5 * (1 + std::cos(M_PI * (k - 1) / static_cast<double>(steps_)));
        const Tensor mean = first_ * (1 / (1 - std::pow(kFirst, k)));
        const Tensor norm = sqrt(second_ * (1 / (1 - std::pow(kSecond, k)))) + 1e-20;
        return mean / norm * -size;
    }

  private:
    double move_;
    int64_t steps_, taken_ = 0;
    Tensor first_, second_;
};

}  // namespace

Tensor descend(const PlanObjective& f, const Tensor& plans, DescentRule rule, int64_t steps, double move) {
    std::unique_ptr<Rule> by = std::make_unique<Spectral>(move);
    if (rule == DescentRule::adam) by = std::make_unique<AdamRule>(move, steps);
    Tensor plan = plans, best = plans, least;
    for (int64_t k = 0; steps > 0 && k <= steps; ++k) {  // the last round only evaluates
        Tape tape;
        const Tensor watched = tape.watch(plan);
        const Tensor value = f(watched);
        if (k < steps) tape.backward(sum(value));
        NoTape off;
        const Tensor now = value.detach();
        if (k > 0) best = best + of_plan(where_nonnegative(least - now, 1, 0)) * (plan - best);
        least = k > 0 ? minimum(least, now) : now;
        if (k < steps) plan = clamp(plan + by->change(plan, now, tape.gradient(watched)), -1, 1);
    }
    return best;
}

}  // namespace astro::method
