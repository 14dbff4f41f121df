"""Networks of the method in PyTorch, with the sizes of preset small: MLPs, the diffusion transformer, noise levels."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

STATE, ACTION = 2, 2                 # dimensions of a point maze
CONTEXT = GAP = 16
WINDOW = 2 * CONTEXT + GAP           # states of a planner's window, one token each
HORIZON = CONTEXT + GAP              # unknown actions, tokens of the dynamics model
LEVELS = 100                         # noise levels T


def mlp(sizes, activation=nn.ReLU, norm=False):
    """Linear layers with an activation (and LayerNorm after it) between them, but not after the last one."""
    layers = []
    for i, (inner, outer) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(inner, outer))
        if i < len(sizes) - 2:
            layers.append(activation())
            if norm:
                layers.append(nn.LayerNorm(outer, eps=1e-6))
    return nn.Sequential(*layers)


class Twin(nn.Module):
    """Two independent networks of one shape; outputs stacked on axis 0."""

    def __init__(self, make):
        super().__init__()
        self.nets = nn.ModuleList([make(), make()])

    def forward(self, x):
        return torch.stack([net(x) for net in self.nets])


def frozen_copy(module):
    return copy.deepcopy(module).requires_grad_(False).eval()


def polyak_update(target, source, rate):
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), rate)


class Block(nn.Module):
    """Transformer block with adaLN-Zero (Peebles & Xie 2023)."""

    def __init__(self, width, heads, causal):
        super().__init__()
        self.width, self.heads, self.causal = width, heads, causal
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x, condition):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition)[:, None].chunk(6, -1)
        batch, tokens, width = x.shape
        qkv = self.qkv(modulated(x, shift1, scale1)).view(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = torch.addcmul(x, gate1, self.project(mixed.transpose(1, 2).reshape(batch, tokens, width)))
        hidden = F.gelu(self.up(modulated(x, shift2, scale2)), approximate="tanh")
        return torch.addcmul(x, gate2, self.down(hidden))


def modulated(x, shift, scale):
    return torch.addcmul(shift, F.layer_norm(x, x.shape[-1:], eps=1e-6), 1 + scale)


def sinusoid(t, width):
    frequency = torch.exp(-math.log(10000.0) * torch.arange(width // 2) / (width // 2))
    angle = t.float()[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], -1)


class Denoiser(nn.Module):
    def __init__(self, layers, width, heads, tokens, token_width, condition_width, out_width, causal, segments=0):
        super().__init__()
        def two_layer(inner):
            return nn.Sequential(nn.Linear(inner, width), nn.SiLU(), nn.Linear(width, width))
        self.width = width
        self.embed, self.head = nn.Linear(token_width, width), nn.Linear(width, out_width)
        self.position = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.segment = nn.Parameter(0.02 * torch.randn(segments, width)) if segments else None
        self.segment_of = torch.arange(3).repeat_interleave(CONTEXT)
        self.time, self.condition = two_layer(width), two_layer(condition_width)
        self.blocks = nn.ModuleList([Block(width, heads, causal) for _ in range(layers)])
        self.modulation = nn.Linear(width, 2 * width)

    def forward(self, tokens, t, condition):
        place = self.position if self.segment is None else self.position + self.segment[self.segment_of]
        x = self.embed(tokens) + place
        c = F.silu(self.time(sinusoid(t, self.width)) + self.condition(condition))
        for block in self.blocks:
            x = block(x, c)
        shift, scale = self.modulation(c)[:, None].chunk(2, -1)
        return self.head(modulated(x, shift, scale))


def cosine_alpha_bar():
    f = torch.cos((torch.arange(LEVELS + 1) / LEVELS + 0.008) / 1.008 * math.pi / 2).square()
    return (f / f[0]).clamp_min(1e-5)


ALPHA_BAR = cosine_alpha_bar()       # index 0: without noise


def sampler_levels(steps):
    levels = torch.linspace(LEVELS, 0, steps + 1).round().long()
    return list(zip(levels, levels[1:]))


def ddim_step(x, clean, t, t_next):
    a, b = ALPHA_BAR[t], ALPHA_BAR[t_next]
    return b.sqrt() * clean + (1 - b).clamp_min(0).sqrt() * (x - a.sqrt() * clean) / (1 - a).sqrt()


def add_noise(clean, t, noise):
    a = ALPHA_BAR[t][:, None, None]
    return a.sqrt() * clean + (1 - a).sqrt() * noise


def same_level(batch, t):
    return torch.full((batch,), int(t))
