// The method's units: each column of states is centred and scaled to standard deviation 1, each column of actions is
// scaled from its range to [-1, 1], and constant columns are omitted. Networks, distances and thresholds use only these
// units, so results do not depend on the units of the file [ours: docs/method.md 3.2].
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "tensor/base/rows.h"

namespace astro::data {

// Units of one array: value in the file = centre + scale * value in the method's units.
struct ColumnUnits {
    std::vector<double> centre, scale;  // (columns of the file); scale 0: a constant column, whose value is the centre
    std::vector<int64_t> varying;       // (columns of the method), ascending: the columns of the file with scale > 0

    int64_t columns() const { return ssize(centre); }
    int64_t dim() const { return ssize(varying); }
    std::vector<int64_t> constant() const;
    // Converts columns of the file to columns of the method. Constant columns are omitted.
    std::vector<int64_t> places(const std::vector<int64_t>& columns) const;

    // Converts one row from the file's units (columns) to the method's units (dim), and back.
    // origin: Dataset::origin, which is added to the row's values; or null.
    template <class From, class To>
    void inward(const From* row, To* out, const double* origin = nullptr) const {
        for (int64_t j : varying) {
            const auto i = to_size(j);
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
    // The same for any number of contiguous rows.
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

// Centre and scale of states: mean and standard deviation over all rows. Of actions: middle and half width of the range
// over all rows except the last rows of episodes. A column is constant if its values differ by no more than float32
// rounding. Error(data) with `source` if all columns of states or all columns of actions are constant.
Units measure_units(const Dataset& recorded, const std::string& source);
// The reason for which measure_units refuses a data set; empty: none.
std::string units_problem(const Dataset& recorded);

// A data set in the file's units, and the same rows in the method's units, without qpos and qvel.
struct RecordedData {
    Dataset recorded, data;
};

// Error(data) if another file of the same system is evidently in other units than the data that these were measured on:
// a column is far from them, changes although it is constant there, or all columns change hardly at all.
void require_same_units(const Units& units, const Dataset& other, const std::string& source);

// Error(data) if the numbers of columns differ from those of the units.
RecordedData convert(const Units& units, Dataset recorded, const std::string& source);

// Empty, or a warning about a column of states that float32 rounds by more than a small part of its typical change in
// one step. Files of float64 have an origin (Dataset) and are not rounded. sigma_delta: (columns of the method).
std::string describe_rounding(const Dataset& recorded, const ColumnUnits& units,
                              const std::vector<double>& sigma_delta);

// One line for the user: "actions in [-1, 1]; state columns 2 and 5 never change and are left out".
std::string describe(const Units& units);

}  // namespace astro::data
