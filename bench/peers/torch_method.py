"""Training steps of the temporal distance, the dynamics and the planner, and the samplers. Each function returns the step."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from torch_networks import (ACTION, ALPHA_BAR, CONTEXT, GAP, HORIZON, LEVELS, STATE, WINDOW, Denoiser, Twin, add_noise,
                            ddim_step, frozen_copy, mlp, polyak_update, same_level, sampler_levels)

ROWS, EPISODE, BATCH = 1_000_000, 200, 256
GAMMA = 0.99
SAMPLER_STEPS = 20


class Data:
    """A million random rows in episodes of 200; the figures do not depend on the values."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.states = torch.randn(ROWS, STATE, generator=generator)
        self.actions = 2 * torch.rand(ROWS, ACTION, generator=generator) - 1
        self.rewards = -(torch.rand(ROWS, generator=generator) > 0.01).float()
        self.masks = torch.ones(ROWS)

    def windows(self, length):
        start = torch.randint(ROWS // EPISODE, (BATCH,)) * EPISODE + torch.randint(EPISODE - length, (BATCH,))
        rows = start[:, None] + torch.arange(length)
        return self.states[rows], self.actions[rows]


def distance(a, b):
    return (a - b).square().sum(-1).clamp_min(1e-6).sqrt()


def tdr(data):
    """HILP's objective: two heads, per-head targets, expectile weights."""
    net = Twin(lambda: mlp([STATE, 256, 256, 256, 16], lambda: nn.GELU(approximate="tanh"), norm=True))
    target, optimiser, expectile = frozen_copy(net), torch.optim.Adam(net.parameters(), lr=3e-4, fused=True), 0.95

    def draw():
        row = torch.randint(ROWS - 1, (BATCH,))
        last = (row // EPISODE + 1) * EPISODE - 1
        ahead = torch.empty(BATCH).geometric_(1 - GAMMA).long()
        same = torch.rand(BATCH) < 0.625
        goal = torch.where(same, torch.minimum(row + ahead, last), torch.randint(ROWS, (BATCH,)))
        following = torch.minimum(row + 1, last)
        return data.states[row], data.states[following], data.states[goal], (goal == row).float()

    def step():
        state, following, goal, hit = draw()
        with torch.no_grad():
            s, s2, g = target(torch.cat([state, following, goal])).chunk(3, dim=1)
            v, v2 = -distance(s, g), -distance(s2, g)
            reward, mask = hit - 1, GAMMA * (1 - hit)
            advantage = reward + mask * v2.amin(0) - v.mean(0)
            wanted = reward + mask * v2
            weight = torch.where(advantage >= 0, expectile, 1 - expectile)
        s, g = net(torch.cat([state, goal])).chunk(2, dim=1)
        loss = (weight * (wanted + distance(s, g)).square()).mean(1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        polyak_update(target, net, 0.005)

    return step


class Dynamics(nn.Module):
    """State displacements from actions; causal, so that a shorter rollout is a prefix of a longer one."""

    def __init__(self):
        super().__init__()
        self.net = Denoiser(3, 128, 4, HORIZON, 2 * STATE + ACTION, STATE, STATE, causal=True)
        self.scale = torch.linspace(0.1, 1.0, HORIZON)[:, None].repeat(1, STATE)

    def forward(self, x, t, first, actions):
        return self.net(torch.cat([x, actions, first[:, None].expand(-1, HORIZON, -1)], -1), t, first)

    def rollout(self, first, actions, steps):
        """States after each action: DDIM from zeros; with one step, one pass at t = T."""
        x = torch.zeros(len(first), HORIZON, STATE)
        for t, t_next in sampler_levels(steps):
            clean = self(x, same_level(len(first), t), first, actions)
            x = clean if t_next == 0 else ddim_step(x, clean, t, t_next)
        return torch.addcmul(first[:, None], x, self.scale)


class Training:
    """AdamW with warm-up and cosine decay, clipping, averaged weights."""

    def __init__(self, net):
        self.net, self.average = net, frozen_copy(net)
        self.optimiser = torch.optim.AdamW(net.parameters(), lr=3e-4, weight_decay=1e-4, fused=True)
        low = 1e-5 / 3e-4
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser,
            lambda k: min((k + 1) / 1000, 1.0) * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * min(k / 1e5, 1)))))

    def update(self, loss):
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        polyak_update(self.average, self.net, 1e-3)


