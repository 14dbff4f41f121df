"""One update of the temporal distance representation on in-batch pairs -> tdr_inbatch.npz.

Rows s_0..s_{B-1} with successors s'_i, of known episodes and offsets in them. Every ordered pair (i, j), i != j, is a
(state, goal) with the weight
    pair_ij = .3 [same episode and offset_j > offset_i] / C + .7 / (B (B - 1)),
where C is the number of (i, j) in the batch that satisfy the condition in brackets (so that the parts add up to .3 and
.7); pair_ii = 0. If a row is drawn twice, neither is later than the other: they only have the second part. With
d(a, b) = sqrt(max(|phi(a) - phi(b)|^2, 1e-6)), by the target network where marked:
    q_ij = -1 - gamma d_target(s'_i, s_j), v_ij = -d(s_i, s_j)
    advantage_ij = q_ij + d_target(s_i, s_j); w_ij = tau where advantage_ij >= 0, else 1 - tau
    loss = sum over i != j of w_ij pair_ij (q_ij - v_ij)^2
The gradient passes through both arguments of v_ij only. phi: one MLP 2 -> 8 -> 8 -> 4 as in
make_tdr_hilp.py. gamma .99, tau .95. Then one step of Adam (rate 1e-3) and target += .05 (online - target), with the
new online weights.

4 episodes x 3 rows, B = 12: in/s, in/next (12, 2), in/episode, in/offset (12) int64; rows 6 and 7 are the same row.
w/head0..., w/target0...; out/pair_weight, out/advantage, out/distance (12, 12) (online d(s_i, s_j); diagonals of
advantage and distance are computed like the rest, but have weight 0), out/loss (), out/latent (12, 4): phi(s_i);
grad/latent (12, 4), grad/head0...; out/after/head0..., out/after/target0...
"""

import numpy as np
import torch

from reference import (Draw, adam_update, clear, constants, exact, gradients, leaves, mlp, polyak_update, of, prefixed,
                       renamed, save)

GAMMA, TAU, RATE, TARGET_RATE, SAME = 0.99, 0.95, 1e-3, 0.05, 0.3
draw = Draw(8)
count = 12
batch = {"s": draw.normal(count, 2), "next": draw.normal(count, 2, scale=0.2)}
batch["next"] = exact(batch["s"] + batch["next"])
for array in batch.values():
    array[7] = array[6]
episode = np.repeat(np.arange(4), 3)
offset = np.array([5, 2, 9, 0, 1, 2, 4, 4, 1, 30, 20, 10])
weights = draw.mlp("head0", [2, 8, 8, 4], norm=True) | draw.mlp("target0", [2, 8, 8, 4], norm=True)


def distance(a, b):
    return (a[:, None] - b[None]).square().sum(-1).clamp(min=1e-6).sqrt()


later = (episode[:, None] == episode[None]) & (offset[None] > offset[:, None])
other = ~np.eye(count, dtype=bool)
pair = SAME * later / later.sum() + (1 - SAME) * other / (count * (count - 1))
assert abs(pair.sum() - 1) < 1e-12 and later.sum() == 11
online, target, x = leaves(of(weights, "head0")), constants(of(weights, "target0")), constants(batch)
latent = mlp(online, "head0", x["s"], "gelu")
own, following = mlp(target, "target0", x["s"], "gelu"), mlp(target, "target0", x["next"], "gelu")
q = -1 - GAMMA * distance(following, own)
advantage = q + distance(own, own)
clear(advantage[torch.tensor(other)])
assert (advantage > 0).any() and (advantage < 0).any()
distances = distance(latent, latent)
weight = torch.where(advantage >= 0, TAU, 1 - TAU) * torch.tensor(pair)
loss = (weight * (q + distances).square()).sum()
grads = gradients(loss, online)
arrays = prefixed("in/", batch) | {"in/episode": episode, "in/offset": offset} | prefixed("w/", weights)
arrays |= {"out/pair_weight": pair, "out/advantage": advantage, "out/distance": distances, "out/latent": latent,
           "out/loss": loss} | prefixed("grad/", grads | gradients(loss, {"latent": latent}))
arrays = {name: value.detach().clone() if torch.is_tensor(value) else value for name, value in arrays.items()}
adam_update(online, grads, RATE)
polyak_update(target, renamed(online, "head0", "target0"), TARGET_RATE)
save(__file__, arrays | prefixed("out/after/", online | target))
