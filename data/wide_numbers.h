// Numbers of files that have more digits or a larger range than float32, which is used in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/npy.h"

namespace astro::data {

// True for types whose numbers may have more digits than a float32.
bool is_wide(NpyType type);

// Rounds values (rows, columns) to float32, minus their origin if they need one. origin: the first row, if rounding to
// float32 changes a column by more than 1e-6 of its range; else empty. Rows with skipped[row] are not used.
std::vector<float> rounded(const std::vector<double>& values, int64_t columns, const std::vector<uint8_t>& skipped,
                           std::vector<double>& origin);

// The reverse: values (rows, columns) with the origin added.
template <class T>
std::vector<T> absolute(const std::vector<float>& values, const std::vector<double>& origin) {
    std::vector<T> out(values.begin(), values.end());
    for (size_t i = 0; !origin.empty() && i < out.size(); ++i)
        out[i] = static_cast<T>(double(values[i]) + origin[i % origin.size()]);
    return out;
}

// Error(data), which begins with `where`, for a finite number that is too large for float32, and for numbers that are
// all equal after rounding but were not before. stored, rounded: (rows, columns).
void require_float32(const std::vector<double>& stored, const std::vector<float>& rounded, int64_t columns,
                     const std::string& where);

}  // namespace astro::data
