// Sizes and row numbers are int64_t everywhere, but standard containers use size_t. These functions convert between the
// two. They do not check bounds; `make asan` detects indices out of bounds, including negative ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace astro {

// Converts n >= 0 to the size of a container.
constexpr size_t to_size(int64_t n) { return static_cast<size_t>(n); }

// The number of elements, like std::ssize of C++20.
template <class Container>
constexpr int64_t ssize(const Container& container) {
    return static_cast<int64_t>(container.size());
}

// Element i of a container, counted from 0.
template <class Container>
constexpr decltype(auto) nth(Container& container, int64_t i) {
    return container[to_size(i)];
}

// At most `limit` of the numbers 0 .. n - 1, evenly spaced; all if there are no more.
inline std::vector<int64_t> evenly_spaced(int64_t n, int64_t limit) {
    const int64_t used = limit < n ? limit : n;
    std::vector<int64_t> chosen(to_size(used));
    for (int64_t i = 0; i < used; ++i) nth(chosen, i) = i * n / used;
    return chosen;
}
// The same of these rows.
inline std::vector<int64_t> spread_evenly(const std::vector<int64_t>& rows, int64_t limit) {
    std::vector<int64_t> chosen = evenly_spaced(ssize(rows), limit);
    for (int64_t& i : chosen) i = nth(rows, i);
    return chosen;
}

// A non-owning view of a dense (count, width) array; T may be const. row(i) points to `width` elements.
template <class T>
class Rows {
    using Vector = std::conditional_t<std::is_const_v<T>, const std::vector<std::remove_const_t<T>>, std::vector<T>>;

  public:
    Rows(T* data, int64_t count, int64_t width) : data_(data), count_(count), width_(width) {}
    Rows(Vector& values, int64_t width)  // of all values; their number is a multiple of width
        : Rows(values.data(), width > 0 ? astro::ssize(values) / width : 0, width) {}

    int64_t count() const { return count_; }
    int64_t width() const { return width_; }
    T* row(int64_t i) const { return data_ + i * width_; }
    T& operator()(int64_t i, int64_t column) const { return data_[i * width_ + column]; }

  private:
    T* data_;
    int64_t count_, width_;
};
template <class T>
Rows(std::vector<T>&, int64_t) -> Rows<T>;
template <class T>
Rows(const std::vector<T>&, int64_t) -> Rows<const T>;

}  // namespace astro
