// Matrix product: c (m, n) (+)= op(a) op(b). Part of kernels_impl.inl.
//
// b is packed into panels as wide as the register tile, a block of kBlockK x kBlockN at a time; a is read where it
// lies (both of its strides are free, so transposing costs nothing). The tile is kept in registers over the
// whole block. The sum over k runs in blocks of kBlockK, in order: the result does not depend on anything else.
namespace astro::cpu {
namespace ASTRO_ISA {

constexpr int64_t kBlockK = 256, kBlockN = 512;
constexpr int kTileRows = ASTRO_GEMM_ROWS, kTileVectors = ASTRO_GEMM_VECTORS;

template <class T>
struct Vector {
    static constexpr int kLanes = ASTRO_VECTOR_BYTES / static_cast<int>(sizeof(T));
    typedef T type __attribute__((vector_size(ASTRO_VECTOR_BYTES)));
    typedef T unaligned __attribute__((vector_size(ASTRO_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

template <class T>
constexpr int tile_width() { return kTileVectors * Vector<T>::kLanes; }

// One register tile: c[0..Rows) x [0..width) (+)= a-panel x b-panel over k.
template <class T, int Rows>
void tile(int64_t k, const T* a, int64_t a_row, int64_t a_k, const T* panel, T* c, int64_t ldc, int64_t width,
          bool accumulate) {
    using Vec = typename Vector<T>::type;
    using Loose = typename Vector<T>::unaligned;
    constexpr int kLanes = Vector<T>::kLanes;
    Vec sum[Rows][kTileVectors] = {};
    for (int64_t p = 0; p < k; ++p) {
        Vec b[kTileVectors];
        for (int v = 0; v < kTileVectors; ++v) b[v] = *reinterpret_cast<const Loose*>(panel + v * kLanes);
        panel += tile_width<T>();
        const T* ap = a + p * a_k;
        for (int r = 0; r < Rows; ++r) {
            const T x = ap[r * a_row];
            for (int v = 0; v < kTileVectors; ++v) sum[r][v] += b[v] * x;
        }
    }
    if (width == tile_width<T>()) {
        for (int r = 0; r < Rows; ++r)
            for (int v = 0; v < kTileVectors; ++v) {
                Loose* out = reinterpret_cast<Loose*>(c + r * ldc + v * kLanes);
                *out = accumulate ? static_cast<Vec>(*out) + sum[r][v] : sum[r][v];
            }
        return;
    }
    T spill[tile_width<T>()];
    for (int r = 0; r < Rows; ++r) {
        for (int v = 0; v < kTileVectors; ++v) *reinterpret_cast<Loose*>(spill + v * kLanes) = sum[r][v];
        for (int64_t j = 0; j < width; ++j) c[r * ldc + j] = accumulate ? c[r * ldc + j] + spill[j] : spill[j];
    }
}

template <class T, int Rows>
struct TileFor {  // the instance for a number of rows known at run time
    static void run(int64_t rows, int64_t k, const T* a, int64_t a_row, int64_t a_k, const T* panel, T* c,
                    int64_t ldc, int64_t width, bool accumulate) {
        if (rows == Rows) return tile<T, Rows>(k, a, a_row, a_k, panel, c, ldc, width, accumulate);
        TileFor<T, Rows - 1>::run(rows, k, a, a_row, a_k, panel, c, ldc, width, accumulate);
    }
};
template <class T>
struct TileFor<T, 0> {
    static void run(int64_t, int64_t, const T*, int64_t, int64_t, const T*, T*, int64_t, int64_t, bool) {}
};

// Packs op(b)[p0..p0+kc, j0..j0+nc) into panels of the tile's width, the last one padded with zeros.
template <class T>
void pack(bool tb, int64_t kc, int64_t nc, const T* b, int64_t ldb, int64_t p0, int64_t j0, T* packed) {
    constexpr int64_t kWidth = tile_width<T>();
    for (int64_t j = 0; j < nc; j += kWidth, packed += kc * kWidth) {
        const int64_t width = nc - j < kWidth ? nc - j : kWidth;
        if (tb) {
            for (int64_t i = 0; i < width; ++i) {
                const T* from = b + (j0 + j + i) * ldb + p0;
                for (int64_t p = 0; p < kc; ++p) packed[p * kWidth + i] = from[p];
            }
            for (int64_t p = 0; p < kc; ++p)
                for (int64_t i = width; i < kWidth; ++i) packed[p * kWidth + i] = 0;
        } else {
            for (int64_t p = 0; p < kc; ++p) {
                const T* from = b + (p0 + p) * ldb + j0 + j;
                T* to = packed + p * kWidth;
                if (width == kWidth) {
                    for (int64_t i = 0; i < kWidth; ++i) to[i] = from[i];
                } else {
                    for (int64_t i = 0; i < width; ++i) to[i] = from[i];
                    for (int64_t i = width; i < kWidth; ++i) to[i] = 0;
                }
            }
        }
    }
}

template <class T>
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T* c,
          int64_t ldc, bool accumulate, T* workspace) {
    constexpr int64_t kWidth = tile_width<T>();
    const int64_t a_row = ta ? 1 : lda, a_k = ta ? lda : 1;
    if (k == 0 && !accumulate)
        for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = 0;
    for (int64_t p0 = 0; p0 < k; p0 += kBlockK) {
        const int64_t kc = k - p0 < kBlockK ? k - p0 : kBlockK;
        const bool add = accumulate || p0 > 0;
        for (int64_t j0 = 0; j0 < n; j0 += kBlockN) {
            const int64_t nc = n - j0 < kBlockN ? n - j0 : kBlockN;
            pack(tb, kc, nc, b, ldb, p0, j0, workspace);
            for (int64_t i = 0; i < m; i += kTileRows) {
                const int64_t rows = m - i < kTileRows ? m - i : kTileRows;
                const T* ai = a + i * a_row + p0 * a_k;
                for (int64_t j = 0; j < nc; j += kWidth) {
                    const int64_t width = nc - j < kWidth ? nc - j : kWidth;
                    TileFor<T, kTileRows>::run(rows, kc, ai, a_row, a_k, workspace + j * kc, c + i * ldc + j0 + j,
                                               ldc, width, add);
                }
            }
        }
    }
}

// The most this core can do: independent fused multiply-adds on registers alone. Ten chains cover the latency (4 cycles on
// 2 units need 8) and fit in the registers of AVX2; they start from different numbers known only at run
// time, since the compiler would compute equal chains once and constant ones not at all.
template <class T>
int64_t peak_loop(int64_t rounds) {
    using Vec = typename Vector<T>::type;
    constexpr int kChains = 10;
    Vec sum[kChains] = {}, factor = {}, step = {};
    factor += T(0.999999), step += T(1e-6);
    for (int c = 0; c < kChains; ++c) sum[c] += T(rounds + c);
    for (int64_t i = 0; i < rounds * 1000; ++i)
        for (int c = 0; c < kChains; ++c) sum[c] = sum[c] * factor + step;
    T total = 0;
    for (int c = 0; c < kChains; ++c)
        for (int l = 0; l < Vector<T>::kLanes; ++l) total += sum[c][l];
    return total >= 0 ? rounds * 1000 * kChains * Vector<T>::kLanes * 2 : 0;  // the sum is used, so the loop stays
}

}  // namespace ASTRO_ISA
}  // namespace astro::cpu
