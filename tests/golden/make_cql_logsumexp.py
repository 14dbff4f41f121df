"""CQL's conservative term on a table of Q values, and its gradient -> cql_logsumexp.npz.

For row b: ood_b = log sum_k exp(Q_bk - logp_bk) over K candidate actions with log densities logp (importance weights);
difference_b = clamp(ood_b - Qdata_b, low, infinity); penalty = mean over b of difference_b.
d penalty / d Q_bk = softmax_k(Q_bk - logp_bk) / B, d penalty / d Qdata_b = -1 / B, both 0 in rows where the clamp is
active.

in/q (5, 7), in/log_density (5, 7), in/q_data (5), in/low () = -2: one row lies below it; one row of in/q is shifted up
by 800, where exp overflows in float64; rows are the states of a batch.
out/ood (5), out/penalty (), grad/q (5, 7), grad/q_data (5).
"""

import numpy as np

from reference import Draw, clear, exact, save

draw = Draw(14)
q, log_density, q_data, low = draw.normal(5, 7, scale=2), draw.normal(5, 7), draw.normal(5), exact(-2)
q[1] = exact(q[1] + 800)
q_data[1] = exact(q_data[1] + 800)
q_data[3] = exact(q_data[3] + 12)
z = q - log_density
top = z.max(1, keepdims=True)
ood = (top + np.log(np.exp(z - top).sum(1, keepdims=True)))[:, 0]
difference = ood - q_data
clear(difference, float(low))
free = difference > low
assert free.sum() == 4
grad_q = np.exp(z - ood[:, None]) * free[:, None] / 5
save(__file__, {"in/q": q, "in/log_density": log_density, "in/q_data": q_data, "in/low": low, "out/ood": ood,
                "out/penalty": np.maximum(difference, low).mean(), "grad/q": grad_q,
                "grad/q_data": np.where(free, -1 / 5, 0.0)})
