#include "astro/ensemble.h"

namespace astro::method {

Tensor min_of(const std::vector<Tensor>& each) {
    Tensor least = each[0];
    for (size_t i = 1; i < each.size(); ++i) least = minimum(least, each[i]);
    return least;
}

Tensor mean_of(const std::vector<Tensor>& each) {
    Tensor total = each[0];
    for (size_t i = 1; i < each.size(); ++i) total = total + each[i];
    return total * (1 / static_cast<double>(each.size()));
}

Tensor squared_errors(const std::vector<Tensor>& x, const std::vector<Tensor>& y) {
    Tensor total = square(x[0] - y[0]);
    for (size_t i = 1; i < x.size(); ++i) total = total + square(x[i] - (y.size() == 1 ? y[0] : y[i]));
    return total;
}

std::vector<Tensor> columns_of(const Tensor& x) {
    std::vector<Tensor> columns;
    for (int64_t k = 0; k < x.dim(1); ++k) columns.push_back(slice(x, 1, k, 1));
    return columns;
}

}  // namespace astro::method
