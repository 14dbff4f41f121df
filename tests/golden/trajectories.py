"""Common to make_dynamics.py and make_planner.py: a small data set, its units and windows; diffusion; the rollouts of
the frozen dynamics transformer (docs/method.md 3.2, 6.1 and 6.2).

in/observations (50, 3) and in/actions (50, 2) are rows of two segments, in units in which networks work. in/first (3)
int64: segment k is rows first[k] to first[k + 1] - 1; in/arrival (2) int64: the rows at which travel ends.

A minibatch of B rows is divided into two chunks of B/2, each of which has its own noise. Levels are 0 to T = 20, the
schedule is cosine. Denoisers have one block of width 6 with 2 heads.
"""

import numpy as np
import torch

from transformer import denoiser

STATE, ACTION = 3, 2
T, HEADS, WIDTH, BLOCKS, CHUNKS = 20, 2, 6, 1, 2


class Data:
    def __init__(self, draw):
        self.first, self.arrival = np.array([0, 23, 50]), np.array([19, 44])
        # Multiples of 2^-10, so that differences of states are exact in float32.
        step = draw.normal(50, STATE) * [0.1, 0.2, 0.4] + [0.05, 0, -0.1]
        self.observations = np.round(np.cumsum(step, 0) * 1024) / 1024
        self.actions = draw.uniform(50, ACTION, low=-1.1, high=1.1)

    def arrays(self):
        return {"in/observations": self.observations, "in/actions": self.actions, "in/first": self.first,
                "in/arrival": self.arrival}

    def pairs(self, steps):
        """Rows t whose row t + steps is in the same segment."""
        return np.concatenate([np.arange(a, b - steps) for a, b in zip(self.first[:-1], self.first[1:])])

    def sigma(self, steps):
        """The standard deviation of s_{t+steps} - s_t."""
        t = self.pairs(steps)
        return torch.tensor((self.observations[t + steps] - self.observations[t]).std(0))

    def starts(self, last, travelled):
        """Rows t whose row t + last is in the same segment and whose row t + travelled is not after its arrival."""
        segment = np.searchsorted(self.first, np.arange(50), "right") - 1
        return [t for t in self.pairs(last) if t + travelled <= self.arrival[segment[t]]]

    def window(self, starts, first, count, of="observations"):
        """Rows start + first to start + first + count - 1 of each start."""
        return torch.tensor(np.stack([getattr(self, of)[t + first:t + first + count] for t in starts]))


def chunks(batch):
    """First row and number of rows of each chunk."""
    return [(c * batch // CHUNKS, (c + 1) * batch // CHUNKS - c * batch // CHUNKS) for c in range(CHUNKS)]


def f(v):
    return np.cos((v + 0.008) / 1.008 * np.pi / 2) ** 2


ALPHA_BAR = torch.tensor(np.maximum(f(np.arange(T + 1) / T) / f(0), 1e-5))


def levels_of(steps):
    """Levels of a sampler, from T to 0."""
    return [int(np.floor(T * k / steps + 0.5)) for k in range(steps, -1, -1)]


def add_noise(clean, t, noise):
    share = ALPHA_BAR[t][:, None, None]
    return share.sqrt() * clean + (1 - share).sqrt() * noise


def ddim(noisy, clean, t, lower):
    noise = (noisy - ALPHA_BAR[t].sqrt() * clean) / (1 - ALPHA_BAR[t]).sqrt()
    return ALPHA_BAR[lower].sqrt() * clean + (1 - ALPHA_BAR[lower]).sqrt() * noise


def differences(w, x, actions, s0, t):
    """x^ (B, n, D) by the dynamics transformer: tokens [x | a | s_0], condition s_0."""
    tokens = torch.cat([x, actions, s0[:, None].expand(-1, x.shape[1], -1)], -1)
    return denoiser(w, tokens, t, s0, HEADS, True)


def rollout(w, s0, actions, sigma, steps):
    """s^_j - s_0, j = 1..n (B, n, D), in `steps` denoising steps from zeros; the last one alone has a gradient."""
    x, levels = torch.zeros(*actions.shape[:2], STATE), levels_of(steps)
    for t, lower in zip(levels, levels[1:]):
        clean = differences(w, x, actions if lower == 0 else actions.detach(), s0, torch.full((len(s0),), t))
        if lower > 0:
            x = ddim(x, clean, t, lower)
    return (sigma * clean).cumsum(1)
