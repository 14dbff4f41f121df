// Kernels that work row by row: layer norm, gated residual branches, softmax, attention, distances. Part of
// kernels_impl.inl.
namespace astro::cpu {
namespace ASTRO_ISA {

template <class T>
void layer_norm(int64_t rows, int64_t width, int64_t groups, T epsilon, T offset, const T* x, const T* gain,
                const T* bias, T* y, T* mean, T* rstd) {
    const int64_t per_group = groups > 0 && rows > 0 ? rows / groups : 1;
    for (int64_t r = 0; r < rows; ++r) {
        const T* xr = x + r * width;
        T* yr = y + r * width;
        const T mu = sum_of(width, xr) / T(width);
        for (int64_t i = 0; i < width; ++i) yr[i] = xr[i] - mu;
        const T scale = T(1) / std::sqrt(dot(width, yr, yr) / T(width) + epsilon);
        mean[r] = mu, rstd[r] = scale;
        if (gain) {
            const T *g = gain + r / per_group * width, *b = bias + r / per_group * width;
            for (int64_t i = 0; i < width; ++i) yr[i] = yr[i] * scale * (offset + g[i]) + b[i];
        } else {
            for (int64_t i = 0; i < width; ++i) yr[i] *= scale * offset;
        }
    }
}

template <class T>
void layer_norm_grad(int64_t rows, int64_t width, int64_t groups, T offset, const T* x, const T* gain, const T* mean,
                     const T* rstd, const T* gy, T* gx, T* ggain, T* gbias) {
    const int64_t per_group = groups > 0 && rows > 0 ? rows / groups : 1;
    for (int64_t i = 0; i < groups * width; ++i) {
        if (ggain) ggain[i] = 0;
        if (gbias) gbias[i] = 0;
    }
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t at = r * width, group = r / per_group * width;
        const T *xr = x + at, *gr = gy + at;
        T* out = gx + at;
        const T mu = mean[r], scale = rstd[r];
        if (ggain)
            for (int64_t i = 0; i < width; ++i) ggain[group + i] += gr[i] * (xr[i] - mu) * scale;
        if (gbias)
            for (int64_t i = 0; i < width; ++i) gbias[group + i] += gr[i];
        // With h = (x - mean) rstd and d = gy (offset + gain): gx = rstd (d - mean(d) - h mean(d h))
        if (gain)
            for (int64_t i = 0; i < width; ++i) out[i] = gr[i] * (offset + gain[group + i]);
        else
            for (int64_t i = 0; i < width; ++i) out[i] = gr[i] * offset;
        const T mean_d = sum_of(width, out) / T(width);
        // mean(d h) = rstd mean(d (x - mean)), in one pass
        T lane[16] = {};
        int64_t i = 0;
        for (; i + 16 <= width; i += 16)
            for (int j = 0; j < 16; ++j) lane[j] += out[i + j] * (xr[i + j] - mu);
        for (int j = 0; i < width; ++i, ++j) lane[j] += out[i] * (xr[i] - mu);
        const T mean_dh = sum_of(int64_t{16}, lane) * scale / T(width);
        for (i = 0; i < width; ++i) out[i] = scale * (out[i] - mean_d - (xr[i] - mu) * scale * mean_dh);
    }
}

// Processes blocks of rows, so that z is still in the L2 cache when it is added to x.
template <class T>
void gated_linear(int64_t m, int64_t n, int64_t k, int64_t groups, const T* h, const T* packed, const T* bias,
                  const T* x, const T* gate, T* z, T* y) {
    each_piece<kBlockM>(m, [&](int64_t first, int64_t rows) {
        linear<T>(rows, n, k, h + first * k, packed, bias, nullptr, nullptr, (z ? z : y) + first * n);
        for (int64_t r = first; r < first + rows; ++r) {
            const T *g = gate + r / (m / groups) * n, *from = x + r * n;
            T* to = y + r * n;
            if (z)
                for (int64_t j = 0; j < n; ++j) to[j] = from[j] + g[j] * z[r * n + j];
            else
                for (int64_t j = 0; j < n; ++j) to[j] = from[j] + g[j] * to[j];
        }
    });
}

template <class T>
void gated_linear_grad(int64_t m, int64_t n, int64_t groups, const T* gate, const T* z, const T* gy, T* ggate, T* gz) {
    for (int64_t i = 0; i < groups * n && ggate; ++i) ggate[i] = 0;
    for (int64_t r = 0; r < m; ++r) {
        const T* g = gate + r / (m / groups) * n;
        if (!ggate) {
            for (int64_t i = r * n, j = 0; j < n; ++i, ++j) gz[i] = gy[i] * g[j];
            continue;
        }
        T* gg = ggate + (g - gate);
        for (int64_t i = r * n, j = 0; j < n; ++i, ++j) {
            gg[j] += gy[i] * z[i];
            gz[i] = gy[i] * g[j];
        }
    }
}

template <class T>
void logsumexp(int64_t rows, int64_t columns, const T* x, T* softmax, T* y) {
    for (int64_t r = 0; r < rows; ++r) {
        const T* xr = x + r * columns;
        T* row = softmax + r * columns;
        const T largest = max_of(columns, xr);
        for (int64_t i = 0; i < columns; ++i) row[i] = fast_exp(xr[i] - largest);
        const T total = sum_of(columns, row), inverse = T(1) / total;
        for (int64_t i = 0; i < columns; ++i) row[i] *= inverse;
        y[r] = largest + std::log(total);
    }
}

// Attention stores scores and probabilities transposed: rows are keys, columns are queries. The softmax over the keys
// then reduces along columns. A register holds kWidth queries, and no reduction across lanes is needed.

// Columns [0, kWidth) of the scores s (tokens, tokens), s[i, j] for key i and query `first` + j. Replaces them by the
// softmax over i of scale * s. If causal, query `first` + j attends to keys up to `first` + j, else to all keys.
template <int kWidth, class T>
void softmax_columns(int64_t tokens, int64_t first, bool causal, T scale, T* s) {
    const int64_t seen = causal ? first + kWidth : tokens,  // keys that some of these queries attend to
        full = causal ? first : tokens;                     // keys that all of them attend to
    T top[kWidth], total[kWidth] = {}, inverse[kWidth];
    for (int j = 0; j < kWidth; ++j) top[j] = s[j];
    for (int64_t i = 0; i < full; ++i)
        for (int j = 0; j < kWidth; ++j) top[j] = s[i * tokens + j] > top[j] ? s[i * tokens + j] : top[j];
    for (int64_t i = full; i < seen; ++i)
        for (int j = 0; j < kWidth; ++j) {
            const T x = i <= first + j ? s[i * tokens + j] : top[j];
            top[j] = x > top[j] ? x : top[j];
        }
    for (int64_t i = 0; i < seen; ++i)
        for (int j = 0; j < kWidth; ++j) {
            const T e = fast_exp((s[i * tokens + j] - top[j]) * scale), p = i < full || i <= first + j ? e : T(0);
            s[i * tokens + j] = p, total[j] += p;
        }
    for (int j = 0; j < kWidth; ++j) inverse[j] = T(1) / total[j];
    for (int64_t i = 0; i < seen; ++i)
        for (int j = 0; j < kWidth; ++j) s[i * tokens + j] *= inverse[j];
    for (int64_t i = seen; i < tokens; ++i)
        for (int j = 0; j < kWidth; ++j) s[i * tokens + j] = 0;
}

// The gradient for the same columns: replaces g = dL/dp by dL/ds = p (g - sum_i g p) scale. p is 0 for masked keys.
template <int kWidth, class T>
void softmax_columns_grad(int64_t tokens, T scale, const T* p, T* g) {
    T inner[kWidth] = {};
    for (int64_t i = 0; i < tokens; ++i)
        for (int j = 0; j < kWidth; ++j) inner[j] += g[i * tokens + j] * p[i * tokens + j];
    for (int64_t i = 0; i < tokens; ++i)
        for (int j = 0; j < kWidth; ++j) g[i * tokens + j] = p[i * tokens + j] * (g[i * tokens + j] - inner[j]) * scale;
}

// Calls f(width, first column) for blocks of 16, 4 and 1 columns.
template <class F>
void each_column_block(int64_t columns, F f) {
    int64_t j = 0;
    for (; j + 16 <= columns; j += 16) f(std::integral_constant<int, 16>{}, j);
    for (; j + 4 <= columns; j += 4) f(std::integral_constant<int, 4>{}, j);
    for (; j < columns; ++j) f(std::integral_constant<int, 1>{}, j);
}

template <class T>
void attention(int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, bool causal, const T* qkv,
               T* probabilities, T* y, T* workspace) {
    const int64_t width = heads * head_dim, stride = 3 * width;
    const T scale = T(1) / std::sqrt(T(head_dim));
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t h = 0; h < heads; ++h) {
            const T *q = qkv + b * tokens * stride + h * head_dim, *k = q + width, *v = k + width;
            T* p = probabilities + (b * heads + h) * tokens * tokens;
            gemm(false, true, tokens, tokens, head_dim, k, stride, q, stride, p, tokens, false, workspace);
            each_column_block(tokens, [&](auto columns, int64_t j) {
                softmax_columns<decltype(columns)::value>(tokens, j, causal, scale, p + j);
            });
            gemm(true, false, tokens, head_dim, tokens, p, tokens, v, stride, y + b * tokens * width + h * head_dim,
                 width, false, workspace);
        }
}

