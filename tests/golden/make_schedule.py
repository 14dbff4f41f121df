"""Noise schedules, conversions and samplers of diffusion -> schedule.npz. T = 100 levels; level 0 is clean.

out/cosine (101): ab_t = max(f(t) / f(0), 1e-5), f(t) = cos^2(((t/T + .008) / 1.008) pi/2).
out/linear (101): ab_t = alpha^2, ln alpha = -(20 - .1) u^2 / 4 - .1 u / 2, u = t/T (betas .1 to 20).
out/levels_N (N + 1), int64, N in 5, 7, 10, 20: round(T k / N), k = N..0, descending.

Data (3, 4). q_sample: x_t = sqrt(ab_t) x_0 + sqrt(1 - ab_t) e, a level for each row:
    in/x0, in/epsilon (3, 4), in/t (3) int64 -> out/SCHEDULE/q_sample (3, 4)
Conversion back, rows at the same levels, e from x_0 and x_0 from e of that x_t:
    in/x0_guess (3, 4) -> out/SCHEDULE/epsilon_from_x0: (x_t - sqrt(ab_t) x0_guess) / sqrt(1 - ab_t)
    in/epsilon_guess (3, 4) -> out/SCHEDULE/x0_from_epsilon: (x_t - sqrt(1 - ab_t) epsilon_guess) / sqrt(ab_t)
DDIM, eta 0, with the denoiser x0_hat(x) = .3 x + in/c (c: (4)), from in/xT (3, 4) at level T through levels_N:
    e = (x_t - sqrt(ab_t) x0_hat) / sqrt(1 - ab_t), x_s = sqrt(ab_s) x0_hat + sqrt(1 - ab_s) e
    out/SCHEDULE/ddim_N (N + 1, 3, 4), N in 5, 10: the first entry is x_T, the last x_0.
Ancestral steps t -> t - 1 of the full chain: beta_t = min(1 - ab_t / ab_{t-1}, .999), alpha_t = 1 - beta_t,
    mean = (sqrt(ab_{t-1}) beta_t x0_hat + sqrt(alpha_t) (1 - ab_{t-1}) x_t) / (1 - ab_t)
    variance = beta_t (1 - ab_{t-1}) / (1 - ab_t),  x_{t-1} = mean + sqrt(variance) noise
  single steps, levels in/ancestral_t (4) int64, from x_t = in/xT with x0_hat = in/x0_guess and noise in/epsilon:
    out/SCHEDULE/ancestral_mean (4, 3, 4), ancestral_variance (4), ancestral_sample (4, 3, 4)
  the whole chain with the denoiser above, in/chain_noise (100, 3, 4), entry i used in the step from level T - i:
    out/SCHEDULE/ancestral_chain (101, 3, 4), from x_T to x_0.
SCHEDULE is cosine or linear.
"""

import numpy as np

from reference import Draw, save

T = 100
t = np.arange(T + 1) / T
f = np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2
schedules = {"cosine": np.maximum(f / f[0], 1e-5), "linear": np.exp(-(20 - 0.1) * t**2 / 4 - 0.1 * t / 2) ** 2}
draw = Draw(1)
x0, epsilon, xT = draw.normal(3, 4), draw.normal(3, 4), draw.normal(3, 4)
x0_guess, epsilon_guess, c = draw.normal(3, 4), draw.normal(3, 4), draw.normal(4, scale=0.5)
chain_noise = draw.normal(T, 3, 4)
levels = np.array([7, 50, 93])
steps = np.array([100, 50, 2, 1])
arrays = {"in/x0": x0, "in/epsilon": epsilon, "in/t": levels, "in/x0_guess": x0_guess,
          "in/epsilon_guess": epsilon_guess, "in/c": c, "in/xT": xT, "in/ancestral_t": steps,
          "in/chain_noise": chain_noise}


def sampler_levels(n):
    scaled = T * np.arange(n, -1, -1) / n
    assert not np.any(scaled % 1 == 0.5)  # no ties, which libraries round differently
    return np.rint(scaled).astype(np.int64)


for n in (5, 7, 10, 20):
    arrays[f"out/levels_{n}"] = sampler_levels(n)


def posterior(ab, x, clean, step):
    now, before = ab[step], ab[step - 1]
    beta = min(1 - now / before, 0.999)
    mean = (np.sqrt(before) * beta * clean + np.sqrt(1 - beta) * (1 - before) * x) / (1 - now)
    return mean, beta * (1 - before) / (1 - now)


for name, ab in schedules.items():
    arrays[f"out/{name}"] = ab
    signal, noise = np.sqrt(ab), np.sqrt(1 - ab)
    s, n = signal[levels][:, None], noise[levels][:, None]
    xt = s * x0 + n * epsilon
    arrays[f"out/{name}/q_sample"] = xt
    arrays[f"out/{name}/epsilon_from_x0"] = (xt - s * x0_guess) / n
    arrays[f"out/{name}/x0_from_epsilon"] = (xt - n * epsilon_guess) / s
    for count in (5, 10):
        path, points = sampler_levels(count), [xT]
        for high, low in zip(path[:-1], path[1:]):
            clean = 0.3 * points[-1] + c
            e = (points[-1] - signal[high] * clean) / noise[high]
            points.append(signal[low] * clean + noise[low] * e)
        arrays[f"out/{name}/ddim_{count}"] = np.stack(points)
    moments = [posterior(ab, xT, x0_guess, step) for step in steps]
    arrays[f"out/{name}/ancestral_mean"] = np.stack([m for m, _ in moments])
    arrays[f"out/{name}/ancestral_variance"] = np.array([v for _, v in moments])
    arrays[f"out/{name}/ancestral_sample"] = np.stack([m + np.sqrt(v) * epsilon for m, v in moments])
    chain = [xT]
    for i in range(T):
        mean, variance = posterior(ab, chain[-1], 0.3 * chain[-1] + c, T - i)
        chain.append(mean + np.sqrt(variance) * chain_noise[i])
    arrays[f"out/{name}/ancestral_chain"] = np.stack(chain)

save(__file__, arrays)
