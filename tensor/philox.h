// The formulas of the random streams (tensor/rng.h), shared by all backends: Philox4x32-10 (Salmon et al., "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011) and the conversion of its words to uniform and normal numbers.
#pragma once

#include <cmath>
#include <cstdint>

#include "tensor/host_device.h"

namespace astro {

struct PhiloxBlock {
    uint32_t word[4];
};

// Maps a 128-bit counter and a 64-bit key to four random words.
ASTRO_HOST_DEVICE inline PhiloxBlock philox4x32(PhiloxBlock c, uint32_t key0, uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53} * c.word[0], p1 = uint64_t{0xCD9E8D57} * c.word[2];
        c = {{static_cast<uint32_t>(p1 >> 32) ^ c.word[1] ^ key0, static_cast<uint32_t>(p1),
              static_cast<uint32_t>(p0 >> 32) ^ c.word[3] ^ key1, static_cast<uint32_t>(p0)}};
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    return c;
}

// Words 4 * index .. 4 * index + 3 of a stream.
ASTRO_HOST_DEVICE inline PhiloxBlock block_of_stream(uint64_t seed, uint64_t stream, uint64_t index) {
    return philox4x32({{static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), static_cast<uint32_t>(stream),
                        static_cast<uint32_t>(stream >> 32)}},
                      static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
}

// A number in [low, low + range), a multiple of range * 2^-24 above low.
ASTRO_HOST_DEVICE inline float uniform_of_word(uint32_t word, float low, float range) {
    return low + rounded_product(range, static_cast<float>(word >> 8) * 0x1p-24f);
}

template <class T>
struct NormalPair {
    T first, second;
};

// Box-Muller transform: two independent N(0, 1) numbers from u in (0, 1] and v in [0, 1).
template <class T>
ASTRO_HOST_DEVICE inline NormalPair<T> box_muller(T u, T v) {
    const T radius = std::sqrt(T(-2) * std::log(u)), angle = T(6.283185307179586) * v;
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

ASTRO_HOST_DEVICE inline NormalPair<float> normals_of_words(uint32_t first, uint32_t second) {
    return box_muller(static_cast<float>((first >> 8) + 1) * 0x1p-24f, static_cast<float>(second >> 8) * 0x1p-24f);
}

}  // namespace astro