template <class T>
void attention_grad(int64_t batch, int64_t tokens, int64_t heads, int64_t head_dim, const T* qkv,
                    const T* probabilities, const T* gy, T* gqkv, T* workspace, T* scratch) {
    const int64_t width = heads * head_dim, stride = 3 * width;
    const T scale = T(1) / std::sqrt(T(head_dim));
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t h = 0; h < heads; ++h) {
            const int64_t at = b * tokens * stride + h * head_dim;
            const T *q = qkv + at, *k = q + width, *v = k + width;
            T *gq = gqkv + at, *gk = gq + width, *gv = gk + width;
            const T* p = probabilities + (b * heads + h) * tokens * tokens;  // (key, query), like its gradient
            const T* go = gy + b * tokens * width + h * head_dim;
            // y = P^T v: gv = P go, gP = v go^T
            gemm(false, false, tokens, head_dim, tokens, p, tokens, go, width, gv, stride, false, workspace);
            gemm(false, true, tokens, tokens, head_dim, v, stride, go, width, scratch, tokens, false, workspace);
            each_column_block(tokens, [&](auto columns, int64_t j) {
                softmax_columns_grad<decltype(columns)::value>(tokens, scale, p + j, scratch + j);
            });
            // S = k q^T scale
            gemm(true, false, tokens, head_dim, tokens, scratch, tokens, k, stride, gq, stride, false, workspace);
            gemm(false, false, tokens, head_dim, tokens, scratch, tokens, q, stride, gk, stride, false, workspace);
        }
}

