"""Computes the actions of a policy that `astro policy export` wrote, with NumPy only (docs/formats.md, "Policies").

    policy = Policy("policy.npz")
    action = policy.act(observation, goal)      # one row or an array of rows; no goal for single-task policies
"""
import numpy as np


class Policy:
    def __init__(self, path):
        with np.load(path) as file:
            self.arrays = {key: file[key] for key in file.files if key != "meta.json"}
        if self.arrays["policy_version"][0] not in (1, 2, 3):
            raise ValueError(f"{path}: version {self.arrays['policy_version'][0]} of the format, expected 1, 2 or 3")

    def network(self, prefix, h):
        a = {key[len(prefix):]: value for key, value in self.arrays.items() if key.startswith(prefix)}
        last = a["hidden_layers"][0]
        for i in range(last):
            h = h @ a[f"layer{i}/weight"] + a[f"layer{i}/bias"]
            if a["gelu"][0]:
                h = h / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
            else:
                h = np.maximum(h, 0)
            if a["layer_norm"][0]:
                h = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-6)
                h = h * a[f"norm{i}/gain"] + a[f"norm{i}/bias"]
        return h @ a[f"layer{last}/weight"] + a[f"layer{last}/bias"]

    def inputs(self, row):
        a = self.arrays
        varies = a["state_scale"] > 0  # columns that never changed in the data are not inputs
        x = (np.asarray(row, float) - a["state_centre"])[..., varies] / a["state_scale"][varies]
        x = x.astype(np.float32).astype(float)
        if "latent_centre" not in a:
            return x
        return np.concatenate([x, (self.network("encoder/", x) - a["latent_centre"]) / a["latent_scale"]], axis=-1)

    def act(self, observation, goal=None):
        a = self.arrays
        state = h = self.inputs(observation)
        if a["goal_conditioned"][0]:
            h = np.concatenate([state, self.inputs(goal)], axis=-1)
        if a["policy_version"][0] == 3:
            subgoal = self.network("high/", h)
            if a["high/scaled"][0]:
                subgoal = subgoal / np.sqrt(np.mean(subgoal**2, axis=-1, keepdims=True))
            h = np.concatenate([state, subgoal], axis=-1)
        h = self.network("", h)
        if a["tanh"][0]:
            h = np.tanh(h)
        action = np.zeros(h.shape[:-1] + a["action_centre"].shape)
        action[..., a["action_scale"] > 0] = np.clip(h, -1, 1)
        return a["action_centre"] + a["action_scale"] * action
