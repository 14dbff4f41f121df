"""One update of TD3+BC, critics and actor -> td3bc.npz. Cases corl and goal, batches and networks as in learning.py.

Actor: pi(x) = tanh(mlp(x)). mean: over rows, and over actions' components where there are any.
1. Target actions: a' = clamp(pi_target(next_input) + clamp(.2 noise, -.5, .5), -1, 1), noise given ~ N(0, 1).
   y = r + gamma mask min(Q_target0, Q_target1)(next_input, a') (case goal: clamped). No gradient.
   critic loss = mean (Q_0(value_input, a) - y)^2 + mean (Q_1(value_input, a) - y)^2; Adam on both critics.
2. With the new Q_0: q = Q_0(input, pi(input)); lambda = 2.5 / mean |q|, without gradient;
   actor loss = -lambda mean q + mean (pi(input) - a)^2, the second mean over rows and components; Adam on the actor.
3. Targets of both critics and of the actor: target += rate (online - target), with the new weights.
(CORL does 2 and 3 only at every second update; this is one of these.)

in/CASE/... of learning.py, in/CASE/noise (6, 2); w/CASE/actor..., actor_target..., critic0..., critic1..., target0...,
target1...; out/CASE/target (6): y, q (6), lambda (), critic_loss (), actor_loss (); grad/CASE/critic0..., critic1...
of the critic loss, grad/CASE/actor... of the actor loss; out/CASE/after/NAME... of all six networks.
"""

import torch

from learning import CASES, critic_q, frozen, make_batch, regression_target, smaller
from reference import (Draw, adam_update, clear, constants, gradients, leaves, mlp, polyak_update, of, prefixed, renamed,
                       save)

arrays = {}
for case, seed in (("corl", 9), ("goal", 10)):
    draw, settings = Draw(seed), CASES[case]
    batch = make_batch(draw, case)
    batch["noise"] = draw.normal(6, 2, scale=2.0)
    weights, width = {}, settings["width"]
    for name in ("actor", "actor_target"):
        weights |= draw.mlp(name, [width, 8, 8, 2], norm=False)
    for name in ("critic0", "critic1", "target0", "target1"):
        weights |= draw.mlp(name, [width + 2, 8, 8, 1], norm=settings["norm"])
    actor, critics = leaves(of(weights, "actor")), leaves(of(weights, "critic0", "critic1"))
    targets, x = constants(of(weights, "actor_target", "target0", "target1")), constants(batch)

    scaled = 0.2 * x["noise"]
    clear(scaled.abs(), 0.5)
    assert (scaled.abs() > 0.5).any()
    noisy = torch.tanh(mlp(targets, "actor_target", x["next_input"], settings["activation"])) + scaled.clamp(-0.5, 0.5)
    clear(noisy.abs(), 1.0)
    next_action = noisy.clamp(-1, 1)
    both = [critic_q(targets, f"target{i}", settings, x["next_input"], next_action) for i in (0, 1)]
    y = regression_target(x, settings, smaller(both))
    critic_loss = sum((critic_q(critics, f"critic{i}", settings, x["value_input"], x["action"]) - y).square().mean()
                      for i in (0, 1))
    critic_grads = gradients(critic_loss, critics)
    adam_update(critics, critic_grads, settings["rate"])

    pi = torch.tanh(mlp(actor, "actor", x["input"], settings["activation"]))
    q = critic_q(critics, "critic0", settings, x["input"], pi)
    clear(q)
    factor = 2.5 / q.detach().abs().mean()
    actor_loss = -factor * q.mean() + (pi - x["action"]).square().mean()
    actor_grads = gradients(actor_loss, actor)
    arrays |= frozen(prefixed(f"in/{case}/", batch) | prefixed(f"w/{case}/", weights) |
                     prefixed(f"grad/{case}/", critic_grads | actor_grads) |
                     prefixed(f"out/{case}/", {"target": y, "q": q, "lambda": factor, "critic_loss": critic_loss,
                                               "actor_loss": actor_loss}))
    adam_update(actor, actor_grads, settings["rate"])
    new = renamed(actor, "actor", "actor_target") | renamed(critics, "critic0", "target0")
    new |= renamed(critics, "critic1", "target1")
    polyak_update(targets, new, settings["target_rate"])
    arrays |= frozen(prefixed(f"out/{case}/after/", actor | critics | targets))
save(__file__, arrays)
