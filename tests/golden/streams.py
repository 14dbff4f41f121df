"""The random streams of the C++ code in Python: what an update draws, from which names.

A stream is three integers {seed, stream, counter}; its words are those of Philox4x32-10 (Salmon et al. 2011) at
counter (index low, index high, stream low, stream high) and key (seed low, seed high), four a block (tensor/rng.h,
tensor/philox.h). Streams of a name or an index are derived by FNV-1a and the finaliser of splitmix64. Normal numbers
are computed in float64 and rounded to float32, so they may differ from those of C++ by its rounding.
"""

import numpy as np

from reference import exact

LOW = (1 << 32) - 1
ALL = (1 << 64) - 1


def philox(counter, key):
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = second >> 32 ^ b ^ k, second & LOW, first >> 32 ^ d ^ m, first & LOW
        k, m = k + 0x9E3779B9 & LOW, m + 0xBB67AE85 & LOW
    return a, b, c, d


# A known answer of the Random123 distribution.
assert philox((LOW,) * 4, (LOW,) * 2) == (0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)


def mix(x):
    x = x + 0x9E3779B97F4A7C15 & ALL
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & ALL
    x = (x ^ x >> 27) * 0x94D049BB133111EB & ALL
    return x ^ x >> 31


class Stream:
    def __init__(self, seed, stream=0):
        self.seed, self.stream, self.drawn = seed, stream, 0

    def of(self, *keys):
        """The stream of a path of names and indices."""
        stream = self.stream
        for key in keys:
            if isinstance(key, str):
                digest = 0xCBF29CE484222325
                for byte in key.encode():
                    digest = (digest ^ byte) * 0x100000001B3 & ALL
                stream = mix(stream ^ mix(digest))
            else:
                stream = mix(stream + mix(key ^ 0xA5A5A5A5) & ALL)
        return Stream(self.seed, stream)

    def word(self):
        block, place = divmod(self.drawn, 4)
        self.drawn += 1
        counter = block & LOW, block >> 32, self.stream & LOW, self.stream >> 32
        return philox(counter, (self.seed & LOW, self.seed >> 32))[place]

    def below(self, n):
        """A whole number from 0 to n - 1, of two words; the bias that C++ avoids by drawing again is below 2^-50."""
        return (self.word() << 32 | self.word()) % n

    def normal(self, *shape):
        """Pairs by Box-Muller, of two words each."""
        values = []
        while len(values) < np.prod(shape):
            u, v = ((self.word() >> 8) + 1) * 2.0**-24, (self.word() >> 8) * 2.0**-24
            radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
            values += [radius * np.cos(angle), radius * np.sin(angle)]
        return exact(values[:int(np.prod(shape))]).reshape(shape)
