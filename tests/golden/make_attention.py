"""Multi-head attention and its gradient -> attention.npz.

qkv (B, T, 3, H, D), packed as one linear layer of 3 H D outputs gives it: first all queries, then keys, then values,
each head by head. For batch b and head h: out[b, :, h, :] = softmax(Q K^T / sqrt(D)) V, rows of the softmax over
keys; causal: position i sees keys j <= i only. Result (B, T, H D), the heads side by side.
Loss for the gradient: sum(out * cotangent).

For SHAPE in 2x5x2x3, 1x1x1x4, 3x17x2x8 (B, T, H, D): in/SHAPE/qkv (B, T, 3, H, D), in/SHAPE/cotangent (B, T, H D);
for FORM in full, causal: out/FORM/SHAPE (B, T, H D), grad/FORM/SHAPE (B, T, 3, H, D).
"""

import torch
import torch.nn.functional as F

from reference import Draw, save

draw = Draw(2)
arrays = {}
for shape in ((2, 5, 2, 3), (1, 1, 1, 4), (3, 17, 2, 8)):
    batch, length, heads, width = shape
    name = "x".join(map(str, shape))
    packed, cotangent = draw.normal(batch, length, 3, heads, width), draw.normal(batch, length, heads * width)
    arrays |= {f"in/{name}/qkv": packed, f"in/{name}/cotangent": cotangent}
    for form in ("full", "causal"):
        qkv = torch.tensor(packed, requires_grad=True)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=form == "causal")
        y = y.transpose(1, 2).reshape(batch, length, heads * width)
        (y * torch.tensor(cotangent)).sum().backward()
        arrays |= {f"out/{form}/{name}": y, f"grad/{form}/{name}": qkv.grad}
save(__file__, arrays)
