"""The adaLN-Zero transformer block, described in make_block.py, and the trajectory denoiser, described in
make_denoiser.py, in PyTorch. Shared by these two, make_dynamics.py and make_planner.py."""

import numpy as np
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


def denoiser_weights(draw, tokens, token_width, condition_width, out_width, segments, width, blocks):
    weights = draw.linear("embed", token_width, width)
    weights["position"] = draw.normal(tokens, width, scale=0.5)
    if segments:
        weights["segment"] = draw.normal(segments, width, scale=0.5)
    for name, inputs in (("time", width), ("condition", condition_width)):
        weights |= draw.linear(f"{name}.first", inputs, width) | draw.linear(f"{name}.second", width, width)
    for i in range(blocks):
        weights |= block_weights(draw, f"block{i}.", width)
    return weights | draw.linear("modulation", width, 2 * width) | draw.linear("head", width, out_width)


def two_layer(w, name, x):
    return dense(w, f"{name}.second", F.silu(dense(w, f"{name}.first", x)))


def denoiser(w, tokens, t, condition, heads, causal, segment_of=None):
    """tokens (B, n, width of a token), levels t (B), condition (B, its width), segments of the tokens (n) or None."""
    width = w["embed.bias"].shape[0]
    frequency = torch.exp(-np.log(10000.0) * torch.arange(width // 2) / (width // 2))
    angle = torch.as_tensor(t)[:, None] * frequency
    c = F.silu(two_layer(w, "time", torch.cat([angle.cos(), angle.sin()], -1)) + two_layer(w, "condition", condition))
    h = dense(w, "embed", tokens) + w["position"][:tokens.shape[1]]
    if segment_of is not None:
        h = h + w["segment"][torch.as_tensor(segment_of)]
    for i in range(sum(name.endswith(".qkv.bias") for name in w)):
        h = block(w, f"block{i}.", h, c, heads, causal)
    shift, scale = dense(w, "modulation", c)[:, None].chunk(2, -1)
    return dense(w, "head", normalise(h) * (1 + scale) + shift)
