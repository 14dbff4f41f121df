"""The whole trajectory denoiser, forward and gradients at random weights -> denoiser.npz.

    h = tokens We + be + position[0..n) + segment[segment_of]          (B, n, D)
    c = SiLU(time(sinusoid(t)) + condition(cond)), each MLP linear-SiLU-linear     (B, D)
    h = block(h, c) for each block (make_block.py; SiLU has already been applied to c)
    out = (LN(h) (1 + scale) + shift) Wh + bh; shift, scale = c Wm + bm in this order
sinusoid(t) = [cos(t f_i) for all i, sin(t f_i) for all i], f_i = exp(-ln(10000) i / (D/2)), i in 0..D/2-1.
Loss for gradients: sum(out * cotangent).

B=2, n=5 tokens of width 3, D=8, 2 heads, 2 blocks, condition width 2, out width 2. in/tokens (2, 5, 3), in/t (2) int64,
in/cond (2, 2), in/segment_of (5) int64, in/cotangent (2, 5, 2). Parameters: embed (3, 8), position (6, 8) of which the
first n rows are used, segment (3, 8), time.first (8, 8), time.second (8, 8), condition.first (2, 8), condition.second
(8, 8), block0, block1 (as in make_block.py), modulation (8, 16), head (8, 2); each linear has .weight and .bias.
out/full, out/causal (2, 5, 2): attention of the blocks; grad/tokens, grad/cond, grad/PARAMETER of the full form.
"""

import numpy as np
import torch

from reference import Draw, gradients, leaves, prefixed, save
from transformer import denoiser, denoiser_weights

HEADS = 2
draw = Draw(4)
inputs = {"tokens": draw.normal(2, 5, 3), "cond": draw.normal(2, 2)}
t, segment_of, cotangent = np.array([3, 71]), np.array([0, 0, 1, 2, 2]), draw.normal(2, 5, 2)
weights = denoiser_weights(draw, tokens=6, token_width=3, condition_width=2, out_width=2, segments=3, width=8, blocks=2)
w, x = leaves(weights), leaves(inputs)
full, causal = (denoiser(w, x["tokens"], t, x["cond"], HEADS, form, segment_of) for form in (False, True))
loss = (full * torch.tensor(cotangent)).sum()
save(__file__, prefixed("in/", inputs) | {"in/t": t, "in/segment_of": segment_of, "in/cotangent": cotangent} |
     prefixed("w/", weights) | {"out/full": full, "out/causal": causal} |
     prefixed("grad/", gradients(loss, w | x)))
