"""Updates of IQL, TD3+BC and CQL as in CORL: MLPs of 2 x 256 with ReLU, batch 256. Each function returns the step."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from torch_method import BATCH, GAMMA, ROWS
from torch_networks import ACTION, STATE, Twin, frozen_copy, mlp, polyak_update

TARGET_RATE = 0.005
DRAWS = 10                            # number of actions of each kind that CQL samples


def adam(parameters, rate=3e-4):
    return torch.optim.Adam(parameters, lr=rate, fused=True)


def draw(data):
    row = torch.randint(ROWS - 1, (BATCH,))
    return data.states[row], data.actions[row], data.rewards[row], data.states[row + 1], data.masks[row]


def make_critics():
    return Twin(lambda: nn.Sequential(mlp([STATE + ACTION, 256, 256, 1]), nn.Flatten(0)))


def make_actor():
    return nn.Sequential(mlp([STATE, 256, 256, ACTION]), nn.Tanh())


def pair(state, action):
    return torch.cat([state, action], -1)


def apply(loss, *optimisers, inputs=None):
    for optimiser in optimisers:
        optimiser.zero_grad()
    loss.backward(inputs=inputs)
    for optimiser in optimisers:
        optimiser.step()


def iql(data):
    critics, value, actor, expectile, beta = make_critics(), mlp([STATE, 256, 256, 1]), make_actor(), 0.9, 10.0
    target = frozen_copy(critics)
    optimisers = [adam(module.parameters()) for module in (value, critics, actor)]

    def step():
        s, a, r, s2, mask = draw(data)
        with torch.no_grad():
            next_value, target_q = value(s2).squeeze(-1), target(pair(s, a)).amin(0)
        advantage = target_q - value(s).squeeze(-1)
        weight = torch.where(advantage > 0, expectile, 1 - expectile).detach()
        loss = (weight * advantage.square()).mean()
        loss = loss + (critics(pair(s, a)) - (r + GAMMA * mask * next_value)).square().mean(1).sum()
        cloning = (actor(s) - a).square().sum(-1)
        loss = loss + ((beta * advantage.detach()).exp().clamp_max(100.0) * cloning).mean()
        apply(loss, *optimisers)      # the parameters are disjoint, so one backward pass is sufficient
        polyak_update(target, critics, TARGET_RATE)

    return step


def td3bc(data):
    critics, actor, alpha = make_critics(), make_actor(), 2.5
    critics_target, actor_target = frozen_copy(critics), frozen_copy(actor)
    critic_optimiser, actor_optimiser, parameters = adam(critics.parameters()), adam(actor.parameters()), list(actor.parameters())

    def update(with_actor):
        s, a, r, s2, mask = draw(data)
        with torch.no_grad():
            noise = (0.2 * torch.randn_like(a)).clamp(-0.5, 0.5)
            a2 = (actor_target(s2) + noise).clamp(-1, 1)
            wanted = r + GAMMA * mask * critics_target(pair(s2, a2)).amin(0)
        apply((critics(pair(s, a)) - wanted).square().mean(1).sum(), critic_optimiser)
        if not with_actor:
            return
        action = actor(s)
        q = critics.nets[0](pair(s, action))
        apply((action - a).square().mean() - alpha / q.abs().mean().detach() * q.mean(), actor_optimiser, inputs=parameters)
        polyak_update(critics_target, critics, TARGET_RATE)
        polyak_update(actor_target, actor, TARGET_RATE)

    def step():                       # two updates per call: the actor is updated in every second one
        update(False)
        update(True)

    return step


class GaussianPolicy(nn.Module):
    """A tanh-Gaussian policy. sample() returns actions and their log densities, `draws` of each row if it is given."""

    def __init__(self):
        super().__init__()
        self.net = mlp([STATE, 256, 256, 2 * ACTION])

    def sample(self, out, draws=None):
        mean, log_std = out.chunk(2, -1)
        log_std = log_std.clamp(-20, 2)
        if draws:
            mean, log_std = mean.expand(draws, -1, -1), log_std.expand(draws, -1, -1)
        noise = torch.randn(mean.shape)
        u = torch.addcmul(mean, log_std.exp(), noise)
        log_p = -0.5 * noise.square() - log_std - 0.9189385 - 2 * (0.6931472 - u - F.softplus(-2 * u))
        return u.tanh(), log_p.sum(-1)


def cql(data):
    """Pure form: importance weights, Lagrange multiplier, automatic temperature, one next action in the target."""
    critics, policy, gap, strength = make_critics(), GaussianPolicy(), 5.0, 5.0
    target = frozen_copy(critics)
    log_alpha, log_multiplier = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
    optimisers = [adam(policy.parameters(), 3e-5), adam([log_alpha], 3e-5), adam(critics.parameters()), adam([log_multiplier])]
    policy_parameters, critic_parameters = list(policy.parameters()), list(critics.parameters())

    def step():
        s, a, r, s2, mask = draw(data)
        action, log_p = policy.sample(policy.net(s))
        actor_loss = (log_alpha.exp().detach() * log_p - critics(pair(s, action)).amin(0)).mean()
        alpha_loss = -log_alpha * (log_p.detach().mean() - ACTION)
        with torch.no_grad():
            out = policy.net(torch.cat([s, s2]))
            wanted = r + GAMMA * mask * target(pair(s2, policy.sample(out[BATCH:])[0])).amin(0)
            drawn, density = policy.sample(out, DRAWS)                        # (draws, 2 B, A), of both states' policies
            (now, following), (log_now, log_following) = drawn.chunk(2, 1), density.chunk(2, 1)
            many = torch.cat([2 * torch.rand_like(now) - 1, now, following])  # (3 draws, B, A)
            log_density = torch.cat([torch.full_like(log_now, -ACTION * math.log(2.0)), log_now, log_following])
            rows = torch.cat([pair(s, a), pair(s.expand(3 * DRAWS, -1, -1), many).flatten(0, 1)])
        q = critics(rows)                                                     # the actions of the data and 30 others, in one pass
        q_data, q_many = q[:, :BATCH], q[:, BATCH:].unflatten(1, (3 * DRAWS, BATCH))
        errors = (q_data - wanted).square().mean(1).sum()
        penalty = strength * (torch.logsumexp(q_many - log_density, 1).mean(1) - q_data.mean(1) - gap)
        multiplier = log_multiplier.exp().clamp(0, 1e6)
        critic_loss = errors + (multiplier.detach() * penalty).sum()
        multiplier_loss = -0.5 * (multiplier * penalty.detach()).sum()
        for optimiser in optimisers:
            optimiser.zero_grad()
        actor_loss.backward(inputs=policy_parameters)
        alpha_loss.backward()
        critic_loss.backward(inputs=critic_parameters)
        multiplier_loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        polyak_update(target, critics, TARGET_RATE)

    return step
