"""The planner: loss and gradients of an update, and sampling -> planner.npz. docs/method.md 2, 5.1 and 8.1 to 8.5.

Data, units and denoisers as in trajectories.py. l = 3, M = 4, N = 4, feedback clipped to +-5. Two cases:

gap      U = M + 1; the gap has M states; lambda_0 = 1; the dynamics predict in one pass.
context  U = M' + l; the gap of the batch, M' = 2 or 3, is drawn; lambda_0 = .6; the dynamics take 3 denoising steps.

An update has B = 6 windows. What it draws is what the C++ code draws (streams.py), with seed 5, for update 0: from
planner/0/rows the gap, if it is drawn, then the first row and the level of each window; from planner/0/noise/c the
noise of chunk c (B/2, U, A). The first rows of a chunk read feedback, half of the minibatch's rows in all: if the chunk
is rows f to f + n - 1, these are (f + n) // 2 - f // 2.

n^ is computed from in/latent (50, 2) with gamma = .98, and calibrated by in/medians (4).

Sampling with the averaged weights, temperature .8, without guidance, the same M' as in the update: in/source, in/target
(3) int64: first rows of both ends of each bridge, n_cal in/steps (3); the first noise of bridge i is from stream i.
out/CASE/noisy, out/CASE/estimate (N, 3, U, A): u_t and clamped u^ of each level; out/CASE/states (3, M' + 1, D): s^_j;
out/CASE/error (3): e, the arrival error.

w/online/..., w/average/...: the planner's; w/dynamics/...: the frozen dynamics, of horizon M + l; out/CASE/gap (): M';
out/CASE/loss (), grad/CASE/PARAMETER.
"""

import numpy as np
import torch

from reference import Draw, clear, constants, exact, gradients, leaves, prefixed, save
from streams import Stream
from trajectories import (ACTION, ALPHA_BAR, BLOCKS, HEADS, STATE, T, WIDTH, Data, add_noise, chunks, ddim, levels_of,
                          rollout)
from transformer import denoiser, denoiser_weights

SEED, BATCH, CONTEXT, GAP, STEPS, CLIP, GAMMA, TEMPERATURE = 5, 6, 3, 4, 4, 5.0, 0.98, 0.8
draw = Draw(44)
data = Data(draw)
sigma_delta, sigma_window = data.sigma(1), data.sigma(GAP + 1)
latent = exact(np.arange(50)[:, None] * [0.7, -0.5] + draw.normal(50, 2, scale=0.3))
medians = exact([0.8, 1.9, 2.5, 3.6])
ends = {"source": np.array([2, 11, 30]), "target": np.array([33, 25, 6])}
steps = exact([2.5, 7.25, 4.125])
weights = {"w/dynamics/": denoiser_weights(draw, GAP + CONTEXT, 2 * STATE + ACTION, STATE, STATE, 0, WIDTH, BLOCKS)}
for name in ("w/online/", "w/average/"):
    weights[name] = denoiser_weights(draw, 2 * CONTEXT + GAP, 2 * STATE + ACTION + 3, 2 * STATE + 3, ACTION, 3, WIDTH,
                                     BLOCKS)
frozen = constants(weights["w/dynamics/"])
CASES = {"gap": {"reached": 1, "random_gap": False, "joint": 1.0, "dynamics_steps": 1},
         "context": {"reached": CONTEXT, "random_gap": True, "joint": 0.6, "dynamics_steps": 3}}


def calibrated_steps(row, later):
    d = max(((latent[row] - latent[later]) ** 2).sum(), 1e-6) ** 0.5
    predicted = np.log(max(1e-3, 1 - d * (1 - GAMMA))) / np.log(GAMMA)
    if predicted <= medians[0]:
        return predicted / medians[0]
    g = 1  # the last one with a median below, or the last of the table
    while g + 1 < len(medians) and medians[g] < predicted:
        g += 1
    return g + (predicted - medians[g - 1]) / (medians[g] - medians[g - 1])


