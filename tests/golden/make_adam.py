"""Five steps of Adam and AdamW with given gradients, clipping, and averaged weights -> adam.npz.

Adam, step k = 1..5: m = .9 m + .1 g, v = .999 v + .001 g^2,
    w -= rate (m / (1 - .9^k)) / (sqrt(v / (1 - .999^k)) + 1e-8).
AdamW: first w *= 1 - rate * decay, then Adam's step. Clipping by the norm over all elements: g is scaled by
min(1, 1 / (|g| + 1e-6)) (PyTorch's clip_grad_norm_ with maximum 1); some of the five gradients are longer, some not.

in/weight (7), in/gradient (5, 7), in/rate (5) (a rate for each step), in/decay () for AdamW.
out/adam, out/adamw, out/adamw_clipped (5, 7): weights after each step; out/FORM/first_moment, second_moment (7) after
the last one; out/norm (5): |g| before clipping.

Averages: average += max(1 - decay, 1 / (k + 1)) (w - average), k = 0..39, with decay in/average_decay () = .9, from
in/average_start (3) through in/average_weights (40, 3): out/average (40, 3), out/average_rate (40).
"""

import numpy as np
import torch

from reference import Draw, exact, save

draw = Draw(5)
weight, gradient = draw.normal(7), exact(draw.normal(5, 7) * np.array([[2.0], [0.1], [1.0], [0.2], [0.5]]))
rates, decay = exact([0.01, 0.02, 0.02, 0.015, 0.005]), exact(0.1)
norms = np.sqrt((gradient**2).sum(1))
assert (norms > 1.01).any() and (norms < 0.99).any()
arrays = {"in/weight": weight, "in/gradient": gradient, "in/rate": rates, "in/decay": decay, "out/norm": norms}
for form in ("adam", "adamw", "adamw_clipped"):
    w = torch.tensor(weight, requires_grad=True)
    optimiser = (torch.optim.Adam([w], lr=1.0) if form == "adam" else
                 torch.optim.AdamW([w], lr=1.0, weight_decay=float(decay)))
    steps = []
    for g, rate in zip(gradient, rates):
        w.grad = torch.tensor(g)
        if form == "adamw_clipped":
            torch.nn.utils.clip_grad_norm_([w], 1.0)
        optimiser.param_groups[0]["lr"] = float(rate)
        optimiser.step()
        steps.append(w.detach().clone())
    state = optimiser.state[w]
    arrays |= {f"out/{form}": torch.stack(steps), f"out/{form}/first_moment": state["exp_avg"],
               f"out/{form}/second_moment": state["exp_avg_sq"]}

start, path, average_decay = draw.normal(3), draw.normal(40, 3), exact(0.9)
rate = np.maximum(1 - average_decay, 1 / (np.arange(40) + 1.0))
average, averages = start.copy(), []
for k in range(40):
    average = average + rate[k] * (path[k] - average)
    averages.append(average)
save(__file__, arrays | {"in/average_start": start, "in/average_weights": path, "in/average_decay": average_decay,
                         "out/average": np.stack(averages), "out/average_rate": rate})
