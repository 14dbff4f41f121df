"""One update of IQL: value, critics, targets, and forms of actor -> iql_corl.npz, iql_goal.npz: one file for
each case of learning.py.

Order as in CORL. V: MLP on inputs (without actions), layer norm as the critics; pi(x) = tanh(mlp(x)).
0. Before anything changes: next value V(next_input), advantage A(x) = min(Q_target0, Q_target1)(x, a) - V(x).
1. V: loss = mean of w A(value_input)^2, w = tau where A >= 0, else 1 - tau, gradient through V only; Adam.
   tau: .7 in case corl, .9 in case goal.
2. Q: y = r + gamma mask V(next_input) of step 0 (case goal: clamped);
   loss = (mean (Q_0(value_input, a) - y)^2 + mean (Q_1(value_input, a) - y)^2) / 2; Adam on both critics
   (OGBench does not halve; Adam's step is the same except for the effect of its epsilon).
3. target_i += rate (critic_i - target_i).
4. Actor, all from the same actor weights:
   awr (case corl): Gaussian with mean pi(input) and std exp(clamp(log_std, -20, 2)), log_std (2) a parameter.
       weight = min(exp(3 A(input)), 100) with A of step 0; -log p = sum over components of
       (a - mean)^2 / (2 std^2) + log std + ln(2 pi) / 2; loss = mean over rows of weight * (-log p).
   awr_deterministic (case corl): the same weight; loss = mean over rows of weight * |pi(input) - a|^2, the square
       summed over components (CORL's iql_deterministic).
   awr (case goal): deterministic too. weight = min(exp(.3 A(input) / s), 100), s = the population standard deviation
       of A(input) over the batch, sqrt(mean (A - mean A)^2); loss = mean over rows of weight * |pi(input) - a|^2.
   ddpg_bc (case goal): with the new critics q = min(Q_0, Q_1)(input, pi(input)); no gradient through mean |q|;
       loss = -mean q / mean |q| + alpha mean (pi(input) - a)^2, the last mean over rows and components, alpha = 1.
       (For two components that equals OGBench's alpha * -log p of unit standard deviation up to a constant.)

in/CASE/... of learning.py; w/CASE/value..., critic0..., critic1..., target0..., target1..., actor..., and
w/corl/log_std.
out/CASE/advantage (6): A(value_input), next_value (6), target (6): y, value_loss (), critic_loss ();
out/CASE/actor_advantage (6): A(input); out/CASE/FORM/loss (), out/CASE/awr/weight and
out/corl/awr_deterministic/weight (6), out/goal/ddpg_bc/q (6);
grad/CASE/value..., critic0..., critic1..., and grad/CASE/FORM/actor..., grad/corl/awr/log_std;
out/CASE/after/value..., critic..., target...; out/CASE/FORM/after/actor..., out/corl/awr/after/log_std.
"""

import math

import torch

from learning import CASES, critic_q, frozen, make_batch, regression_target, smaller
from reference import (Draw, adam_update, clear, constants, gradients, leaves, mlp, polyak_update, of, prefixed, renamed,
                       save)

for case, seed in (("corl", 37), ("goal", 38)):
    draw, settings = Draw(seed), CASES[case]
    kind, tau = settings["activation"], 0.7 if case == "corl" else 0.9
    batch = make_batch(draw, case)
    width = settings["width"]
    weights = draw.mlp("value", [width, 8, 8, 1], norm=settings["norm"])
    for name in ("critic0", "critic1", "target0", "target1"):
        weights |= draw.mlp(name, [width + 2, 8, 8, 1], norm=settings["norm"])
    weights |= draw.mlp("actor", [width, 8, 8, 2], norm=False)
    if case == "corl":
        weights["log_std"] = draw.normal(2, scale=0.5)
    value, critics = leaves(of(weights, "value")), leaves(of(weights, "critic0", "critic1"))
    targets, x = constants(of(weights, "target0", "target1")), constants(batch)

    def advantage_of(inputs):
        both = [critic_q(targets, f"target{i}", settings, inputs, x["action"]) for i in (0, 1)]
        return smaller(both) - mlp(value, "value", inputs, kind).squeeze(-1)

    next_value = mlp(value, "value", x["next_input"], kind).squeeze(-1).detach()
    advantage, actor_advantage = advantage_of(x["value_input"]), advantage_of(x["input"]).detach()
    clear(advantage)
    assert (advantage > 0).any() and (advantage < 0).any()
    value_loss = (torch.where(advantage >= 0, tau, 1 - tau) * advantage.square()).mean()
    value_grads = gradients(value_loss, value)
    y = regression_target(x, settings, next_value)
    critic_loss = sum((critic_q(critics, f"critic{i}", settings, x["value_input"], x["action"]) - y).square().mean()
                      for i in (0, 1)) / 2
    critic_grads = gradients(critic_loss, critics)
    arrays = frozen(prefixed(f"in/{case}/", batch) | prefixed(f"w/{case}/", weights) |
                    prefixed(f"grad/{case}/", value_grads | critic_grads) |
                    prefixed(f"out/{case}/", {"advantage": advantage, "next_value": next_value, "target": y,
                                              "value_loss": value_loss, "critic_loss": critic_loss,
                                              "actor_advantage": actor_advantage}))
    adam_update(value, value_grads, settings["rate"])
    adam_update(critics, critic_grads, settings["rate"])
    polyak_update(targets, renamed(critics, "critic0", "target0") | renamed(critics, "critic1", "target1"),
                 settings["target_rate"])
    arrays |= frozen(prefixed(f"out/{case}/after/", value | critics | targets))

    for form in ("awr", "awr_deterministic") if case == "corl" else ("awr", "ddpg_bc"):
        actor = leaves(of(weights, "actor", "log_std") if form == "awr" else of(weights, "actor"))
        pi = torch.tanh(mlp(actor, "actor", x["input"], kind))
        noted = {}
        if form == "ddpg_bc":
            both = [critic_q(critics, f"critic{i}", settings, x["input"], pi) for i in (0, 1)]
            q = smaller(both)
            clear(q)
            noted["q"] = q
            loss = -q.mean() / q.detach().abs().mean() + (pi - x["action"]).square().mean()
        else:
            factor = 3 if case == "corl" else 0.3 / actor_advantage.std(correction=0)
            exponent = factor * actor_advantage
            if "log_std" in actor:
                std = actor["log_std"].clamp(-20, 2).exp()
                error = -torch.distributions.Normal(pi, std).log_prob(x["action"]).sum(-1)
            else:
                error = (pi - x["action"]).square().sum(-1)
            clear(exponent, math.log(100))
            noted["weight"] = exponent.exp().clamp(max=100)
            assert case == "goal" or (exponent > math.log(100)).any()
            loss = (noted["weight"] * error).mean()
        grads = gradients(loss, actor)
        arrays |= frozen(prefixed(f"grad/{case}/{form}/", grads) |
                         prefixed(f"out/{case}/{form}/", noted | {"loss": loss}))
        adam_update(actor, grads, settings["rate"])
        arrays |= frozen(prefixed(f"out/{case}/{form}/after/", actor))
    save(__file__, arrays, f"_{case}")
