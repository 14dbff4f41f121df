"""One update of the temporal distance representation by HILP's loss -> tdr_hilp.npz.

Two heads phi_0, phi_1: MLPs 2 -> 8 -> 8 -> 4, hidden layers linear, GELU (tanh form), LayerNorm with gain and
bias (eps 1e-6); linear output. Target heads with other weights. d_h(x, g) = sqrt(max(|phi_h(x) - phi_h(g)|^2, 1e-6)).
Triples (s, s', g), hit = 1 where the goal is row s itself, else 0; r = hit - 1, mask = 1 - hit:
    v'_h = -d_target_h(s', g), v_h = -d_h(s, g), mean value vbar = mean over h of -d_target_h(s, g)
    advantage = r + gamma mask min_h v'_h - vbar;  weight = tau where advantage >= 0, else 1 - tau
    loss = sum over h of mean over triples of weight (r + gamma mask v'_h - v_h)^2;  no gradient through targets.
gamma .99, tau .95. Then one step of Adam (rate 3e-4) and target += .005 (online - target), with the new online weights.

B = 6: in/s, in/next, in/goal (6, 2), in/hit (6); in the row with hit 1 goal = s. w/headH..., w/targetH... (H in 0, 1);
out/loss (), out/advantage (6), out/distance (2, 6): d_h(s, g) online; grad/headH...; out/after/headH...,
out/after/targetH...
"""

import torch

from reference import (Draw, adam_update, clear, constants, gradients, leaves, mlp, polyak_update, of, prefixed, renamed,
                       save)

GAMMA, TAU, RATE, TARGET_RATE = 0.99, 0.95, 3e-4, 0.005
draw = Draw(7)
batch = {name: draw.normal(6, 2) for name in ("s", "next", "goal")}
batch["hit"] = draw.uniform(6, low=0, high=0)
batch["hit"][2], batch["goal"][2] = 1, batch["s"][2]
weights = {}
for name in ("head0", "head1", "target0", "target1"):
    weights |= draw.mlp(name, [2, 8, 8, 4], norm=True)


def distance(w, name, x, g):
    difference = mlp(w, name, x, "gelu") - mlp(w, name, g, "gelu")
    return difference.square().sum(-1).clamp(min=1e-6).sqrt()


online, target = leaves(of(weights, "head0", "head1")), constants(of(weights, "target0", "target1"))
x = constants(batch)
reward, mask = x["hit"] - 1, 1 - x["hit"]
next_values = torch.stack([-distance(target, f"target{h}", x["next"], x["goal"]) for h in (0, 1)])
values = torch.stack([-distance(target, f"target{h}", x["s"], x["goal"]) for h in (0, 1)])
advantage = reward + GAMMA * mask * next_values.min(0).values - values.mean(0)
clear(advantage)
assert (advantage > 0).any() and (advantage < 0).any()
assert ((next_values[0] < next_values[1])[mask > 0]).any() and ((next_values[0] > next_values[1])[mask > 0]).any()
weight = torch.where(advantage >= 0, TAU, 1 - TAU)
distances = torch.stack([distance(online, f"head{h}", x["s"], x["goal"]) for h in (0, 1)])
loss = (weight * (reward + GAMMA * mask * next_values + distances).square()).mean(1).sum()
grads = gradients(loss, online)
arrays = prefixed("in/", batch) | prefixed("w/", weights) | prefixed("grad/", grads)
arrays |= {"out/loss": loss, "out/advantage": advantage, "out/distance": distances.detach().clone()}
adam_update(online, grads, RATE)
polyak_update(target, renamed(online, "head0", "target0") | renamed(online, "head1", "target1"), TARGET_RATE)
save(__file__, arrays | prefixed("out/after/", online | target))
