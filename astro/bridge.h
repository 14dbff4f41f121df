// Bridges between two recorded rows, and the interface of what makes them.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "tensor/rng.h"

namespace astro::method {

// The ends of a bridge: the rows around the gap.
struct StitchEnds {
    std::vector<float> source_states, source_actions;  // (l, D), (l - 1, A): last states and actions between them
    std::vector<float> target_states, target_actions;  // (l, D), (l - 1, A)
    std::vector<float> own_actions;                    // (M' + 1, A): the source's own after s_0; empty: zeros
    double steps = 0;                                  // n_cal from s_0 to g_0
};

// l recorded rows from `first` on, and the l - 1 actions between them: one end.
void copy_end(const data::Dataset& rows, int64_t first, int64_t l, std::vector<float>& states,
              std::vector<float>& actions);
// Both ends from recorded rows, from source_first and from target_first (g_0) on. The other members are not set.
StitchEnds recorded_ends(const data::Dataset& source, int64_t source_first, const data::Dataset& target,
                         int64_t target_first, int64_t l);

struct Bridge {
    std::vector<float> actions;  // (M' + 1, A)
    std::vector<float> states;   // (M' + 1, D): predicted states s^_1..s^_{M'+1}
    double error = 0;            // e = rms((g_0 - s^_{M'+1}) / sigma_delta)
    double disagreement = 0;     // largest rms difference between ensemble members; 0 for one member
};

// Pairs of ends, and the bridges sampled for each, sorted by arrival error.
struct BridgedEnds {
    std::vector<StitchEnds> ends;
    std::vector<std::vector<Bridge>> bridges;
};

class BridgeMaker {
  public:
    virtual ~BridgeMaker() = default;
    virtual int64_t context() const = 0;  // l, the rows of either end
    // At least one and at most `candidates` bridges for each pair of ends, sorted by arrival error. All ends have gaps
    // of the same length. The result of a pair depends only on its own stream, not on the other pairs.
    virtual std::vector<std::vector<Bridge>> sample(const std::vector<StitchEnds>& ends, int64_t gap,
                                                    int64_t candidates, const std::vector<Rng>& streams) const = 0;
    // How well each target can be reached: the arrival errors of bridges from a shorter search. By default all are 0,
    // for makers whose bridges always arrive.
    virtual std::vector<double> probe(const std::vector<StitchEnds>& ends, int64_t gap,
                                      const std::vector<Rng>& streams) const;
};

}  // namespace astro::method
