// Counter-based random numbers (tensor/philox.h), with named streams.
//
// The whole state is three integers {seed, stream, counter}. Each consumer draws from a stream derived from a name, so
// adding a consumer does not change the numbers of the others.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/philox.h"

namespace astro {

class Rng {
  public:
    struct State {
        uint64_t seed = 0, stream = 0, counter = 0;  // counter: 32-bit words drawn so far
    };

    explicit Rng(uint64_t seed) : state_{seed, 0, 0} {}
    explicit Rng(State state) : state_(state) {}

    // An independent stream with the same seed. It depends on this stream and the name, but not on the counter.
    Rng stream(std::string_view name) const;
    Rng stream(uint64_t index) const;

    uint32_t next();                          // uniform 32 bits
    uint64_t next64();                        // uniform 64 bits
    double uniform();                         // [0, 1), 53 bits
    double uniform(double low, double high);  // [low, high)
    int64_t below(int64_t n);                 // 0 .. n-1, unbiased; n >= 1
    double normal();                          // N(0, 1) by Box-Muller; consumes four words
    int64_t geometric(double p);              // 1, 2, ...: number of trials up to and including the first success
    void fill_normal(float* out, int64_t n);
    void fill_uniform(float* out, int64_t n, float low, float high);

    const State& state() const { return state_; }
    // The state as the three integers that Backend::random_uniform and random_normal take.
    static std::array<int64_t, 3> pack(const State& s) {
        return {static_cast<int64_t>(s.seed), static_cast<int64_t>(s.stream), static_cast<int64_t>(s.counter)};
    }
    static State unpack(const int64_t* s) {
        return {static_cast<uint64_t>(s[0]), static_cast<uint64_t>(s[1]), static_cast<uint64_t>(s[2])};
    }

  private:
    State state_;
    PhiloxBlock block_{};
    uint64_t block_index_ = ~uint64_t{0};  // index of the block in block_; initially none
};

}  // namespace astro