def dynamics(data):
    net = Dynamics()
    training = Training(net)

    def step():
        states, actions = data.windows(HORIZON + 1)
        t, noise = torch.randint(1, LEVELS + 1, (BATCH,)), torch.randn(BATCH, HORIZON, STATE)
        first = states[:, 0]
        clean = (states[:, 1:] - first[:, None]) / net.scale
        training.update((net(add_noise(clean, t, noise), t, first, actions[:, :-1]) - clean).square().mean())

    return step


class Planner(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Denoiser(4, 128, 4, WINDOW, 2 * STATE + ACTION + 3, 2 * STATE + 3, ACTION, causal=False, segments=3)
        self.known, self.noisy = torch.ones(WINDOW, 1), torch.zeros(WINDOW, 1)
        self.known[CONTEXT:CONTEXT + GAP] = 0
        self.noisy[CONTEXT - 1:-1] = 1

    def forward(self, states, before, noisy, t, reach, deviation, flag):
        """states (B, WINDOW, S), zeros in the gap; before: known actions; noisy (B, HORIZON, A); deviation (B, CONTEXT, S)."""
        batch = len(noisy)
        actions = F.pad(torch.cat([before, noisy], 1), (0, 0, 0, 1))
        tokens = torch.cat([states, self.known.expand(batch, -1, -1), actions, self.noisy.expand(batch, -1, -1),
                            F.pad(deviation, (0, 0, CONTEXT + GAP, 0)), flag[:, None, None].expand(-1, WINDOW, -1)], -1)
        condition = torch.cat([states[:, CONTEXT - 1], torch.stack([reach, torch.ones_like(reach)], -1),
                               deviation[:, 0], flag[:, None]], -1)
        return self.net(tokens, t, condition)[:, CONTEXT - 1:-1]


def planner(data):
    """Joint objective through the frozen one-pass dynamics; self-conditioning on exactly half of the batch."""
    net, frozen, half = Planner(), frozen_copy(Dynamics()), BATCH // 2
    training = Training(net)
    flag = torch.cat([torch.ones(half), torch.zeros(BATCH - half)])

    def step():
        window, actions = data.windows(WINDOW)
        t, noise, reach = torch.randint(1, LEVELS + 1, (BATCH,)), torch.randn(BATCH, HORIZON, ACTION), torch.rand(BATCH)
        states, first, target = window * net.known, window[:, CONTEXT - 1], window[:, CONTEXT + GAP:]
        before, clean = actions[:, :CONTEXT - 1], actions[:, CONTEXT - 1:-1]
        noisy = add_noise(clean, t, noise)
        deviation = torch.zeros_like(target)
        with torch.no_grad():
            h = slice(0, half)
            guess = net(states[h], before[h], noisy[h], t[h], reach[h], deviation[h], torch.zeros(half))
            rolled = frozen.rollout(first[h], guess.clamp(-1, 1), 1)
            deviation[h] = (target[h] - rolled[:, GAP:]).clamp(-5, 5)
        plan = net(states, before, noisy, t, reach, deviation, flag)
        missed = (target - frozen.rollout(first, plan.clamp(-1, 1), 1)[:, GAP:]).square().mean((1, 2))
        training.update((plan - clean).square().mean() + (ALPHA_BAR[t] * missed).mean())

    return step


def sampler(data, final_steps=SAMPLER_STEPS):
    """32 bridges of 8 candidates: one-pass rollouts in the loop, and one rollout of `final_steps` steps at its end."""
    net, model = frozen_copy(Planner()), frozen_copy(Dynamics())
    window = torch.randn(BATCH, WINDOW, STATE)
    states, first, target = window * net.known, window[:, CONTEXT - 1], window[:, CONTEXT + GAP:]
    before, reach = 2 * torch.rand(BATCH, CONTEXT - 1, ACTION) - 1, torch.rand(BATCH)

    @torch.inference_mode()
    def step():
        noisy = torch.randn(BATCH, HORIZON, ACTION)
        deviation, flag = torch.zeros_like(target), torch.zeros(BATCH)
        for t, t_next in sampler_levels(SAMPLER_STEPS):
            plan = net(states, before, noisy, same_level(BATCH, t), reach, deviation, flag).clamp(-1, 1)
            deviation = (target - model.rollout(first, plan, 1)[:, GAP:]).clamp(-5, 5)
            flag = torch.ones(BATCH)
            noisy = ddim_step(noisy, plan, t, t_next)
        return model.rollout(first, plan, final_steps)

    return step


def dynamics_sampler(data):
    model = frozen_copy(Dynamics())
    first, actions = torch.randn(BATCH, STATE), 2 * torch.rand(BATCH, HORIZON, ACTION) - 1

    @torch.inference_mode()
    def step():
        return model.rollout(first, actions, SAMPLER_STEPS)

    return step
