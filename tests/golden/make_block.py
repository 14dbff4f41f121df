"""One adaLN-Zero transformer block (DiT), forward and gradients at random weights -> block.npz. B=2, T=5, D=8, 2 heads.

condition = SiLU(c); shift1, scale1, gate1, shift2, scale2, gate2 = condition Wm + bm, (B, 6 D), in this order,
each applied to all tokens of its sequence:
    x <- x + gate1 * project(attention(qkv(LN(x) (1 + scale1) + shift1)))
    x <- x + gate2 * down(GELU(up(LN(x) (1 + scale2) + shift2)))
LN without gain and bias, eps 1e-6; GELU in its tanh form; attention as in make_attention.py; linear y = x W + b.
Loss for gradients: sum(out * cotangent).

in/x (B, T, D), in/c (B, D), in/cotangent (B, T, D); w/qkv.weight (D, 3 D), w/project.weight (D, D),
w/up.weight (D, 4 D), w/down.weight (4 D, D), w/modulation.weight (D, 6 D), and w/NAME.bias.
For FORM in full, causal: out/FORM (B, T, D), grad/FORM/x, grad/FORM/c, grad/FORM/condition (with respect to SiLU(c)),
grad/FORM/PARAMETER.
"""

import torch
import torch.nn.functional as F

from reference import Draw, gradients, leaves, prefixed, save
from transformer import block, block_weights

draw = Draw(3)
inputs = {"x": draw.normal(2, 5, 8), "c": draw.normal(2, 8)}
cotangent = draw.normal(2, 5, 8)
weights = block_weights(draw, "", 8)
arrays = prefixed("in/", inputs) | {"in/cotangent": cotangent} | prefixed("w/", weights)
for form in ("full", "causal"):
    w, x = leaves(weights), leaves(inputs)
    condition = F.silu(x["c"])
    y = block(w, "", x["x"], condition, 2, form == "causal")
    loss = (y * torch.tensor(cotangent)).sum()
    arrays |= {f"out/{form}": y} | prefixed(f"grad/{form}/", gradients(loss, w | x | {"condition": condition}))
save(__file__, arrays)
