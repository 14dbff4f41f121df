"""Compares evaluations of astro in OGBench's environments with OGBench driven directly.

Usage: python3 tests/python/check_manipulation.py record NAME FILE.npz
       python3 tests/python/check_manipulation.py compare NAME REQUESTS ANSWERS RESULTS
`record` writes a small data set: random actions, or in a puzzle a script that solves task 1. `compare` reads a recorded
session of the protocol (docs/environments.md) and the results of `astro evaluate --json`. It resets OGBench's own
environment to the same tasks and seeds, steps it with the same actions, and requires the same observations, successes
and lengths of episodes. The last line counts them; exit code 1 if anything differs.
"""

import json
import sys

import gymnasium
import numpy as np
import ogbench  # noqa: F401: registers the environments

EPISODES, STEPS = 12, 80


def make(name):
    env = gymnasium.make(name)
    space = env.unwrapped.action_space
    type(env.unwrapped).action_space = space  # otherwise a new one without a seed in each use
    return env


def reset(env, task, seed):
    np.random.seed(seed)  # OGBench's mazes use NumPy's global generator
    env.unwrapped.action_space.seed(seed)
    return env.reset(seed=seed, options={"task_id": task})


def press_corners(env, state):
    """Presses the first and the last button of a 3 x 3 puzzle, which solves task 1."""
    puzzle = env.unwrapped
    button = 0 if puzzle._cur_button_states[0] == 0 else 8
    here = state[12:15] / 10 + [0.425, 0, 0]  # the observation contains the scaled position of the gripper
    to = puzzle.data.site_xpos[puzzle._button_site_ids[button]] - here
    if np.hypot(to[0], to[1]) > 0.02:
        to[2] = 0.2 - here[2]  # move to the side only above the buttons
        if to[2] > 0.05:
            to[:2] = 0
    return np.array([*np.clip(12 * to, -1, 1), 0, 1])


def record(name, path):
    env, rng, columns = make(name), np.random.default_rng(0), {}
    for episode in range(EPISODES):
        state, _ = reset(env, 1, 100 + episode)
        done, t, after = False, 0, 0
        while t < STEPS and not done:
            action = press_corners(env, state) if name.startswith("puzzle") else env.action_space.sample()
            noisy = np.clip(action + 0.1 * rng.normal(size=len(action)), -1, 1)
            for key, value in (("observations", state), ("actions", noisy), ("qpos", env.unwrapped.data.qpos),
                               ("qvel", env.unwrapped.data.qvel)):  # fmt: skip
                columns.setdefault(key, []).append(np.array(value, np.float32))
            state, _, done, _, _ = env.step(noisy.astype(np.float32).astype(float))
            t += 1
            columns.setdefault("terminals", []).append(t == STEPS or done)
    np.savez(path, **{key: np.array(rows) for key, rows in columns.items()})
    print(name, len(columns["terminals"]), "rows")


def compare(name, requests, answers, results):
    with open(requests) as sent, open(answers) as received:
        session = [(json.loads(a), json.loads(b)) for a, b in zip(sent, received, strict=True)]
    with open(results) as file:
        results = json.load(file)
    episodes = {}  # agent: its episode
    ended, worst = [], 0.0

    def same(state, other, success, told):
        nonlocal worst
        worst = max(worst, np.abs(state - np.array(other)).max())
        assert told is None or bool(success) == told, f"success is {told}, in OGBench {success}"

    for request, answer in session:
        told = answer.get("success", [None] * len(request.get("agents", [])))
        if request["request"] == "reset":
            for i, agent in enumerate(request["agents"]):
                env = make(name)
                # Mazes have noise in goals only in this protocol.
                assert request["protocol"] == "goal-conditioned"
                state, info = reset(env, request["tasks"][i], request["seeds"][i])
                same(state, answer["states"][i], False, told[i])
                assert np.array_equal(info["goal"], answer["goals"][i]), "the goals differ"
                if agent in episodes: ended.append(episodes[agent])
                episodes[agent] = {"env": env, "steps": 0, "success": False}
        elif request["request"] == "step":
            for i, agent in enumerate(request["agents"]):
                one = episodes[agent]
                assert not one["success"], "an episode continues after its success"
                state, _, _, truncated, info = one["env"].step(np.array(request["actions"][i]))
                one["steps"] += 1
                one["success"], one["truncated"] = bool(info["success"]), truncated
                same(state, answer["states"][i], one["success"], told[i])
    ended = [one for one in ended + list(episodes.values()) if one["steps"]]
    for one in ended:
        assert one["success"] or one["truncated"], f"an episode ends after {one['steps']} steps without success"
    rate = np.mean([one["success"] for one in ended])
    print(results)
    assert worst <= 1e-9, f"observations differ by {worst}"
    print(f"{name}: {len(ended)} episodes, {sum(one['steps'] for one in ended)} steps, success {rate}, as in OGBench")


if __name__ == "__main__":
    {"record": record, "compare": compare}[sys.argv[1]](*sys.argv[2:])
