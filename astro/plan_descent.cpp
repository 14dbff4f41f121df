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
Tensor per_plan(const Tensor& x) { return x.reshape(Shape{x.numel(), 1, 1}); }

// The change of the plans in one step of a rule, from the value f (B) and the gradient f' (B, U, A).
class StepRule {
  public:
    virtual ~StepRule() = default;
    virtual Tensor change(const Tensor& plan, const Tensor& value, const Tensor& gradient) = 0;
};

class SpectralRule : public StepRule {
  public:
    explicit SpectralRule(double max_move) : max_move_(max_move) {}

    Tensor change(const Tensor& plan, const Tensor& value, const Tensor& gradient) override {
        const Tensor square = clamp(dot(gradient, gradient), kTiny, HUGE_VAL);  // (B)
        Tensor size = value / square;                                           // Polyak's, for a minimum value of 0
        if (last_plan_.defined()) {                                             // where the curvature is positive
            const Tensor moved = plan - last_plan_, curvature = dot(moved, gradient - last_gradient_);
            const Tensor positive = heaviside(curvature - kTiny, 1, 0);
            const Tensor spectral = dot(moved, moved) / clamp(curvature, kTiny, HUGE_VAL);
            size = positive * spectral + (1.0 - positive) * size;
        }
        last_plan_ = plan, last_gradient_ = gradient;
        const auto actions = static_cast<double>(plan.numel() / plan.dim(0));
        const Tensor max_size =
            sqrt(Tensor::full(plan.backend(), DType::f32, square.shape(), max_move_ * max_move_ * actions) /
                 square);  // |change| <= max_move sqrt(U A)
        return -(per_plan(minimum(size, max_size)) * gradient);
    }

  private:
    static constexpr double kTiny = 1e-30;
    double max_move_;
    Tensor last_plan_, last_gradient_;
};

class AdamRule : public StepRule {
  public:
    AdamRule(double max_move, int64_t steps) : max_move_(max_move), steps_(steps) {}

    Tensor change(const Tensor&, const Tensor&, const Tensor& gradient) override {
        constexpr double kBeta1 = .9, kBeta2 = .95;
        const double k = static_cast<double>(++taken_);
        first_moment_ =
            first_moment_.defined() ? first_moment_ * kBeta1 + gradient * (1 - kBeta1) : gradient * (1 - kBeta1);
        second_moment_ = second_moment_.defined() ? second_moment_ * kBeta2 + square(gradient) * (1 - kBeta2)
                                                  : square(gradient) * (1 - kBeta2);
        const double size = max_move_ * .5 * (1 + std::cos(M_PI * (k - 1) / static_cast<double>(steps_)));
        const Tensor mean = first_moment_ * (1 / (1 - std::pow(kBeta1, k)));
        const Tensor norm = sqrt(second_moment_ * (1 / (1 - std::pow(kBeta2, k)))) + 1e-20;
        return mean / norm * -size;
    }

  private:
    double max_move_;
    int64_t steps_, taken_ = 0;
    Tensor first_moment_, second_moment_;
};

std::unique_ptr<StepRule> make_rule(DescentRule rule, int64_t steps, double max_move) {
    if (rule == DescentRule::adam) return std::make_unique<AdamRule>(max_move, steps);
    return std::make_unique<SpectralRule>(max_move);
}

// For each plan, the candidate if its value is less, else the best plan so far. Selects whole rows instead of blending
// them, so a candidate or a value that is not finite is never taken.
void keep_best(Tensor& best, std::vector<float>& best_value, const Tensor& plan, const std::vector<float>& value) {
    const int64_t batch = ssize(best_value);
    std::vector<int64_t> row(best_value.size());
    bool any = false;
    for (int64_t i = 0; i < batch; ++i) {
        const bool better = nth(value, i) < nth(best_value, i);
        nth(row, i) = better ? batch + i : i;
        if (better) nth(best_value, i) = nth(value, i);
        any = any || better;
    }
    if (any) best = gather_rows(concat({best, plan}, 0), Tensor::from(best.backend(), Shape{batch}, row));
}

}  // namespace

Tensor descend(const PlanObjective& f, const Tensor& plans, DescentRule rule, int64_t steps, double max_move) {
    if (steps == 0) return plans;
    const std::unique_ptr<StepRule> step_rule = make_rule(rule, steps, max_move);
    Tensor plan = plans, best = plans;
    std::vector<float> best_value;
    for (int64_t k = 0; k < steps; ++k) {
        Tape tape;
        const Tensor watched = tape.watch(plan);
        const Tensor value = f(watched);
        tape.backward(sum(value));
        NoTape off;
        if (k == 0)
            best_value = value.to_vector<float>();
        else
            keep_best(best, best_value, plan, value.to_vector<float>());
        plan = clamp(plan + step_rule->change(plan, value.detach(), tape.gradient(watched)), -1, 1);
    }
    NoTape off;
    keep_best(best, best_value, plan, f(plan).to_vector<float>());
    return best;
}

}  // namespace astro::method
