"""Converts a Minari data set to a data set for astro, and back.

    python3 minari_dataset.py D4RL/pointmaze/large-v2 pointmaze.npz
    python3 minari_dataset.py augmented.npz mine/augmented-v0

Needs numpy and minari (pip install "minari[hdf5,create]" pillow). An episode has one observation more than actions,
which astro supports. Of observations that are dictionaries (with goals), only the entry "observation" is used.
"""

import sys

import minari
import numpy as np

from episode_ends import last_rows

source, target = sys.argv[1:]
if source.endswith(".npz"):
    data = np.load(source)
    actions = data["actions"]
    ends = last_rows(data, source) + 1
    if len(data["observations"]) == len(actions) + len(ends):  # as in files that this script wrote
        actions = np.insert(actions, ends, 0, axis=0)  # a row for the last observation of each episode
        ends = ends + np.arange(1, len(ends) + 1)
    buffers = []
    for first, end in zip([0, *ends[:-1]], ends):
        steps = end - first - 1  # the action on an episode's last row is never used
        buffers.append(minari.data_collector.EpisodeBuffer(
            observations=data["observations"][first:end], actions=actions[first:end - 1],
            rewards=np.zeros(steps), terminations=np.zeros(steps, bool), truncations=np.arange(steps) == steps - 1))
    columns = [data[key].shape[1] for key in ("observations", "actions")]
    from gymnasium.spaces import Box

    minari.create_dataset_from_buffers(
        target, buffers, observation_space=Box(-np.inf, np.inf, (columns[0],), np.float32),
        action_space=Box(-1, 1, (columns[1],), np.float32))
else:
    observations, actions, ends = [], [], []
    for episode in minari.load_dataset(source, download=True).iterate_episodes():
        seen = episode.observations
        observations.append(seen["observation"] if isinstance(seen, dict) else seen)
        actions.append(episode.actions)
        ends.append(np.arange(len(episode.actions)) == len(episode.actions) - 1)
    np.savez_compressed(target, observations=np.concatenate(observations), actions=np.concatenate(actions),
                        truncations=np.concatenate(ends))
