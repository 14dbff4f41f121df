// Multi-head attention on packed projections.
#include "tensor/ops.h"

namespace astro {

Tensor attention(const Tensor& qkv, int64_t heads, bool causal) {
    ASTRO_CHECK(qkv.rank() == 3 && heads > 0 && qkv.dim(2) % (3 * heads) == 0,
                "attention: expected (batch, tokens, 3 * heads * head_dim) with ", heads, " heads, got ", qkv.shape());
    const int64_t batch = qkv.dim(0), tokens = qkv.dim(1), width = qkv.dim(2) / 3, head_dim = width / heads;
    Tensor y(qkv.backend(), qkv.dtype(), Shape{batch, tokens, width});
    Tensor probabilities(qkv.backend(), qkv.dtype(), Shape{batch, heads, tokens, tokens});
    qkv.backend().attention(qkv.dtype(), batch, tokens, heads, head_dim, causal, qkv.raw(), probabilities.raw(),
                            y.raw());
    if (Tape* tape = recording({qkv})) {
        tape->record("attention", y, {qkv}, [=](Tape& t, const Tensor& gy) {
            Tensor g(qkv.backend(), qkv.dtype(), qkv.shape());
            qkv.backend().attention_grad(qkv.dtype(), batch, tokens, heads, head_dim, causal, qkv.raw(),
                                         probabilities.raw(), gy.raw(), g.raw());
            t.add(qkv, g);
        });
    }
    return y;
}

}  // namespace astro