class Bridges:
    """Ends of bridges: windows from `source` and `target` on, n_cal steps apart."""

    def __init__(self, case, gap, source, target, n_cal):
        self.case, self.gap, self.n_cal = case, gap, torch.as_tensor(n_cal)
        self.s, self.g = data.window(source, 0, CONTEXT), data.window(target, 0, CONTEXT)
        self.a, self.b = (data.window(rows, 0, CONTEXT - 1, "actions") for rows in (source, target))
        self.s0, self.unknown = self.s[:, -1], gap + case["reached"]

    def rows(self, chosen):
        part = object.__new__(Bridges)
        part.__dict__ = {k: v[chosen] if torch.is_tensor(v) else v for k, v in self.__dict__.items()}
        return part

    def estimate(self, w, noisy, t, delta, flag):
        """u^ of actions at levels t (B); delta (B, F, D) and flag (B, 1): feedback."""
        batch, tokens, segments = len(noisy), [], []
        for p in range(2 * CONTEXT + self.gap):
            j, q = p - CONTEXT + 1, p - CONTEXT - self.gap  # the state is s_j, and g_q if q >= 0
            known = j <= 0 or q >= 0
            is_noisy = 0 <= j < self.unknown
            state = torch.zeros(batch, STATE)
            if known:
                state = ((self.s[:, p] if j <= 0 else self.g[:, q]) - self.s0) / sigma_window
            if is_noisy:
                action = noisy[:, j]
            elif j < 0:
                action = self.a[:, p]
            else:
                action = self.b[:, q] if q < CONTEXT - 1 else torch.zeros(batch, ACTION)
            seen = delta[:, q] if 0 <= q < delta.shape[1] else torch.zeros(batch, STATE)
            marks = torch.tensor([float(known), float(is_noisy)]).expand(batch, 2)
            tokens.append(torch.cat([state, marks, action, seen, flag], -1))
            segments.append(0 if j <= 0 else 1 if q < 0 else 2)
        shares = torch.stack([self.n_cal / (GAP + 1), torch.full((batch,), self.gap / GAP)], -1)
        condition = torch.cat([self.s0, shares, delta[:, 0], flag], -1)
        out = denoiser(w, torch.stack(tokens, 1), t, condition, HEADS, False, segments)
        return out[:, CONTEXT - 1:CONTEXT - 1 + self.unknown]

    def roll_out(self, actions):
        """s^_j, j = 1..U."""
        moved = rollout(frozen, self.s0, actions, sigma_delta, self.case["dynamics_steps"])
        return self.s0[:, None] + moved

    def deviation(self, actions):
        arrived = self.roll_out(actions)[:, self.gap:]  # s^_{M'+1} and later
        return (self.g[:, :self.case["reached"]] - arrived) / (2 * sigma_delta)

    def feedback(self, actions):
        delta = self.deviation(actions)
        clear(delta.abs(), CLIP)
        assert (delta.abs() > CLIP).any() and (delta.abs() < CLIP).any()
        return delta.clamp(-CLIP, CLIP), torch.ones(len(delta), 1)

    def no_feedback(self):
        return torch.zeros(len(self.s0), self.case["reached"], STATE), torch.zeros(len(self.s0), 1)


def clamped(actions):
    clear(actions.abs(), 1)
    assert (actions.abs() > 1).any() and (actions.abs() < 1).any()
    return actions.clamp(-1, 1)


def loss_of(case, w):
    """The loss of update 0 and the gap of its batch."""
    stream = Stream(SEED).of("planner", 0)
    rows = stream.of("rows")
    gap = GAP * (2 + rows.below(3)) // 4 if case["random_gap"] else GAP
    starts, source, levels = data.starts(2 * CONTEXT + GAP - 1, CONTEXT + GAP), [], []
    for _ in range(BATCH):
        source.append(starts[rows.below(len(starts))])
        levels.append(1 + rows.below(T))
    seam = [(t + CONTEXT - 1, t + CONTEXT + gap) for t in source]  # rows of s_0 and g_0
    bridges = Bridges(case, gap, source, [g0 for _, g0 in seam], [calibrated_steps(*pair) for pair in seam])
    u = data.window([s0 for s0, _ in seam], 0, bridges.unknown, "actions")
    noise = torch.cat([torch.tensor(stream.of("noise", c).normal(n, *u.shape[1:]))
                       for c, (_, n) in enumerate(chunks(BATCH))])
    t = torch.tensor(levels)
    delta, flag = bridges.no_feedback()
    half = [row for f, n in chunks(BATCH) for row in range(f, f + (f + n) // 2 - f // 2)]
    assert len(half) == BATCH // 2
    with torch.no_grad():
        part, noisier = bridges.rows(half), (t[half] + T // STEPS).clamp(max=T)
        guess = part.estimate(w, add_noise(u[half], noisier, noise[half]), noisier, *part.no_feedback())
        delta[half], flag[half] = part.feedback(clamped(guess))
    guess = bridges.estimate(w, add_noise(u, t, noise), t, delta, flag)
    through = guess + (clamped(guess) - guess).detach()
    weight = case["joint"] * ALPHA_BAR[t][:, None, None]
    return (guess - u).square().mean() + (weight * bridges.deviation(through).square()).mean(), gap


def sample(case, gap, w):
    bridges = Bridges(case, gap, ends["source"], ends["target"], steps)
    noisy = TEMPERATURE * torch.tensor(np.stack(
        [Stream(SEED).of(i).normal(bridges.unknown, ACTION) for i in range(3)]))
    feedback, seen, levels = bridges.no_feedback(), {"noisy": [], "estimate": []}, levels_of(STEPS)
    for t, lower in zip(levels, levels[1:]):
        guess = clamped(bridges.estimate(w, noisy, torch.full((3,), t), *feedback))
        seen["noisy"].append(noisy)
        seen["estimate"].append(guess)
        if lower > 0:
            feedback, noisy = bridges.feedback(guess), ddim(noisy, guess, t, lower)
    states = bridges.roll_out(guess[:, :gap + 1])
    error = ((bridges.g[:, 0] - states[:, -1]) / sigma_delta).square().mean(-1).sqrt()
    return {name: torch.stack(each) for name, each in seen.items()} | {"states": states, "error": error}


arrays = data.arrays() | prefixed("in/", ends) | {"in/latent": latent, "in/medians": medians, "in/steps": steps}
for prefix, each in weights.items():
    arrays |= prefixed(prefix, each)
for name, case in CASES.items():
    w = leaves(weights["w/online/"])
    loss, gap = loss_of(case, w)
    assert gap == GAP or case["random_gap"]
    if case["random_gap"]:
        assert gap < GAP, "the gap is not shorter: choose another seed"
    arrays |= {f"out/{name}/loss": loss, f"out/{name}/gap": np.int64(gap)} | prefixed(
        f"grad/{name}/", gradients(loss, w))
    with torch.no_grad():
        arrays |= prefixed(f"out/{name}/", sample(case, gap, constants(weights["w/average/"])))
save(__file__, arrays)
