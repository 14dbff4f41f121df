"""One critic update of CQL with TD3+BC's actor -> cql_td3bc.npz. Case goal of learning.py.

Target y as in make_td3bc.py, step 1. Candidate actions of each row at s = value_input, 2 n = 8, without gradient:
n uniform ones, and n of the policy with TD3's noise: clamp(pi(s) + clamp(.2 noise, -.5, .5), -1, 1), pi the online
actor. No densities:
    difference_i = mean over rows of log sum_k exp(Q_i(s, a_k)) - Q_i(s, a)
    loss = sum over i of mean (Q_i(s, a) - y)^2 + weight difference_i,   weight = 1
Adam on both critics. (The actor's update and the targets' are TD3+BC's.)

in/goal/... of learning.py; in/goal/noise (6, 2) for the target; in/goal/random_actions, in/goal/noise_actions
(6, 4, 2); w/goal/actor..., actor_target..., critic0..., critic1..., target0..., target1...; out/goal/target (6): y,
out/goal/difference (2), out/goal/critic_loss (); grad/goal/critic0..., critic1...; out/goal/after/critic0...,
critic1...
"""

import torch

from learning import CASES, critic_q, frozen, make_batch, regression_target, smaller
from reference import Draw, adam_update, clear, constants, gradients, leaves, mlp, of, prefixed, save

COUNT, WEIGHT = 4, 1.0
draw, settings = Draw(35), CASES["goal"]
batch = make_batch(draw, "goal")
batch |= {"noise": draw.normal(6, 2, scale=2.0), "random_actions": draw.uniform(6, COUNT, 2),
          "noise_actions": draw.normal(6, COUNT, 2, scale=2.0)}
weights = draw.mlp("actor", [4, 8, 8, 2], norm=False) | draw.mlp("actor_target", [4, 8, 8, 2], norm=False)
for name in ("critic0", "critic1", "target0", "target1"):
    weights |= draw.mlp(name, [6, 8, 8, 1], norm=True)
critics, x = leaves(of(weights, "critic0", "critic1")), constants(batch)
others = constants(of(weights, "actor", "actor_target", "target0", "target1"))


def smoothed(name, inputs, noise):
    scaled = 0.2 * noise
    clear(scaled.abs(), 0.5)
    noisy = torch.tanh(mlp(others, name, inputs, "gelu")) + scaled.clamp(-0.5, 0.5)
    clear(noisy.abs(), 1.0)
    return noisy.clamp(-1, 1)


next_action = smoothed("actor_target", x["next_input"], x["noise"])
y = regression_target(x, settings, smaller([critic_q(others, f"target{i}", settings, x["next_input"], next_action)
                                            for i in (0, 1)]))
states = x["value_input"][:, None].expand(-1, 2 * COUNT, -1)
candidates = torch.cat([x["random_actions"], smoothed("actor", states[:, :COUNT], x["noise_actions"])], 1)
loss, differences = 0, []
for i in (0, 1):
    q_data = critic_q(critics, f"critic{i}", settings, x["value_input"], x["action"])
    ood = torch.logsumexp(critic_q(critics, f"critic{i}", settings, states, candidates), 1)
    differences.append((ood - q_data).mean())
    loss = loss + (q_data - y).square().mean() + WEIGHT * differences[-1]
grads = gradients(loss, critics)
arrays = frozen(prefixed("in/goal/", batch) | prefixed("w/goal/", weights) | prefixed("grad/goal/", grads) |
                prefixed("out/goal/", {"target": y, "difference": torch.stack(differences), "critic_loss": loss}))
adam_update(critics, grads, settings["rate"])
save(__file__, arrays | frozen(prefixed("out/goal/after/", critics)))
