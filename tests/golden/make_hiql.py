"""One update of HIQL -> hiql.npz. Case goal of learning.py, goal-conditioned, representations of 3 numbers.

phi(x) = sqrt(3) mlp(x) / |mlp(x)|, with layer norm; V_i(s, g) (i = 0, 1): MLPs on [s, phi([s, g])]
with layer norm, one phi for both; V' and phi' are the target networks. low(x) = tanh(mlp(x)) on [s, w], high(x) =
mlp(x) on [s, g]. in/subgoal (6, 2): s_k of the low actor; in/high_target (6, 2): s_k of the high actor.
0. Before anything changes, with V = (V_0 + V_1) / 2: low_advantage = V(s', subgoal) - V(s, subgoal), high_advantage =
   V(high_target, g) - V(s, g) with the actor's goals; weights = min(exp(2 A), 100); w_low = phi([s, subgoal]),
   w_high = phi([s, high_target]), without gradient.
1. Values and phi: the loss of make_gcivl.py with expectile .7 (impls/agents/hiql.py); Adam on both V_i and phi.
2. target += rate (online - target), phi' too.
3. low: loss = mean over rows of weight |low([s, w_low]) - a|^2; high: mean over rows of weight |high(input) - w_high|^2,
   squares summed over components; Adam each.
out/acted (6, 2): low([s, sqrt(3) high / |high|]) with the weights before the update.

in/... of learning.py; w/value0..., value1..., representation..., target0..., target1..., target_representation...,
actor... (low), high...
out/target (6, 2), value_advantage (6), value_loss (), low_advantage, high_advantage, low_weight, high_weight (6),
low_representation, high_representation (6, 3), low_loss, high_loss ();
grad/value..., representation..., actor..., high...; out/after/... of all, targets with the names of w/.
"""

import math

import torch

from learning import CASES, awr, frozen, implicit_value, make_batch
from reference import Draw, adam_update, constants, gradients, leaves, mlp, of, polyak_update, prefixed, renamed, save

draw, settings = Draw(50), CASES["goal"]
batch = make_batch(draw, "goal")
batch["subgoal"], batch["high_target"] = draw.normal(6, 2), draw.normal(6, 2)
weights = {}
for name in ("value0", "value1", "target0", "target1"):
    weights |= draw.mlp(name, [2 + 3, 8, 8, 1], norm=True)
for name in ("representation", "target_representation"):
    weights |= draw.mlp(name, [4, 8, 8, 3], norm=True)
weights |= draw.mlp("actor", [2 + 3, 8, 8, 2], norm=False) | draw.mlp("high", [4, 8, 8, 3], norm=False)
values = leaves(of(weights, "value0", "value1", "representation"))
low, high = leaves(of(weights, "actor")), leaves(of(weights, "high"))
targets, x = constants(of(weights, "target0", "target1", "target_representation")), constants(batch)
NAMES = (("value0", "target0"), ("value1", "target1"), ("representation", "target_representation"))
slow = {}
for online, target in NAMES:
    slow |= renamed(targets, target, online)


def scaled(rows):
    return rows / rows.norm(dim=-1, keepdim=True) * math.sqrt(rows.shape[-1])


def represent(w, inputs):
    return scaled(mlp(w, "representation", inputs, "gelu"))


def value_of(w, i, inputs):
    return mlp(w, f"value{i}", torch.cat([inputs[:, :2], represent(w, inputs)], -1), "gelu").squeeze(-1)


def mean_value(state, goal):
    inputs = torch.cat([state, goal], -1)
    return (value_of(values, 0, inputs) + value_of(values, 1, inputs)) / 2


def low_action(w):
    return torch.tanh(mlp(low, "actor", torch.cat([s, w], -1), "gelu"))


s, goal, following = x["input"][:, :2], x["input"][:, 2:], x["next_input"][:, :2]
low_advantage = (mean_value(following, x["subgoal"]) - mean_value(s, x["subgoal"])).detach()
high_advantage = (mean_value(x["high_target"], goal) - mean_value(s, goal)).detach()
low_w, high_w = (represent(values, torch.cat([s, x[name]], -1)).detach() for name in ("subgoal", "high_target"))
value_loss, y, value_advantage = implicit_value(values, slow, x, settings, 0.7, value_of)
value_grads = gradients(value_loss, values)
low_weight, low_loss = awr(low_advantage, 2, low_action(low_w), x["action"])
proposed = mlp(high, "high", x["input"], "gelu")
high_weight, high_loss = awr(high_advantage, 2, proposed, high_w)
low_grads, high_grads = gradients(low_loss, low), gradients(high_loss, high)
arrays = frozen(
    prefixed("in/", batch) | prefixed("w/", weights) | prefixed("grad/", value_grads | low_grads | high_grads) |
    prefixed("out/", {"target": y, "value_advantage": value_advantage, "value_loss": value_loss,
                      "low_advantage": low_advantage, "high_advantage": high_advantage, "low_weight": low_weight,
                      "high_weight": high_weight, "low_representation": low_w, "high_representation": high_w,
                      "low_loss": low_loss, "high_loss": high_loss, "acted": low_action(scaled(proposed))}))
adam_update(values, value_grads, settings["rate"])
moved = {}
for online, target in NAMES:
    moved |= renamed(values, online, target)
polyak_update(targets, {name: moved[name] for name in targets}, settings["target_rate"])
adam_update(low, low_grads, settings["rate"])
adam_update(high, high_grads, settings["rate"])
save(__file__, arrays | frozen(prefixed("out/after/", values | targets | low | high)))
