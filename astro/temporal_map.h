// What later stages need from a trained TDR: latents of all rows, calibrated steps, arrival rows of episodes, and
// distances closed over a graph of landmarks; and the same from Euclidean distances, for comparison. Everything here is
// [ours] (docs/method.md 5).
#pragma once

#include <string>

#include "astro/temporal_distance.h"
#include "tensor/base/rows.h"

namespace astro::method {

// n_cal from n^: inverts the median n^ of the data at offsets of 1, 2, ... steps.
class Calibration {
  public:
    Calibration() = default;
    // medians[g - 1]: median n^ at an offset of g steps; made monotone by the constructor. At least two offsets.
    explicit Calibration(std::vector<double> medians);

    double steps(double predicted) const;  // n_cal; extrapolates with the last slope
    double predicted(double steps) const;  // the inverse: median n^ at an offset
    const std::vector<double>& medians() const { return medians_; }

  private:
    std::vector<double> medians_;
};

struct TemporalMap {
    const Trajectories* data = nullptr;
    DataConfig settings;  // those of arrival
    double gamma = 0;
    int64_t width = 0;
    std::vector<float> latent;  // (rows, width)
    Calibration calibration;
    std::vector<int64_t> arrival;      // (segments), row at which travel ends
    std::vector<int64_t> landmark;     // (landmarks), rows
    std::vector<int32_t> landmark_of;  // (rows), index of the nearest landmark
    std::vector<float> closed;         // (landmarks, landmarks), shortest paths, in n^; infinity between components
    int64_t components = 0;            // of the landmark graph

    const float* at(int64_t row) const { return latent.data() + row * width; }
    // n^ between two latents, or two rows.
    double steps(const float* a, const float* b) const;
    double steps(int64_t a, int64_t b) const { return steps(at(a), at(b)); }
    // d_G, the graph distance: the shortest path between the nearest landmarks; n^ if both have the same landmark. For
    // two rows, or for any two latents with their nearest landmarks.
    double graph_distance(int64_t a, int64_t b) const;
    double graph_distance(const float* a, int64_t landmark_of_a, const float* b, int64_t landmark_of_b) const;
    int64_t landmarks() const { return ssize(landmark); }
    bool in_travel(int64_t row) const { return row <= nth(arrival, data->segment(row)); }
};

// The end of a message that no segment travels far enough, unless the TDR is the reason (TemporalMaps).
inline constexpr char kTravelHint[] = "; hint: a new run with data.arrival_steps 0, which counts all rows as travel";

double latent_distance(const float* a, const float* b, int64_t width);  // sqrt(max(|a - b|^2, 1e-6))

// The nearest landmark of the map for each latent (n, width), computed by the backend.
std::vector<int32_t> nearest_landmarks(const Context& context, const TemporalMap& map,
                                       const std::vector<float>& latents);

// For each segment, the first row from which on all rows have n^ <= arrival_steps to the mean latent of the last
// arrival_rows rows; the last row if there is none.
std::vector<int64_t> find_arrivals(const TemporalMap& map, double arrival_steps, int64_t arrival_rows);

// Upper bounds of find_arrivals that need no distances, and are therefore known before training: for each segment, the
// first row from which on no state changes, if these are at least arrival_rows rows; else the last row.
std::vector<int64_t> latest_arrivals(const Trajectories& data, const DataConfig& config);

// Latents and arrivals only, without calibration and landmarks.
TemporalMap embed_trajectories(const TemporalDistance& encoder, const Trajectories& data, const DataConfig& config);

// Of both data sets. `validation` has latents and arrivals only.
struct TemporalMaps {
    TemporalMap train, validation;
    // According to an undertrained TDR, episodes may end where they begin. If none travels far enough for a planner's
    // window, although the data would allow it, all rows count as travel, except those where no state changes.
    bool arrivals_ignored = false;
};
TemporalMaps build_temporal_maps(const Context& context, const TemporalDistance& encoder, const Trajectories& train,
                                 const Trajectories& validation, const Config& config);

// The same map by Euclidean distance over these columns of the states, in sigma_delta [ours: docs/method.md 7.5]. Its
// latents are the columns, scaled so that the median distance covered in M + 1 steps of travel is M + 1. train,
// validation: the maps by the TDR, which say where travel ends.
TemporalMap build_euclidean_map(const Context& context, const TemporalMap& train, const TemporalMap& validation,
                                const std::vector<int64_t>& columns, const Statistics& statistics,
                                const Config& config);

}  // namespace astro::method
