"""One update of goal-conditioned behaviour cloning -> gcbc.npz.

pi: MLP 4 -> 8 -> 8 -> 2 with GELU (tanh form), without layer norm, linear output; input [s, g].
loss = mean over rows and components of (pi(input) - a)^2; one step of Adam, rate 1e-3.

B = 6: in/input (6, 4), in/action (6, 2); w/actor...; out/prediction (6, 2), out/loss (); grad/actor...;
out/after/actor...
"""

from learning import frozen
from reference import Draw, adam_update, constants, gradients, leaves, mlp, prefixed, save

draw = Draw(13)
batch = {"input": draw.normal(6, 4), "action": draw.uniform(6, 2)}
weights = draw.mlp("actor", [4, 8, 8, 2], norm=False)
actor, x = leaves(weights), constants(batch)
prediction = mlp(actor, "actor", x["input"], "gelu")
loss = (prediction - x["action"]).square().mean()
grads = gradients(loss, actor)
arrays = frozen(prefixed("in/", batch) | prefixed("w/", weights) | prefixed("grad/", grads) |
                {"out/prediction": prediction, "out/loss": loss})
adam_update(actor, grads, 1e-3)
save(__file__, arrays | prefixed("out/after/", actor))
