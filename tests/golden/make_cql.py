"""One update of CQL, as CORL's cql.py does it -> cql.npz. Case corl of learning.py: states of 2, ReLU, [8, 8].

Policy: MLP 2 -> 8 -> 8 -> 4 gives mean (2) and raw (2), in this order; log std =
clamp(multiplier raw + offset, -20, 2) with two scalar parameters, multiplier and offset. With noise e ~ N(0, 1)
given: u = mean + std e, action tanh(u),
    log p = sum over components of [-e^2/2 - log std - ln(2 pi)/2 - 2 (ln 2 - u - softplus(-2 u))].
All of 1 to 4 is computed at the weights before the update; steps are taken at the end.
1. Temperature: alpha = exp(log_alpha); new actions a_new, log p from in/noise_policy at input;
   alpha loss = -mean(log_alpha (log p + H)), H = target entropy = -2, gradient to log_alpha only.
2. Actor loss = mean(alpha log p - min(Q_0, Q_1)(input, a_new)), gradient to the policy only (alpha constant). No
   cloning phase (CORL's bc_steps = 0).
3. TD: one policy action a' from in/noise_next[:, 0] at next_input (form plain), or n of them from in/noise_next (form
   lagrange: CORL's max_target_backup): y = r + gamma mask max over them of min(Q_target0, Q_target1)(next_input, a').
   No entropy in the target (CORL's backup_entropy = False). TD loss of critic i = mean (Q_i(value_input, a) - y)^2.
4. Conservative term of critic i, n = 4 samples of each of three kinds at state s = value_input, no gradient through
   actions or densities: uniform in/random_actions with log density -2 ln 2 (0.5 a component); policy actions at
   next_input from in/noise_cql_next with their log p; policy actions at s from in/noise_cql_current with theirs.
   All 3 n actions are judged at s. difference_i = mean over rows of
   clamp(log sum exp(Q_i(s, a_k) - log p_k) - Q_i(s, a), low, infinity); temperature 1.
   plain: term_i = 5 difference_i, low = -infinity.
   lagrange: alpha' = clamp(exp(log_alpha_prime), 0, 1e6), term_i = alpha' 5 (difference_i - .8), low = -200;
   alpha' loss = -(term_0 + term_1) / 2, gradient to log_alpha_prime only.
   critic loss = sum over i of TD loss + term (alpha' constant).
5. Adam: log_alpha and policy 1e-4, critics and log_alpha_prime 3e-4; then target_i += .005 (critic_i - target_i).

B = 6, n = 4. in/input = in/value_input, in/next_input (6, 2), in/action, in/reward, in/mask of learning.py;
in/noise_policy (6, 2), in/noise_next, in/noise_cql_next, in/noise_cql_current, in/random_actions (6, 4, 2).
w/actor..., w/multiplier (1), w/offset (1), w/critic0..., critic1..., target0..., target1..., w/log_alpha (),
w/log_alpha_prime ().
out/actor_actions (6, 2), out/log_p (6), out/alpha_loss (), out/actor_loss (), grad/actor..., grad/multiplier,
grad/offset, grad/log_alpha; for FORM in plain, lagrange: out/FORM/target (6): y, td_loss (2), difference (2),
critic_loss (), grad/FORM/critic0..., critic1...; out/lagrange/alpha_prime_loss (), grad/lagrange/log_alpha_prime;
out/after/actor..., multiplier, offset, log_alpha; out/FORM/after/critic0..., critic1..., target0..., target1...;
out/lagrange/after/log_alpha_prime.
"""

import math

import torch

from learning import CASES, GAMMA, critic_q, frozen, make_batch, smaller
from reference import (Draw, adam_update, constants, exact, gradients, leaves, mlp, polyak_update, of, prefixed,
                       renamed, save)

COUNT, WEIGHT, GAP, LOW, ENTROPY = 4, 5.0, 0.8, -200.0, -2.0
draw, settings = Draw(18), CASES["corl"]
batch = make_batch(draw, "corl")
batch |= {"noise_policy": draw.normal(6, 2), "random_actions": draw.uniform(6, COUNT, 2)}
batch |= {name: draw.normal(6, COUNT, 2) for name in ("noise_next", "noise_cql_next", "noise_cql_current")}
weights = draw.mlp("actor", [2, 8, 8, 4], norm=False)
weights |= {"multiplier": exact([1.1]), "offset": exact([-0.9])}
weights |= {"log_alpha": exact(-0.7), "log_alpha_prime": exact(0.4)}
for name in ("critic0", "critic1", "target0", "target1"):
    weights |= draw.mlp(name, [4, 8, 8, 1], norm=False)
