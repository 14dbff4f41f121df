#include "tensor/cpu/nearest_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/base/error.h"
#include "tensor/base/rows.h"
#include "tensor/squared_distance.h"

namespace astro::cpu {

namespace {

// The squared distance, with NaN replaced by infinity so that distances are ordered.
template <class T>
double distance_to(const T* a, const T* b, int64_t width) {
    const double square = squared_distance(a, b, width);
    return square >= 0 ? square : std::numeric_limits<double>::infinity();
}

// For each point, the list of its nearest points (itself included) in order of distance. Lists are created on demand,
// so that a search for few rows does not need the lists of all points.
template <class T>
class Neighbourhoods {
  public:
    struct Neighbour {
        T distance;
        int32_t point;
    };

    Neighbourhoods(int64_t m, int64_t width, const T* points)
        : width_(width), points_(points), listed_(std::min(m, kMax)), place_(to_size(m), -1), all_(place_.size()) {}

    int64_t listed() const { return listed_; }  // points in each list

    const Neighbour* around(int64_t point) {  // valid until the next call
        int64_t& place = nth(place_, point);
        if (place < 0) {
            place = ssize(lists_);
            add(point);
        }
        return lists_.data() + place;
    }

  private:
    static constexpr int64_t kMax = 32;  // searches rarely need longer lists

    void add(int64_t point) {
        Neighbour* next = all_.data();
        for (int32_t j = 0; j < static_cast<int32_t>(all_.size()); ++j)
            *next++ = {static_cast<T>(distance_to(points_ + point * width_, points_ + j * width_, width_)), j};
        std::partial_sort(all_.begin(), all_.begin() + listed_, all_.end(),
                          [](const Neighbour& a, const Neighbour& b) { return a.distance < b.distance; });
        for (int64_t j = 0; j < listed_; ++j) {
            const Neighbour& near = nth(all_, j);
            lists_.push_back({std::sqrt(near.distance), near.point});
        }
    }

    int64_t width_;
    const T* points_;
    int64_t listed_;
    std::vector<int64_t> place_;  // start of a point's list in lists_, or -1 if not created
    std::vector<Neighbour> all_, lists_;
};

}  // namespace

template <class T>
void nearest_rows(int64_t n, int64_t m, int64_t width, const T* x, const T* points, int64_t* nearest) {
    ASTRO_CHECK(m > 0 && m <= std::numeric_limits<int32_t>::max(), "nearest_rows: ", m, " points to choose from");
    Neighbourhoods<T> neighbourhoods(m, width, points);
    const int64_t listed = neighbourhoods.listed();
    int64_t best = 0;  // each row starts from the result of the previous row, which is often the same or close
    for (int64_t row = 0; row < n; ++row) {
        double smallest = distance_to(x + row * width, points + best * width, width);
        auto look = [&](int64_t point) {
            const double square = distance_to(x + row * width, points + point * width, width);
            if (square < smallest || (square == smallest && point < best)) smallest = square, best = point;
        };
        for (bool found = false; !found;) {
            // By the triangle inequality, a point closer to x than `best` is at most |x - centre| + |x - best| away
            // from the centre.
            const int64_t centre = best;
            const double from_centre = std::sqrt(smallest);
            const auto* list = neighbourhoods.around(centre);
            int64_t i = 0;
            while (i < listed && double(list[i].distance) <= 1.00001 * (from_centre + std::sqrt(smallest)) + 1e-6)
                look(list[i++].point);
            found = i < listed || listed == m;
            if (!found && best == centre) {  // no progress: search all points; otherwise continue from the new best
                for (int64_t point = 0; point < m; ++point) look(point);
                found = true;
            }
        }
        nearest[row] = best;
    }
}

template void nearest_rows<float>(int64_t, int64_t, int64_t, const float*, const float*, int64_t*);
template void nearest_rows<double>(int64_t, int64_t, int64_t, const double*, const double*, int64_t*);

}  // namespace astro::cpu
