// Matrix product c (m, n) (+)= op(a) op(b), and the linear layer. Part of kernels_impl.inl.
//
// b is packed into panels as wide as a register tile, kBlockK rows at a time. It is used unpacked if a has too few rows
// to make packing worthwhile. a is never packed; both of its strides are arbitrary, so transposing it is free. A tile
// of c stays in registers over a block of k. Each element of c is summed over k in blocks of kBlockK, in order, or in
// the order of the lanes if c is narrow (is_narrow). The order depends on n, k and the transposes, but not on the
// position of the element or on the number of rows. Weights are packed once and reused until they change (pack_matrix,
// linear).
namespace astro::cpu {
namespace ASTRO_ISA {

constexpr int64_t kBlockM = kGemmBlockM, kBlockK = kGemmBlockK, kBlockN = kGemmBlockN;
constexpr int kMaxVectors = ASTRO_GEMM_VECTORS;

template <class T>
struct Vector {
    static constexpr int kLanes = ASTRO_VECTOR_BYTES / static_cast<int>(sizeof(T));
    typedef T type __attribute__((vector_size(ASTRO_VECTOR_BYTES)));
    typedef T unaligned __attribute__((vector_size(ASTRO_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

// Rows of a tile that is `vectors` registers wide: as many as fit in the registers, but at most ASTRO_GEMM_MOST_ROWS.
constexpr int tile_rows(int vectors) {
    return ASTRO_GEMM_SUMS / vectors < ASTRO_GEMM_MOST_ROWS ? ASTRO_GEMM_SUMS / vectors : ASTRO_GEMM_MOST_ROWS;
}

// The destination of a product: c = sum over k (+ c) (+ bias), and optionally activated = f(c).
template <class T>
struct Product {
    T* c;
    int64_t ldc;
    const T* bias = nullptr;
    const UnaryOp* activation = nullptr;
    T* activated = nullptr;  // may equal c; otherwise c receives f'(c)
    bool accumulate = false;

    Product at(int64_t i, int64_t j) const {
        return {
            c + i * ldc + j, ldc, bias ? bias + j : nullptr, activation, activated ? activated + i * ldc + j : nullptr,
            accumulate};
    }
};

template <class T>
void activate(const Product<T>& to, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows && to.activated; ++r) {
        T *z = to.c + r * to.ldc, *y = to.activated + r * to.ldc;
        if (y == z)
            unary(*to.activation, width, z, T(0), T(0), y);
        else
            unary_and_slope(*to.activation, width, z, y);
    }
}

// Calls f(0), ..., f(N - 1), unrolled. If the compiler does not unroll loops over the sums of a tile, it keeps the sums
// in memory instead of registers.
template <int N, class F>
inline __attribute__((always_inline)) void unrolled(F f) {
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) f(i);
}

// One register tile: Rows x `width` elements of c, at most Vectors registers wide. `step`: row stride of b.
template <class T, int Rows, int Vectors>
void tile(int64_t k, const T* a, int64_t a_row, int64_t a_k, const T* panel, int64_t step, const Product<T>& to,
          int64_t width) {
    using Vec = typename Vector<T>::type;
    constexpr int kLanes = Vector<T>::kLanes;
    auto load = [](const T* from) -> Vec { return *reinterpret_cast<const typename Vector<T>::unaligned*>(from); };
    auto store = [](T* at, Vec x) { *reinterpret_cast<typename Vector<T>::unaligned*>(at) = x; };
    Vec sum[Rows][Vectors];
    unrolled<Rows>([&](int r) { unrolled<Vectors>([&](int v) { sum[r][v] = Vec{}; }); });
    for (int64_t p = 0; p < k; ++p) {
        Vec b[Vectors];
        unrolled<Vectors>([&](int v) { b[v] = load(panel + v * kLanes); });
        panel += step;
        const T* ap = a + p * a_k;
        unrolled<Rows>([&](int r) {
            const T x = ap[r * a_row];
            unrolled<Vectors>([&](int v) { sum[r][v] += b[v] * x; });
        });
    }
    if (width == Vectors * kLanes) {
        auto each = [&](auto f) { unrolled<Rows>([&](int r) { unrolled<Vectors>([&](int v) { f(r, v); }); }); };
        if (to.accumulate) each([&](int r, int v) { sum[r][v] += load(to.c + r * to.ldc + v * kLanes); });
        if (to.bias) each([&](int r, int v) { sum[r][v] += load(to.bias + v * kLanes); });
        each([&](int r, int v) { store(to.c + r * to.ldc + v * kLanes, sum[r][v]); });
    } else {  // fewer columns than the tile has
        T spill[Vectors * kLanes];
        unrolled<Rows>([&](int r) {
            T* out = to.c + r * to.ldc;
            unrolled<Vectors>([&](int v) { store(spill + v * kLanes, sum[r][v]); });
            for (int64_t j = 0; j < width; ++j) {
                if (to.accumulate) spill[j] += out[j];
                out[j] = to.bias ? spill[j] + to.bias[j] : spill[j];
            }
        });
    }
    activate(to, Rows, width);  // while the tile is in the L1 cache
}

template <class T, int Rows, int Vectors>
struct TileFor {  // selects the instance of `tile` for a run-time number of rows
    static void compute(int64_t rows, int64_t k, const T* a, int64_t a_row, int64_t a_k, const T* panel, int64_t step,
                        const Product<T>& to, int64_t width) {
        if (rows == Rows) return tile<T, Rows, Vectors>(k, a, a_row, a_k, panel, step, to, width);
        TileFor<T, Rows - 1, Vectors>::compute(rows, k, a, a_row, a_k, panel, step, to, width);
    }
};
template <class T, int Vectors>
struct TileFor<T, 0, Vectors> {
    static void compute(int64_t, int64_t, const T*, int64_t, int64_t, const T*, int64_t, const Product<T>&, int64_t) {}
};

// Splits m rows into pieces of nearly equal size, at most `most`, so that no small piece remains: f(first, rows).
template <int64_t most, class F>
void each_piece(int64_t m, F f) {
    const int64_t pieces = (m + most - 1) / most;
    for (int64_t i = 0; i < pieces; ++i) {
        const int64_t first = m * i / pieces;
        f(first, m * (i + 1) / pieces - first);
    }
}

// All rows of one panel.
template <class T, int Vectors>
struct PanelFor {  // selects the instance for a run-time number of vectors
    static void compute(int64_t vectors, int64_t m, int64_t k, const T* a, int64_t a_row, int64_t a_k, const T* panel,
                        int64_t step, const Product<T>& to, int64_t width) {
        if (vectors != Vectors)
            return PanelFor<T, Vectors - 1>::compute(vectors, m, k, a, a_row, a_k, panel, step, to, width);
        constexpr int kRows = tile_rows(Vectors);
        each_piece<kRows>(m, [&](int64_t i, int64_t rows) {
            TileFor<T, kRows, Vectors>::compute(rows, k, a + i * a_row, a_row, a_k, panel, step, to.at(i, 0), width);
        });
    }
};
template <class T>
struct PanelFor<T, 0> {
    static void compute(int64_t, int64_t, int64_t, const T*, int64_t, int64_t, const T*, int64_t, const Product<T>&,
                        int64_t) {}
};

// With at most kNarrow columns, most lanes of a tile would be idle. If k is long, the lanes hold partial sums over k
// instead, or adjacent rows if a is transposed. The columns of b are packed one after the other.
constexpr int64_t kNarrow = 4;
template <class T>
bool is_narrow(int64_t n, int64_t k) {
    return n <= kNarrow && k >= 2 * Vector<T>::kLanes;
}

template <class T>
void narrow_rows(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_row, const T* columns, const Product<T>& to) {
    using Vec = typename Vector<T>::type;
    using Loose = typename Vector<T>::unaligned;
    constexpr int kLanes = Vector<T>::kLanes, kRows = 4;  // several independent sums hide the latency of additions
    const int64_t whole = k / kLanes * kLanes;
    for (int64_t i = 0; i < m; i += kRows)
        for (int64_t j = 0; j < n; ++j) {
            const T *b = columns + j * k, *row[kRows];
            for (int r = 0; r < kRows; ++r) row[r] = a + (i + r < m ? i + r : m - 1) * a_row;
            Vec sum[kRows] = {};
            for (int64_t p = 0; p < whole; p += kLanes)
                for (int r = 0; r < kRows; ++r)
                    sum[r] += *reinterpret_cast<const Loose*>(row[r] + p) * *reinterpret_cast<const Loose*>(b + p);
            for (int r = 0; r < kRows && i + r < m; ++r) {
                T lane[kLanes], *out = to.c + (i + r) * to.ldc + j;
                *reinterpret_cast<Loose*>(lane) = sum[r];
                T total = sum_of(int64_t{kLanes}, lane);
                for (int64_t p = whole; p < k; ++p) total += row[r][p] * b[p];
                if (to.accumulate) total += *out;
                *out = to.bias ? total + to.bias[j] : total;
            }
        }
    activate(to, m, n);
}

// a transposed: element (i, p) at p * a_k + i.
template <class T>
void narrow_transposed(int64_t m, int64_t n, int64_t k, const T* a, int64_t a_k, const T* columns,
                       const Product<T>& to) {
    constexpr int kRows = 4 * Vector<T>::kLanes;
    for (int64_t i = 0; i < m; i += kRows) {
        const int64_t rows = m - i < kRows ? m - i : kRows;
        for (int64_t j = 0; j < n; ++j) {
            T sum[kRows] = {};
            for (int64_t p = 0; p < k; ++p) {
                const T *from = a + p * a_k + i, x = columns[j * k + p];
                if (rows == kRows)
                    for (int r = 0; r < kRows; ++r) sum[r] += from[r] * x;
                else
                    for (int64_t r = 0; r < rows; ++r) sum[r] += from[r] * x;
            }
            for (int64_t r = 0; r < rows; ++r) {
                T* out = to.c + (i + r) * to.ldc + j;
                *out = to.accumulate ? *out + sum[r] : sum[r];
            }
        }
    }
}

// Width of the panel that begins at column j of n: that of a full tile, or the remaining columns rounded up to whole
// vectors.
template <class T>
int64_t panel_width(int64_t n, int64_t j) {
    constexpr int64_t kLanes = Vector<T>::kLanes, kFull = kMaxVectors * kLanes;
    return n - j >= kFull ? kFull : (n - j + kLanes - 1) / kLanes * kLanes;
}

// Elements i, j, k, l of the concatenation of x and y. clang and g++ before version 12 have different built-ins.
#ifdef __clang__
#define ASTRO_SHUFFLE(x, y, i, j, k, l) __builtin_shufflevector(x, y, i, j, k, l)
#else
#define ASTRO_SHUFFLE(x, y, i, j, k, l) __builtin_shuffle(x, y, Lanes{i, j, k, l})
#endif

// Transposes four rows into four columns, y[p, i] = x[i, p], in blocks of 4 x 4 elements.
template <class T>
void transpose_strip(int64_t n, const T* x, int64_t x_row, T* y, int64_t y_row) {
    typedef T Four __attribute__((vector_size(4 * sizeof(T))));
    typedef T Loose __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
    using Int = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
    typedef Int Lanes __attribute__((vector_size(4 * sizeof(T)), unused));
    int64_t p = 0;
    for (; p + 4 <= n; p += 4) {
        Four r[4];
        for (int i = 0; i < 4; ++i) r[i] = *reinterpret_cast<const Loose*>(x + i * x_row + p);
        const Four a = ASTRO_SHUFFLE(r[0], r[1], 0, 4, 1, 5), b = ASTRO_SHUFFLE(r[2], r[3], 0, 4, 1, 5);
        const Four c = ASTRO_SHUFFLE(r[0], r[1], 2, 6, 3, 7), d = ASTRO_SHUFFLE(r[2], r[3], 2, 6, 3, 7);
        T* to = y + p * y_row;
        *reinterpret_cast<Loose*>(to) = ASTRO_SHUFFLE(a, b, 0, 1, 4, 5);
        *reinterpret_cast<Loose*>(to + y_row) = ASTRO_SHUFFLE(a, b, 2, 3, 6, 7);
        *reinterpret_cast<Loose*>(to + 2 * y_row) = ASTRO_SHUFFLE(c, d, 0, 1, 4, 5);
        *reinterpret_cast<Loose*>(to + 3 * y_row) = ASTRO_SHUFFLE(c, d, 2, 3, 6, 7);
    }
    for (; p < n; ++p)
        for (int i = 0; i < 4; ++i) y[p * y_row + i] = x[i * x_row + p];
}
#undef ASTRO_SHUFFLE

// Packs op(b)[p0 .. p0 + kc, j0 .. j0 + nc) into panels. The last panel is padded with zeros.
template <class T>
void pack_block(bool tb, int64_t kc, int64_t nc, const T* b, int64_t ldb, int64_t p0, int64_t j0, T* packed) {
    if (is_narrow<T>(nc, kc)) {
        for (int64_t j = 0; j < nc; ++j)
            for (int64_t p = 0; p < kc; ++p)
                packed[j * kc + p] = tb ? b[(j0 + j) * ldb + p0 + p] : b[(p0 + p) * ldb + j0 + j];
        return;
    }
    if (tb) {
        for (int64_t j = 0; j < nc;) {
            const int64_t wide = panel_width<T>(nc, j), width = nc - j < wide ? nc - j : wide;
            const T* from = b + (j0 + j) * ldb + p0;  // (width, kc), rows ldb apart
            int64_t i = 0;
            for (; i + 4 <= width; i += 4) transpose_strip(kc, from + i * ldb, ldb, packed + i, wide);
            for (; i < width; ++i)
                for (int64_t p = 0; p < kc; ++p) packed[p * wide + i] = from[i * ldb + p];
            for (int64_t p = 0; p < kc; ++p)
                for (i = width; i < wide; ++i) packed[p * wide + i] = 0;
            packed += kc * wide;
            j += wide;
        }
        return;
    }
    for (int64_t p = 0; p < kc; ++p) {  // read the rows sequentially
        const T* from = b + (p0 + p) * ldb + j0;
        T* panel = packed;
        for (int64_t j = 0; j < nc;) {
            const int64_t wide = panel_width<T>(nc, j), width = nc - j < wide ? nc - j : wide;
            T* to = panel + p * wide;
            for (int64_t i = 0; i < width; ++i) to[i] = from[j + i];
            for (int64_t i = width; i < wide; ++i) to[i] = 0;
            panel += kc * wide;
            j += wide;
        }
    }
}

// c (m, nc) (+)= a (m, kc) b, where b is packed into panels or has rows of ldb elements. Processes kBlockM rows of a at
// a time, which stay in the L2 cache for all panels.
template <class T>
void multiply_block(int64_t m, int64_t nc, int64_t kc, const T* a, int64_t a_row, int64_t a_k, const T* b, bool packed,
                    int64_t ldb, const Product<T>& to) {
    if (packed && is_narrow<T>(nc, kc)) {
        if (a_k == 1) return narrow_rows(m, nc, kc, a, a_row, b, to);
        return narrow_transposed(m, nc, kc, a, a_k, b, to);
    }
    each_piece<kBlockM>(m, [&](int64_t i, int64_t rows) {
        for (int64_t j = 0; j < nc;) {
            const int64_t wide = panel_width<T>(nc, j), width = nc - j < wide ? nc - j : wide;
            PanelFor<T, kMaxVectors>::compute(wide / Vector<T>::kLanes, rows, kc, a + i * a_row, a_row, a_k,
                                              packed ? b + j * kc : b + j, packed ? wide : ldb, to.at(i, j), width);
            j += wide;
        }
    });
}

template <class T>
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T* c,
          int64_t ldc, bool accumulate, T* workspace) {
    const int64_t a_row = ta ? 1 : lda, a_k = ta ? lda : 1;
    Product<T> to{c, ldc};
    int64_t p0 = 0;
    do {  // also once for k = 0, to write the empty sum
        const int64_t kc = k - p0 < kBlockK ? k - p0 : kBlockK;
        to.accumulate = accumulate || p0 > 0;
        for (int64_t j0 = 0; j0 < n; j0 += kBlockN) {
            const int64_t nc = n - j0 < kBlockN ? n - j0 : kBlockN;
            // Packing is not worthwhile for few rows of a if b consists of whole vectors and fits in the L1 cache.
            const bool in_place = !tb && m <= 64 && kc <= 64 && nc % Vector<T>::kLanes == 0 && !is_narrow<T>(nc, kc);
            if (!in_place) pack_block(tb, kc, nc, b, ldb, p0, j0, workspace);
            multiply_block(m, nc, kc, a + p0 * a_k, a_row, a_k, in_place ? b + p0 * ldb + j0 : workspace, !in_place,
                           ldb, to.at(0, j0));
        }
        p0 += kc;
    } while (p0 < k);
}

// Number of elements of a packed (k, n) matrix: blocks of kBlockK rows, each packed by pack_block.
template <class T>
int64_t packed_size(int64_t k, int64_t n) {
    constexpr int64_t kLanes = Vector<T>::kLanes;
    return k * ((n + kLanes - 1) / kLanes * kLanes);
}

template <class T>
void pack_matrix(bool tb, int64_t k, int64_t n, const T* b, int64_t ldb, T* packed) {
    for (int64_t p0 = 0; p0 < k; p0 += kBlockK) {
        const int64_t kc = k - p0 < kBlockK ? k - p0 : kBlockK;
        pack_block(tb, kc, n, b, ldb, p0, int64_t{0}, packed + packed_size<T>(p0, n));
    }
}

// y = f(z), z = x W + bias, with W (k, n) packed. bias and activation may be null. If slope is not null, it receives
// f'(z).
template <class T>
void linear(int64_t m, int64_t n, int64_t k, const T* x, const T* packed, const T* bias, const UnaryOp* activation,
            T* slope, T* y) {
    Product<T> to{slope ? slope : y, n};
    int64_t p0 = 0;
    do {
        const int64_t kc = k - p0 < kBlockK ? k - p0 : kBlockK;
        to.accumulate = p0 > 0;
        if (p0 + kc == k) to.bias = bias, to.activation = activation, to.activated = activation ? y : nullptr;
        multiply_block(m, n, kc, x + p0, k, int64_t{1}, packed + packed_size<T>(p0, n), true, int64_t{0}, to);
        p0 += kc;
    } while (p0 < k);
}

// gz = gy * slope and its sums over rows, for strips of columns whose sums stay in registers.
template <class T>
void linear_grad(int64_t m, int64_t n, const T* gy, const T* slope, T* gz, T* gbias, bool accumulate) {
    constexpr int64_t kStrip = 64;
    for (int64_t j0 = 0; j0 < n; j0 += kStrip) {
        const int64_t width = n - j0 < kStrip ? n - j0 : kStrip;
        T sum[kStrip] = {};
        for (int64_t i = 0; i < m; ++i) {
            const int64_t at = i * n + j0;
            if (slope)
                for (int64_t j = 0; j < width; ++j) gz[at + j] = gy[at + j] * slope[at + j];
            const T* g = (slope ? gz : gy) + at;
            if (width == kStrip)
                for (int64_t j = 0; j < kStrip; ++j) sum[j] += g[j];
            else
                for (int64_t j = 0; j < width; ++j) sum[j] += g[j];
        }
        if (gbias)
            for (int64_t j = 0; j < width; ++j) gbias[j0 + j] = accumulate ? gbias[j0 + j] + sum[j] : sum[j];
    }
}

// Measures the peak rate of this core with independent chains of fused multiply-adds on registers. Ten chains cover the
// latency (4 cycles on 2 units need 8) and fit in the registers of AVX2. Their initial values differ and are known only
// at run time; the compiler would merge equal chains and evaluate constant ones.
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
    return total >= 0 ? rounds * 1000 * kChains * Vector<T>::kLanes * 2 : 0;  // uses the sum, which keeps the loop
}

}  // namespace ASTRO_ISA
}  // namespace astro::cpu
