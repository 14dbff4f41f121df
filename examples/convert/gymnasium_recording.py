"""Records episodes of a Gymnasium environment for astro, and replays the actions of a data set in one.

    python3 gymnasium_recording.py Pendulum-v1 20 pendulum.npz   # 20 episodes of random actions; insert your policy
    python3 gymnasium_recording.py pendulum.npz Pendulum-v1      # replays every episode, from reset(seed=number)

Needs numpy and gymnasium. An episode has one observation more than actions, which astro supports.
"""

import sys

import gymnasium
import numpy as np


def record(environment, episodes, target):
    observations, actions, truncations = [], [], []
    environment.action_space.seed(0)
    for episode in range(episodes):
        observation, done = environment.reset(seed=episode)[0], False
        observations.append(observation)
        while not done:
            action = environment.action_space.sample()  # or the action of your policy
            observation, _, terminated, truncated, _ = environment.step(action)
            done = terminated or truncated
            observations.append(observation)
            actions.append(action)
            truncations.append(done)
    np.savez_compressed(target, observations=observations, actions=actions, truncations=truncations)


def replay(data, environment):
    step, worst = 0, 0
    row = 0
    for episode in range(int(data["truncations"].sum())):
        observation, done = environment.reset(seed=episode)[0], False
        worst = max(worst, np.abs(observation - data["observations"][row]).max())
        while not done:
            observation = environment.step(data["actions"][step])[0]
            done = data["truncations"][step]
            step, row = step + 1, row + 1
            worst = max(worst, np.abs(observation - data["observations"][row]).max())
        row += 1
    print(f"{step} steps, largest difference {worst:g}")


if sys.argv[1].endswith(".npz"):
    replay(np.load(sys.argv[1]), gymnasium.make(sys.argv[2]))
else:
    record(gymnasium.make(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
