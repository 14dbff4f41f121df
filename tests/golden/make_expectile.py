"""The expectile loss and its gradient -> expectile.npz.

u = q - v; loss = mean(w u^2), w = tau where u >= 0, else 1 - tau; d loss / d v = -2 w u / n.
in/q, in/v (11) (one pair is equal), in/tau (3) = .5, .9, .99; out/loss (3), grad/v (3, 11), one row for each tau.
"""

import numpy as np

from reference import Draw, exact, save

draw = Draw(6)
q, v, tau = draw.normal(11), draw.normal(11), exact([0.5, 0.9, 0.99])
v[4] = q[4]
u = q - v
w = np.where(u >= 0, tau[:, None], 1 - tau[:, None])
save(__file__, {"in/q": q, "in/v": v, "in/tau": tau, "out/loss": (w * u**2).mean(1), "grad/v": -2 * w * u / len(u)})
