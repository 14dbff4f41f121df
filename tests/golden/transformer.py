"""The adaLN-Zero transformer block in PyTorch, shared by make_block.py and make_denoiser.py, where it is described."""

import torch
import torch.nn.functional as F

from reference import dense


def block_weights(draw, name, width):
    return (draw.linear(f"{name}qkv", width, 3 * width) | draw.linear(f"{name}project", width, width) |
            draw.linear(f"{name}up", width, 4 * width) | draw.linear(f"{name}down", 4 * width, width) |
            draw.linear(f"{name}modulation", width, 6 * width))


def normalise(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


def block(w, name, x, condition, heads, causal):
    batch, length, width = x.shape
    shift1, scale1, gate1, shift2, scale2, gate2 = dense(w, f"{name}modulation", condition)[:, None].chunk(6, -1)
    h = normalise(x) * (1 + scale1) + shift1
    q, k, v = dense(w, f"{name}qkv", h).reshape(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    h = F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).reshape(x.shape)
    x = x + gate1 * dense(w, f"{name}project", h)
    h = normalise(x) * (1 + scale2) + shift2
    return x + gate2 * dense(w, f"{name}down", F.gelu(dense(w, f"{name}up", h), approximate="tanh"))
