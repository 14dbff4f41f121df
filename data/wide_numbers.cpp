#include "data/wide_numbers.h"

#include <algorithm>
#include <cmath>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro::data {

namespace {

// An origin for numbers (rows, columns) of more digits than float32: the first row, if rounding to float32 changes a
// column by more than 1e-6 of its range. Else empty. Rows with skipped[row] are not used.
std::vector<double> origin_of(const std::vector<double>& values, int64_t columns, const std::vector<uint8_t>& skipped) {
    const auto used = [&skipped](int64_t row) { return skipped.empty() || nth(skipped, row) == 0; };
    const int64_t rows = ssize(values) / columns;
    int64_t first = 0;
    while (first < rows && !used(first)) ++first;
    if (first == rows) return {};
    bool lossy = false;
    for (int64_t c = 0; c < columns && !lossy; ++c) {
        double low = nth(values, first * columns + c), high = low, error = 0;
        for (int64_t t = first; t < rows; ++t) {
            if (!used(t)) continue;
            const double x = nth(values, t * columns + c);
            low = std::min(low, x), high = std::max(high, x);
            error = std::max(error, std::fabs(x - double(static_cast<float>(x))));
        }
        lossy = error > 1e-6 * (high - low);
    }
    const auto row = values.begin() + first * columns;
    return lossy ? std::vector<double>(row, row + columns) : std::vector<double>{};
}

}  // namespace

bool is_wide(NpyType type) {
    return type == NpyType::f8 || type == NpyType::i4 || type == NpyType::u4 || type == NpyType::i8 ||
           type == NpyType::u8;
}

std::vector<float> rounded(const std::vector<double>& values, int64_t columns, const std::vector<uint8_t>& skipped,
                           std::vector<double>& origin) {
    origin = origin_of(values, columns, skipped);
    const auto width = to_size(columns);
    std::vector<float> out(values.size());
    for (size_t i = 0; i < values.size(); ++i)
        out[i] = static_cast<float>(origin.empty() ? values[i] : values[i] - origin[i % width]);
    return out;
}

void require_float32(const std::vector<double>& stored, const std::vector<float>& rounded, int64_t columns,
                     const std::string& where) {
    const auto width = to_size(columns);
    bool vary = false, vary_rounded = false;
    size_t example = 0;
    for (size_t i = 0; i < stored.size(); ++i) {
        if (std::isfinite(stored[i]) && !std::isfinite(rounded[i]))
            fail(ErrorKind::data, where, " row ", i / width, ", column ", i % width, ": ", stored[i],
                 " is too large, expected numbers up to 3.4e38 (float32)");
        if (!vary && stored[i] != stored[i % width]) vary = true, example = i;
        vary_rounded = vary_rounded || rounded[i] != rounded[i % width];
    }
    if (vary && !vary_rounded)
        fail(ErrorKind::data, where, " row ", example / width, ", column ", example % width, ": ", stored[example],
             ", in row 0 ", stored[example % width],
             ": all differences are too small, expected some of at least 1e-38 (float32)");
}

}  // namespace astro::data
