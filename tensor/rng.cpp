#include "tensor/rng.h"

#include <cmath>

#include "tensor/base/error.h"

namespace astro {

namespace {

uint64_t mix(uint64_t x) {  // splitmix64's finaliser
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

}  // namespace

Rng Rng::stream(std::string_view name) const {
    uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
    for (char ch : name) hash = (hash ^ static_cast<unsigned char>(ch)) * 0x100000001B3u;
    return Rng(State{state_.seed, mix(state_.stream ^ mix(hash)), 0});
}

Rng Rng::stream(uint64_t index) const {
    return Rng(State{state_.seed, mix(state_.stream + mix(index ^ 0xA5A5A5A5u)), 0});
}

uint32_t Rng::next() {
    uint64_t index = state_.counter >> 2;
    if (index != block_index_) {
        block_ = block_of_stream(state_.seed, state_.stream, index);
        block_index_ = index;
    }
    return block_.word[state_.counter++ & 3];
}

uint64_t Rng::next64() {
    uint64_t high = next();
    return high << 32 | next();
}

double Rng::uniform() { return static_cast<double>(next64() >> 11) * 0x1p-53; }

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

int64_t Rng::below(int64_t n) {
    ASTRO_CHECK(n >= 1, "Rng::below: n must be at least 1, got ", n);
    uint64_t range = static_cast<uint64_t>(n), limit = ~uint64_t{0} - ~uint64_t{0} % range;
    uint64_t x = next64();
    while (x >= limit) x = next64();
    return static_cast<int64_t>(x % range);
}

double Rng::normal() {
    const double u = 1.0 - uniform(), v = uniform();
    return box_muller(u, v).first;
}

int64_t Rng::geometric(double p) {
    ASTRO_CHECK(p > 0 && p <= 1, "Rng::geometric: p must be in (0, 1], got ", p);
    if (p == 1) return 1;
    double draws = std::floor(std::log(1.0 - uniform()) / std::log1p(-p));
    return 1 + static_cast<int64_t>(draws < 1e15 ? draws : 1e15);
}

void Rng::fill_normal(float* out, int64_t n) {
    for (int64_t i = 0; i < n; i += 2) {  // both halves of each pair are used
        const uint32_t first = next(), second = next();
        const NormalPair<float> pair = normals_of_words(first, second);
        out[i] = pair.first;
        if (i + 1 < n) out[i + 1] = pair.second;
    }
}

void Rng::fill_uniform(float* out, int64_t n, float low, float high) {
    for (int64_t i = 0; i < n; ++i) out[i] = uniform_of_word(next(), low, high - low);
}

}  // namespace astro
