// CUDA's short vectors, with its sizes and alignments (checked against the toolkit by
// tests/cuda/check_headers.sh).
#pragma once

#define ASTRO_VECTORS(T, NAME, ALIGN2, ALIGN4)                         \
    struct NAME##1 {                                                   \
        T x;                                                           \
    };                                                                 \
    struct alignas(ALIGN2) NAME##2 {                                   \
        T x, y;                                                        \
    };                                                                 \
    struct NAME##3 {                                                   \
        T x, y, z;                                                     \
    };                                                                 \
    struct alignas(ALIGN4) NAME##4 {                                   \
        T x, y, z, w;                                                  \
    };                                                                 \
    inline NAME##1 make_##NAME##1(T x) { return {x}; }                 \
    inline NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }         \
    inline NAME##3 make_##NAME##3(T x, T y, T z) { return {x, y, z}; } \
    inline NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }

ASTRO_VECTORS(float, float, 8, 16)
ASTRO_VECTORS(int, int, 8, 16)
ASTRO_VECTORS(unsigned int, uint, 8, 16)
ASTRO_VECTORS(unsigned short, ushort, 4, 8)
ASTRO_VECTORS(unsigned char, uchar, 2, 4)
#undef ASTRO_VECTORS

struct alignas(16) double2 {
    double x, y;
};
struct alignas(16) longlong2 {
    long long x, y;
};
struct alignas(16) ulonglong2 {
    unsigned long long x, y;
};
inline double2 make_double2(double x, double y) { return {x, y}; }
inline longlong2 make_longlong2(long long x, long long y) { return {x, y}; }
inline ulonglong2 make_ulonglong2(unsigned long long x, unsigned long long y) { return {x, y}; }

struct dim3 {
    unsigned int x, y, z;
    constexpr dim3(unsigned int vx = 1, unsigned int vy = 1, unsigned int vz = 1) : x(vx), y(vy), z(vz) {}
};
