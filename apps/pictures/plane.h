// The plane of the pictures of a run, and helpers of the files that write pictures.npz.
#pragma once

#include <string>
#include <vector>

#include "apps/run/stage_runner.h"
#include "astro/measure/principal_plane.h"
#include "data/npz.h"

namespace astro::app {

// Two columns of the states; or, where nothing says which, the two principal directions of their latents. Points are x
// and y, one after another.
class Plane {
  public:
    // columns: of the recorded states; empty: the directions of the latents, which need a trained TDR.
    Plane(StageRunner& runner, std::vector<int64_t> columns);

    const std::vector<int64_t>& columns() const { return columns_; }
    // Rows of a data set.
    std::vector<float> of_rows(const data::RecordedData& d, const std::vector<int64_t>& rows) const;
    // States (n, D) in the method's units.
    std::vector<float> of_states(const std::vector<float>& states) const;
    // Adds a state in the units of the environment that names the columns.
    template <class T>
    void append(std::vector<float>& xy, const T* state) const {
        for (int64_t i : columns_) xy.push_back(static_cast<float>(state[i]));
    }
    std::vector<float> of(const std::vector<float>& states, int64_t width) const {
        std::vector<float> xy;
        for (size_t at = 0; at < states.size(); at += to_size(width)) append(xy, states.data() + at);
        return xy;
    }
    // What x and y are, in words.
    std::string axes() const;

  private:
    std::vector<float> of_latent_rows(const std::vector<float>& states) const;

    StageRunner& runner_;
    std::vector<int64_t> columns_;
    PrincipalPlane principal_;
};

// Adds an array, compressed.
template <class T>
void add_array(data::NpzWriter& npz, const std::string& key, const std::vector<int64_t>& shape,
               const std::vector<T>& values) {
    npz.add(key, data::NpyArray::from(shape, values), data::Compression::deflated);
}
template <class T>
void add_list(data::NpzWriter& npz, const std::string& key, const std::vector<T>& values) {
    add_array(npz, key, {ssize(values)}, values);
}
inline void add_points(data::NpzWriter& npz, const std::string& key, const std::vector<float>& xy) {
    add_array(npz, key, {ssize(xy) / 2, 2}, xy);
}

}  // namespace astro::app
