"""One update of GCIVL -> gcivl.npz. Case goal of learning.py, goal-conditioned.

V_i (i = 0, 1): MLPs on [s, g] with layer norm; pi(x) = tanh(mlp(x)). V' are the target networks.
0. Before anything changes: A = (V_0 + V_1)(s', g) / 2 - (V_0 + V_1)(s, g) / 2 at the actor's goals;
   weight = min(exp(2 A), 100).
1. Values: y_i = r + gamma mask V'_i(next_input), clamped to [-1 / (1 - gamma), 0];
   B = min_i y_i - (V'_0 + V'_1)(value_input) / 2; loss = sum_i mean w (y_i - V_i(value_input))^2, w = .9 where B >= 0,
   else .1, gradient through V_i only; Adam on both. OGBench's loss, except for the clamp (impls/agents/gcivl.py).
2. target_i += rate (V_i - target_i).
3. Actor: loss = mean over rows of weight |pi(input) - a|^2, the square summed over components (OGBench's -weight log p
   of unit standard deviation, times 2, up to a constant); Adam.

in/... of learning.py; w/value0..., value1..., target0..., target1..., actor...
out/target (6, 2): y, value_advantage (6): B, value_loss (); out/advantage (6): A, weight (6), actor_loss ();
grad/value0..., value1..., actor...; out/after/value..., target..., actor...
"""

import torch

from learning import CASES, awr, frozen, implicit_value, make_batch
from reference import Draw, adam_update, constants, gradients, leaves, mlp, of, polyak_update, prefixed, renamed, save

draw, settings = Draw(98), CASES["goal"]
batch = make_batch(draw, "goal")
weights = {}
for name in ("value0", "value1", "target0", "target1"):
    weights |= draw.mlp(name, [4, 8, 8, 1], norm=True)
weights |= draw.mlp("actor", [4, 8, 8, 2], norm=False)
values, actor = leaves(of(weights, "value0", "value1")), leaves(of(weights, "actor"))
targets, x = constants(of(weights, "target0", "target1")), constants(batch)
slow = renamed(targets, "target0", "value0") | renamed(targets, "target1", "value1")


def value_of(w, i, inputs):
    return mlp(w, f"value{i}", inputs, "gelu").squeeze(-1)


def mean_value(inputs):
    return (value_of(values, 0, inputs) + value_of(values, 1, inputs)) / 2


goal = x["input"][:, 2:]
advantage = (mean_value(torch.cat([x["next_input"][:, :2], goal], -1)) - mean_value(x["input"])).detach()
value_loss, y, value_advantage = implicit_value(values, slow, x, settings, 0.9, value_of)
value_grads = gradients(value_loss, values)
weight, actor_loss = awr(advantage, 2, torch.tanh(mlp(actor, "actor", x["input"], "gelu")), x["action"])
actor_grads = gradients(actor_loss, actor)
arrays = frozen(prefixed("in/", batch) | prefixed("w/", weights) | prefixed("grad/", value_grads | actor_grads) |
                prefixed("out/", {"target": y, "value_advantage": value_advantage, "value_loss": value_loss,
                                  "advantage": advantage, "weight": weight, "actor_loss": actor_loss}))
adam_update(values, value_grads, settings["rate"])
polyak_update(targets, renamed(values, "value0", "target0") | renamed(values, "value1", "target1"),
              settings["target_rate"])
adam_update(actor, actor_grads, settings["rate"])
save(__file__, arrays | frozen(prefixed("out/after/", values | targets | actor)))
