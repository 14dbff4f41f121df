"""One update of hierarchical behaviour cloning -> hgcbc.npz. States have three numbers; the last two are latents.

low: MLP 3 + 2 -> 8 -> 8 -> 2 on [s, c]; high: MLP 3 + 3 -> 8 -> 8 -> 2 on [s, g]; GELU (tanh form), without layer norm,
linear outputs. c: the last two columns of high_target.
low_loss = mean over rows and components of (low([s, c]) - a)^2, high_loss = mean of weight (high([s, g]) - c)^2,
high_loss_unweighted the same without weight; one step of Adam each, rate 1e-3.

B = 6: in/input (6, 6), in/action (6, 2), in/high_target (6, 3), in/weight (6, 1); w/actor... (low), w/high...;
out/low_loss, out/high_loss, out/high_loss_unweighted (); out/acted (6, 2) = low([s, high([s, g])]), before the update;
grad/actor..., grad/high...; out/after/actor..., out/after/high...
"""

import torch

from learning import frozen
from reference import Draw, adam_update, constants, exact, gradients, leaves, mlp, prefixed, save

draw = Draw(61)
batch = {"input": draw.normal(6, 6), "action": draw.uniform(6, 2), "high_target": draw.normal(6, 3),
         "weight": exact(draw.uniform(6, 1) + 1.5)}
low_weights, high_weights = draw.mlp("actor", [5, 8, 8, 2], norm=False), draw.mlp("high", [6, 8, 8, 2], norm=False)
low, high, x = leaves(low_weights), leaves(high_weights), constants(batch)
s, c = x["input"][:, :3], x["high_target"][:, 1:]


def low_action(w):
    return mlp(low, "actor", torch.cat([s, w], -1), "gelu")


proposed = mlp(high, "high", x["input"], "gelu")
low_loss = (low_action(c) - x["action"]).square().mean()
high_loss = (x["weight"] * (proposed - c).square()).mean()
low_grads, high_grads = gradients(low_loss, low), gradients(high_loss, high)
arrays = frozen(prefixed("in/", batch) | prefixed("w/", low_weights | high_weights) |
                prefixed("grad/", low_grads | high_grads) |
                {"out/low_loss": low_loss, "out/high_loss": high_loss,
                 "out/high_loss_unweighted": (proposed - c).square().mean(), "out/acted": low_action(proposed)})
adam_update(low, low_grads, 1e-3)
adam_update(high, high_grads, 1e-3)
save(__file__, arrays | prefixed("out/after/", low | high))
