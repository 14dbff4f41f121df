// The sizes of a tensor: a small inline array, rank 0 to 6, row-major.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"

namespace astro {

class Shape {
  public:
    static constexpr int kMaxRank = 6;

    Shape() = default;  // rank 0: one element
    Shape(std::initializer_list<int64_t> sizes) {
        for (int64_t size : sizes) push_back(size);
    }

    int rank() const { return rank_; }
    int64_t operator[](int axis) const { return nth(sizes_, wrap(axis)); }
    void set(int axis, int64_t size) { nth(sizes_, wrap(axis)) = size; }

    void push_back(int64_t size) {
        ASTRO_CHECK(rank_ < kMaxRank, "Shape: rank is at most ", kMaxRank);
        ASTRO_CHECK(size >= 0, "Shape: negative size ", size);
        nth(sizes_, rank_++) = size;
    }

    // Number of elements. Throws if it overflows int64_t.
    int64_t numel() const { return product(0, rank_); }

    // Product of the sizes of axes [first, last).
    int64_t product(int first, int last) const {
        int64_t n = 1;
        for (int axis = first; axis < last; ++axis)
            if (__builtin_mul_overflow(n, nth(sizes_, axis), &n))
                fail(ErrorKind::internal, "Shape: number of elements overflows");
        return n;
    }

    // The index of an axis; negative values count from the end. Throws if it is out of range.
    int wrap(int axis) const {
        int wrapped = axis < 0 ? axis + rank_ : axis;
        ASTRO_CHECK(wrapped >= 0 && wrapped < rank_, "Shape: axis ", axis, " of a tensor of rank ", rank_);
        return wrapped;
    }

    bool operator==(const Shape& other) const {
        if (rank_ != other.rank_) return false;
        for (int i = 0; i < rank_; ++i)
            if ((*this)[i] != other[i]) return false;
        return true;
    }
    bool operator!=(const Shape& other) const { return !(*this == other); }

  private:
    std::array<int64_t, kMaxRank> sizes_{};
    int rank_ = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << "[";
    for (int i = 0; i < shape.rank(); ++i) out << (i ? ", " : "") << shape[i];
    return out << "]";
}

// The common shape under NumPy's broadcasting: sizes are aligned from the right and must be equal or 1.
inline Shape broadcast(const char* op, const Shape& a, const Shape& b) {
    Shape result;
    int rank = a.rank() > b.rank() ? a.rank() : b.rank();
    for (int i = 0; i < rank; ++i) {
        int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
        int64_t sa = ia < 0 ? 1 : a[ia], sb = ib < 0 ? 1 : b[ib];
        ASTRO_CHECK(sa == sb || sa == 1 || sb == 1, op, ": shapes ", a, " and ", b, " do not broadcast");
        result.push_back(sa == 1 ? sb : sa);
    }
    return result;
}

}  // namespace astro
