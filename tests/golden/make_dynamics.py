"""Losses, gradients and rollouts of the dynamics models and of the one-step networks -> dynamics.npz.

Data, units and denoiser as in trajectories.py; docs/method.md 6.2 to 6.5 and 11.8. H = 5. The rows and the noise of an
update are those that the C++ code draws (streams.py), with seed 3, from the streams dynamics/UPDATE/...:

transformer, update 0 with B = 6: rows, then the levels of noisy windows, from .../rows; noise of chunk c (B/2, H, D)
    from .../c/noise. CASE one_pass: all windows have zeros at level T. CASE noisy: the first two have, the others
    noisy differences. L_dyn compares the summed differences with s_j - s_0, in std(s_{t+j} - s_t) over the windows.
    in/s0 (3, D), in/plan (3, H, A) -> out/rollout_1, out/rollout_4 (3, H, D): s^_j - s_0 in 1 and in 4 denoising steps
    with the averaged weights; grad/rollout_1, grad/rollout_4 (3, H, A): of sum(rollout in/cotangent) by the plan.
recurrent, f an MLP 5 -> 8 -> 8 -> 3 with GELU (tanh form): update 0 has B = 12 transitions (CASE transitions),
    update 1 has 3 windows (CASE windows, the pseudo-Huber loss), both from .../rows. out/recurrent (3, H, D) and
    grad/recurrent (3, H, A) as above.
one_step: two such MLPs, CASE one_step with B = 6 transitions each, from one_step/0/MEMBER; the loss is the mean of
    both. out/next (3, D): s + sigma_delta f([s | a]) of member 1 for in/s0 and the first actions of in/plan.

w/NETWORK/online/..., w/NETWORK/average/..., NETWORK in transformer, recurrent (names begin with f.), one_step
(without average; names begin with member0. and member1.). out/CASE/loss (), grad/CASE/PARAMETER.
"""

import torch

from reference import Draw, constants, gradients, leaves, mlp, prefixed, save
from streams import Stream
from trajectories import ACTION, BLOCKS, STATE, T, WIDTH, Data, add_noise, chunks, differences, rollout
from transformer import denoiser_weights

SEED, HORIZON = 3, 5
draw = Draw(31)
data = Data(draw)
sigma = data.sigma(1)
starts, sources = data.starts(HORIZON, 0), data.pairs(1)
inputs = {"s0": draw.normal(3, STATE), "plan": draw.uniform(3, HORIZON, ACTION)}
cotangent = draw.normal(3, HORIZON, STATE)
arrays = data.arrays() | prefixed("in/", inputs) | {"in/cotangent": cotangent}


def add_loss(case, loss, weights):
    arrays.update({f"out/{case}/loss": loss} | prefixed(f"grad/{case}/", gradients(loss, weights)))


def add_rollout(name, roll_out):
    plan = torch.tensor(inputs["plan"], requires_grad=True)
    moved = roll_out(torch.tensor(inputs["s0"]), plan)
    grad = torch.autograd.grad((moved * torch.tensor(cotangent)).sum(), plan)[0]
    arrays.update({f"out/{name}": moved, f"grad/{name}": grad})


def drawn(stream, rows, count):
    return [rows[stream.below(len(rows))] for _ in range(count)]


def windows(rows):
    """s_0, actions, and s_j - s_0, j = 1..H."""
    s = data.window(rows, 0, HORIZON + 1)
    return s[:, 0], data.window(rows, 0, HORIZON, "actions"), s[:, 1:] - s[:, :1]


# The transformer.
spec = {"tokens": HORIZON, "token_width": 2 * STATE + ACTION, "condition_width": STATE, "out_width": STATE,
        "segments": 0, "width": WIDTH, "blocks": BLOCKS}
online, average = denoiser_weights(draw, **spec), denoiser_weights(draw, **spec)
arrays |= prefixed("w/transformer/online/", online) | prefixed("w/transformer/average/", average)
std = windows(starts)[2].std(0, correction=0)  # (H, D)
for case, zeros in (("one_pass", 6), ("noisy", 2)):
    w = leaves(online)
    stream = Stream(SEED).of("dynamics", 0)
    rows = stream.of("rows")
    s0, actions, displacement = windows(drawn(rows, starts, 6))
    t = torch.tensor([T] * zeros + [1 + rows.below(T) for _ in range(6 - zeros)])
    parts = [stream.of(c, "noise").normal(count, HORIZON, STATE) for c, (_, count) in enumerate(chunks(6))]
    noise = torch.cat([torch.tensor(part) for part in parts])
    clean = displacement.diff(dim=1, prepend=torch.zeros(6, 1, STATE)) / sigma
    x = torch.where(torch.arange(6)[:, None, None] < zeros, torch.zeros(()), add_noise(clean, t, noise))
    arrived = (sigma * differences(w, x, actions, s0, t)).cumsum(1)
    add_loss(case, ((arrived - displacement) / std).square().mean(), w)
for steps in (1, 4):
    add_rollout(f"rollout_{steps}", lambda s0, plan: rollout(constants(average), s0, plan, sigma, steps))

# The recurrent model.
sizes = [STATE + ACTION, 8, 8, STATE]
online, average = draw.mlp("f", sizes, norm=False), draw.mlp("f", sizes, norm=False)
arrays |= prefixed("w/recurrent/online/", online) | prefixed("w/recurrent/average/", average)


def step(w, name, s, a):
    return mlp(w, name, torch.cat([s, a], -1), "gelu")


def transition_loss(w, name, rows):
    s, a = data.window(rows, 0, 2), data.window(rows, 0, 1, "actions")[:, 0]
    return (step(w, name, s[:, 0], a) - (s[:, 1] - s[:, 0]) / sigma).square().mean()


def recurrent_rollout(w, s0, actions):
    states = [s0]
    for a in actions.unbind(1):
        states.append(states[-1] + sigma * step(w, "f", states[-1], a))
    return torch.stack(states[1:], 1) - s0[:, None]


w = leaves(online)
add_loss("transitions", transition_loss(w, "f", drawn(Stream(SEED).of("dynamics", 0, "rows"), sources, 12)), w)
w = leaves(online)
s0, actions, displacement = windows(drawn(Stream(SEED).of("dynamics", 1, "rows"), starts, 3))
error = (recurrent_rollout(w, s0, actions) - displacement) / sigma
add_loss("windows", (2 * ((1 + error**2).sqrt() - 1)).mean(), w)
add_rollout("recurrent", lambda s0, plan: recurrent_rollout(constants(average), s0, plan))

# The one-step networks.
weights = draw.mlp("member0", sizes, norm=False) | draw.mlp("member1", sizes, norm=False)
w = leaves(weights)
each = [transition_loss(w, f"member{m}", drawn(Stream(SEED).of("one_step", 0, m), sources, 6)) for m in (0, 1)]
add_loss("one_step", (each[0] + each[1]) / 2, w)
s0, action = torch.tensor(inputs["s0"]), torch.tensor(inputs["plan"][:, 0])
arrays |= prefixed("w/one_step/online/", weights) | {"out/next": s0 + sigma * step(w, "member1", s0, action)}
save(__file__, arrays)