template <class T>
void pairwise_distance(int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, T* y, T* scratch) {
    for (int64_t j = 0; j < m; ++j)  // transpose b, so that the inner loop below runs over contiguous elements
        for (int64_t w = 0; w < width; ++w) scratch[w * m + j] = b[j * width + w];
    for (int64_t i = 0; i < n; ++i) {
        T* row = y + i * m;
        for (int64_t j = 0; j < m; ++j) row[j] = 0;
        for (int64_t w = 0; w < width; ++w) {
            const T x = a[i * width + w];
            const T* column = scratch + w * m;
            for (int64_t j = 0; j < m; ++j) row[j] += (x - column[j]) * (x - column[j]);
        }
        for (int64_t j = 0; j < m; ++j) row[j] = std::sqrt(row[j] < floor ? floor : row[j]);
    }
}

template <class T>
void pairwise_distance_grad(int64_t n, int64_t m, int64_t width, T floor, const T* a, const T* b, const T* y,
                            const T* gy, T* ga, T* gb, T* workspace, T* scratch) {
    // With c_ij = gy_ij / y_ij (0 at the floor): ga_i = a_i sum_j c_ij - sum_j c_ij b_j; gb_j is analogous.
    const T lowest = std::sqrt(floor);
    for (int64_t i = 0; i < n * m; ++i) scratch[i] = y[i] <= lowest ? T(0) : gy[i] / y[i];
    gemm(false, false, n, width, m, scratch, m, b, width, ga, width, false, workspace);
    gemm(true, false, m, width, n, scratch, m, a, width, gb, width, false, workspace);
    for (int64_t i = 0; i < n; ++i) {
        const T total = sum_of(m, scratch + i * m);
        for (int64_t w = 0; w < width; ++w) ga[i * width + w] = a[i * width + w] * total - ga[i * width + w];
    }
    for (int64_t i = 1; i < n; ++i)  // accumulate the column sums in the first row
        for (int64_t j = 0; j < m; ++j) scratch[j] += scratch[i * m + j];
    for (int64_t j = 0; j < m; ++j) {
        const T total = n > 0 ? scratch[j] : T(0);
        for (int64_t w = 0; w < width; ++w) gb[j * width + w] = b[j * width + w] * total - gb[j * width + w];
    }
}

}  // namespace ASTRO_ISA
}  // namespace astro::cpu
