"""Common to make_td3bc.py, make_iql.py, make_cql.py, make_gcivl.py and make_hiql.py.

Two cases, with batches of B = 6 rows, states of 2, goals of 2, actions of 2, hidden layers [8, 8], gamma .99:

corl   single-task, networks as in CORL: ReLU, no layer norm, Adam 3e-4, target networks' rate .005, targets not
       clamped.
       in/corl/input (6, 2) states s, in/corl/value_input the same, in/corl/next_input (6, 2) states s'.
goal   goal-conditioned, networks as in preset cpu: GELU (tanh form), critics and values with layer norm after each
       activation, actors without; Adam 1e-3, target networks' rate .05; regression targets r + gamma mask V' of
       critics clamped to [-1 / (1 - gamma), 0]. in/goal/input (6, 4) [s, actor's goal], in/goal/value_input (6, 4)
       [s, critic's goal], in/goal/next_input (6, 4) [s', critic's goal]. Critics are trained on value_input and
       next_input, the actor on input alone.

in/CASE/action (6, 2) within [-1, 1], in/CASE/reward (6) in {-1, 0}, in/CASE/mask (6): 0 where the row is terminal (no
bootstrap), else 1. Critics read [input, action] and give one number; actors read input.
Each network has its own Adam, which has made no update before (betas .9, .999, epsilon 1e-8).
"""

import math

import torch

from reference import clear, exact, mlp

GAMMA = 0.99
CASES = {
    "corl": {"width": 2, "activation": "relu", "norm": False, "rate": 3e-4, "target_rate": 0.005, "clamp": False},
    "goal": {"width": 4, "activation": "gelu", "norm": True, "rate": 1e-3, "target_rate": 0.05, "clamp": True},
}


def make_batch(draw, case):
    width = CASES[case]["width"]
    batch = {"value_input": draw.normal(6, width), "next_input": draw.normal(6, width)}
    batch["next_input"] = exact(batch["value_input"] + 0.2 * batch["next_input"])
    batch["input"] = batch["value_input"].copy()
    if width == 4:
        batch["next_input"][:, 2:] = batch["value_input"][:, 2:]
        batch["input"][:, 2:] = draw.normal(6, 2)
    batch["action"] = draw.uniform(6, 2, low=-0.95, high=0.95)
    batch["mask"] = exact([1, 1, 0, 1, 1, 1])
    batch["reward"] = exact(-batch["mask"])
    return batch


def critic_q(w, name, settings, x, action):
    return mlp(w, name, torch.cat([x, action], -1), settings["activation"]).squeeze(-1)


def smaller(pair):
    """The element-wise minimum of two critics' values, each of which must be the smaller one somewhere."""
    clear(pair[0] - pair[1])
    assert (pair[0] < pair[1]).any() and (pair[0] > pair[1]).any(), "one critic is never smaller: choose another seed"
    return torch.minimum(*pair)


def regression_target(batch, settings, next_value):
    target = batch["reward"] + GAMMA * batch["mask"] * next_value
    if settings["clamp"]:
        clear(target[batch["mask"] > 0])
        clear(target, -1 / (1 - GAMMA))
        assert (target > 0).any() and (target < 0).any()
        target = target.clamp(-1 / (1 - GAMMA), 0)
    return target.detach()


def implicit_value(values, targets, batch, settings, tau, value_of):
    """The value loss of make_gcivl.py and make_hiql.py, its targets y (6, 2) and its advantage (6).

    value_of(weights, i, inputs): values (6) of network i, whose names begin with value in both.
    """
    q = [regression_target(batch, settings, value_of(targets, i, batch["next_input"])) for i in (0, 1)]
    assert (q[0] < q[1]).any() and (q[0] > q[1]).any(), "one network is never smaller: choose another seed"
    now = [value_of(targets, i, batch["value_input"]) for i in (0, 1)]
    advantage = torch.minimum(*q) - (now[0] + now[1]) / 2
    clear(advantage)
    assert (advantage > 0).any() and (advantage < 0).any()
    weight = torch.where(advantage >= 0, tau, 1 - tau)
    loss = sum((weight * (q[i] - value_of(values, i, batch["value_input"])).square()).mean() for i in (0, 1))
    return loss, torch.stack(q, -1), advantage


def awr(advantage, alpha, made, wanted):
    """Weights min(exp(alpha A), 100) and mean over rows of weight |made - wanted|^2, the square summed over columns."""
    exponent = (alpha * advantage).detach()
    clear(exponent, math.log(100))
    weight = exponent.exp().clamp(max=100)
    return weight, (weight * (made - wanted).square().sum(-1)).mean()


def frozen(arrays):
    """Copies, which later in-place updates do not change."""
    return {name: value.detach().clone() if torch.is_tensor(value) else value for name, value in arrays.items()}
