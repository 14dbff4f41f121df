#include "astro/plan_descent.h"

#include <cmath>
#include <memory>

#include "tensor/base/rows.h"

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
        const Tensor most = sqrt(Tensor::full(plan.backend(), DType::f32, square.shape(), move_ * move_ * actions) /
                                 square);  // |change| <= move sqrt(U A)
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

std::unique_ptr<Rule> make_rule(DescentRule rule, int64_t steps, double move) {
    if (rule == DescentRule::adam) return std::make_unique<AdamRule>(move, steps);
    return std::make_unique<Spectral>(move);
}

// For each plan, the candidate if its value is less, else the plan so far. By rows, not by arithmetic: a candidate or a
// value that is not finite is never taken.
void keep_best(Tensor& best, std::vector<float>& least, const Tensor& plan, const std::vector<float>& value) {
    const int64_t batch = ssize(least);
    std::vector<int64_t> row(least.size());
    bool any = false;
    for (int64_t i = 0; i < batch; ++i) {
        const bool better = nth(value, i) < nth(least, i);
        nth(row, i) = better ? batch + i : i;
        if (better) nth(least, i) = nth(value, i);
        any = any || better;
    }
    if (any) best = gather_rows(concat({best, plan}, 0), Tensor::from(best.backend(), Shape{batch}, row));
}

}  // namespace

Tensor descend(const PlanObjective& f, const Tensor& plans, DescentRule rule, int64_t steps, double move) {
    if (steps == 0) return plans;
    const std::unique_ptr<Rule> by = make_rule(rule, steps, move);
    Tensor plan = plans, best = plans;
    std::vector<float> least;
    for (int64_t k = 0; k < steps; ++k) {
        Tape tape;
        const Tensor watched = tape.watch(plan);
        const Tensor value = f(watched);
        tape.backward(sum(value));
        NoTape off;
        if (k == 0)
            least = value.to_vector<float>();
        else
            keep_best(best, least, plan, value.to_vector<float>());
        plan = clamp(plan + by->change(plan, value.detach(), tape.gradient(watched)), -1, 1);
    }
    NoTape off;
    keep_best(best, least, plan, f(plan).to_vector<float>());
    return best;
}

}  // namespace astro::method
