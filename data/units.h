// The method's units: every column of states centred and scaled to standard deviation 1, every column of actions scaled
// to [-1, 1] by its range, columns that never change left out. Networks, distances and thresholds see nothing else, so
// no result depends on the units of a file [ours: docs/method.md 3.2].
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace astro::data {

// One array: value in the file = centre + scale * value in the method's units.
struct ColumnUnits {
    std::vector<double> centre, scale;  // (columns of the file); scale 0: constant, the centre is its value
    std::vector<int64_t> varying;       // columns of the file that have a scale, in order: those of the method

    int64_t columns() const { return static_cast<int64_t>(centre.size()); }
    int64_t dim() const { return static_cast<int64_t>(varying.size()); }
    std::vector<int64_t> constant() const;
    // Where columns of the file are among those of the method; constant ones are nowhere.
    std::vector<int64_t> places(const std::vector<int64_t>& columns) const;

    // One row: (columns) to (dim) and back. origin: what is to be added to the row's values (Dataset::origin), or null.
    template <class From, class To>
    void inward(const From* row, To* out, const double* origin = nullptr) const {
        for (int64_t j : varying) {
            const auto i = static_cast<size_t>(j);
            const double shift = origin ? origin[i] - centre[i] : -centre[i];
            *out++ = static_cast<To>((double(row[i]) + shift) / scale[i]);
        }
    }
    template <class From, class To>
    void outward(const From* row, To* out, const double* origin = nullptr) const {
        for (size_t i = 0; i < centre.size(); ++i) {
            const double shift = origin ? centre[i] - origin[i] : centre[i];
            out[i] = static_cast<To>(scale[i] > 0 ? shift + scale[i] * double(*row++) : shift);
        }
    }
    // The same for rows one after another.
    template <class To, class From>
    std::vector<To> rows_inward(const std::vector<From>& rows) const {
        const size_t wide = centre.size(), narrow = varying.size(), n = rows.size() / wide;
        std::vector<To> out(n * narrow);
        for (size_t r = 0; r < n; ++r) inward(rows.data() + r * wide, out.data() + r * narrow);
        return out;
    }
    template <class To, class From>
    std::vector<To> rows_outward(const std::vector<From>& rows) const {
        const size_t wide = centre.size(), narrow = varying.size(), n = rows.size() / narrow;
        std::vector<To> out(n * wide);
        for (size_t r = 0; r < n; ++r) outward(rows.data() + r * narrow, out.data() + r * wide);
        return out;
    }
};

struct Units {
    ColumnUnits states, actions;
};

// Of the rows of a data set: mean and standard deviation of states; middle and half width of the range of the actions
// that are used (those of an episode's last row are not). A column whose values differ by no more than the rounding of
// 32-bit numbers counts as constant. Error(data) naming `source` where no state or no action varies.
Units measure_units(const Dataset& recorded, const std::string& source);

// A data set as it was recorded, and the same rows in the method's units (without qpos, qvel and labels).
struct RecordedData {
    Dataset recorded, data;
};
// Error(data) where the widths are not those of the units.
RecordedData convert(const Units& units, Dataset recorded, const std::string& source);

// "actions from -1 to 1; state columns 2 and 5 never change and are left out": what was understood, in one line.
std::string describe(const Units& units);

}  // namespace astro::data
