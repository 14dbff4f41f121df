"""Converts a replay buffer saved by d3rlpy (`dataset.dump(file)`) to a data set for astro, and back.

    python3 d3rlpy_buffer.py buffer.h5 data.npz
    python3 d3rlpy_buffer.py augmented.npz augmented.h5

Needs numpy and h5py; d3rlpy itself is not imported. Its file (version 2.1, d3rlpy/dataset/io.py of d3rlpy 2.8.1) has
`observations_K`, `actions_K`, `rewards_K` and `terminated_K` for episode K, their names in `columns`, and
`num_episodes`. d3rlpy reads the result with `ReplayBuffer.load(file, buffer)`.
"""

import sys

import h5py
import numpy as np

from episode_ends import last_rows

source, target = sys.argv[1:]
if source.endswith(".npz"):
    data = np.load(source)
    ends = last_rows(data, source) + 1
    with h5py.File(target, "w") as file:
        for k, (first, end) in enumerate(zip([0, *ends[:-1]], ends)):
            file[f"observations_{k}"] = data["observations"][first:end]
            file[f"actions_{k}"] = data["actions"][first:end]
            file[f"rewards_{k}"] = np.zeros((end - first, 1), np.float32)
            file[f"terminated_{k}"] = False  # the recording ends there, not the task
        file["columns"] = ["observations", "actions", "rewards", "terminated"]
        file["num_episodes"], file["version"] = len(ends), "2.1"
else:
    with h5py.File(source) as file:
        episodes = range(int(file["num_episodes"][()]))
        observations = [file[f"observations_{k}"][:] for k in episodes]
        actions = [file[f"actions_{k}"][:] for k in episodes]
    np.savez_compressed(target, observations=np.concatenate(observations), actions=np.concatenate(actions),
                        episode_lengths=[len(a) for a in actions])