policy = leaves(of(weights, "actor", "multiplier", "offset"))
alpha_of, prime_of = leaves(of(weights, "log_alpha")), leaves(of(weights, "log_alpha_prime"))
x = constants(batch)


def act(states, noise):
    """Actions (..., 2) and log densities (...) at states (6, 2), for noise (6, 2) or (6, n, 2)."""
    if noise.ndim == 3:
        states = states[:, None].expand(-1, noise.shape[1], -1)
    mean, raw = mlp(policy, "actor", states, "relu").chunk(2, -1)
    std = (policy["multiplier"] * raw + policy["offset"]).clamp(-20, 2).exp()
    distribution = torch.distributions.TransformedDistribution(
        torch.distributions.Normal(mean, std), torch.distributions.TanhTransform(cache_size=1))
    inner = mean + std * noise
    action = distribution.transforms[0](inner)
    return action, distribution.log_prob(action).sum(-1)


def judge(w, name, states, actions):
    if actions.ndim == 3:
        states = states[:, None].expand(-1, actions.shape[1], -1)
    return critic_q(w, name, settings, states, actions)


arrays = prefixed("in/", batch) | prefixed("w/", weights)
critics = leaves(of(weights, "critic0", "critic1"))
new_actions, log_p = act(x["input"], x["noise_policy"])
alpha_loss = -(alpha_of["log_alpha"] * (log_p.detach() + ENTROPY)).mean()
both = [judge(critics, f"critic{i}", x["input"], new_actions) for i in (0, 1)]
actor_loss = (alpha_of["log_alpha"].exp().detach() * log_p - smaller(both)).mean()
policy_grads, alpha_grads = gradients(actor_loss, policy), gradients(alpha_loss, alpha_of)
arrays |= frozen({"out/actor_actions": new_actions, "out/log_p": log_p, "out/alpha_loss": alpha_loss,
                  "out/actor_loss": actor_loss} | prefixed("grad/", policy_grads | alpha_grads))

for form in ("plain", "lagrange"):
    critics, targets = leaves(of(weights, "critic0", "critic1")), constants(of(weights, "target0", "target1"))
    with torch.no_grad():
        noise = x["noise_next"] if form == "lagrange" else x["noise_next"][:, :1]
        next_actions, _ = act(x["next_input"], noise)
        least = smaller([judge(targets, f"target{i}", x["next_input"], next_actions) for i in (0, 1)])
        y = x["reward"] + GAMMA * x["mask"] * least.max(-1).values
        at_next, log_next = act(x["next_input"], x["noise_cql_next"])
        at_current, log_current = act(x["value_input"], x["noise_cql_current"])
        candidates = torch.cat([x["random_actions"], at_next, at_current], 1)
        density = torch.cat([torch.full((6, COUNT), 2 * math.log(0.5)), log_next, log_current], 1)
    td, differences = [], []
    for i in (0, 1):
        q_data = judge(critics, f"critic{i}", x["value_input"], x["action"])
        ood = torch.logsumexp(judge(critics, f"critic{i}", x["value_input"], candidates) - density, 1)
        td.append((q_data - y).square().mean())
        differences.append((ood - q_data).clamp(min=LOW if form == "lagrange" else -math.inf).mean())
    if form == "lagrange":
        prime = prime_of["log_alpha_prime"].exp().clamp(0, 1e6)
        terms = [prime * WEIGHT * (d - GAP) for d in differences]
        prime_loss = -(terms[0] + terms[1]) / 2
        prime_grads = gradients(prime_loss, prime_of)
        arrays |= frozen({"out/lagrange/alpha_prime_loss": prime_loss} | prefixed("grad/lagrange/", prime_grads))
    else:
        terms = [WEIGHT * d for d in differences]
    critic_loss = sum(td) + sum(terms)
    grads = gradients(critic_loss, critics)
    arrays |= frozen(prefixed(f"out/{form}/", {"target": y, "td_loss": torch.stack(td), "critic_loss": critic_loss,
                                               "difference": torch.stack(differences)}) |
                     prefixed(f"grad/{form}/", grads))
    adam_update(critics, grads, 3e-4)
    polyak_update(targets, renamed(critics, "critic0", "target0") | renamed(critics, "critic1", "target1"), 0.005)
    arrays |= frozen(prefixed(f"out/{form}/after/", critics | targets))

adam_update(policy, policy_grads, 1e-4)
adam_update(alpha_of, alpha_grads, 1e-4)
adam_update(prime_of, prime_grads, 3e-4)
save(__file__, arrays | frozen(prefixed("out/after/", policy | alpha_of) | prefixed("out/lagrange/after/", prime_of)))
