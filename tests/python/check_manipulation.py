"""Compares evaluations of astro in OGBench's environments with OGBench driven directly.

Usage: python3 tests/python/check_manipulation.py record NAME FILE.npz
       python3 tests/python/check_manipulation.py compare NAME REQUESTS ANSWERS RESULTS
       python3 tests/python/check_manipulation.py solve NAME examples/ogbench/environment.py
       python3 tests/python/check_manipulation.py replay NAME examples/ogbench/environment.py FILE.npz
`record` writes a small data set: random actions, or in a puzzle a script that solves task 1. `solve` runs this script
in OGBench and in the server, which must report success in the same step. `replay` compares the rows of a file with the
server's replay. `compare` reads a recorded session of the protocol (docs/environments.md) and the results of
`astro evaluate --json`. It resets OGBench's own environment to the same tasks and seeds, steps it with the same
actions, and requires the same observations, successes and lengths of episodes. Exit code 1 if anything differs.
"""

import json
import subprocess
import sys

import gymnasium
import numpy as np
import ogbench  # noqa: F401: registers the environments

EPISODES, STEPS = 12, 80
ARM = 12  # leading columns of observations: angles and velocities of the arm


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
            noisy = np.clip(action + 0.3 * rng.normal(size=len(action)), -1, 1)
            for key, value in (("observations", state), ("actions", noisy), ("qpos", env.unwrapped.data.qpos),
                               ("qvel", env.unwrapped.data.qvel)):  # fmt: skip
                columns.setdefault(key, []).append(np.array(value, np.float32))
            state, _, done, _, _ = env.step(noisy.astype(np.float32).astype(float))
            t += 1
            columns.setdefault("terminals", []).append(t == STEPS or done)
    np.savez_compressed(path, **{key: np.array(rows) for key, rows in columns.items()})
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
                env = make(name)  # a new one for each episode, so that nothing is left of earlier episodes
                state, info = reset(env, request["tasks"][i], request["seeds"][i])
                same(state, answer["states"][i], False, told[i])
                assert np.array_equal(info["goal"], answer["goals"][i]), "the goals differ"
                if agent in episodes:
                    ended.append(episodes[agent])
                episodes[agent] = {"env": env, "steps": 0, "success": False}
        elif request["request"] == "step":
            for i, agent in enumerate(request["agents"]):
                one = episodes[agent]
                assert not one["success"], "an episode continues after its success"
                state, _, _, truncated, info = one["env"].step(np.clip(request["actions"][i], -1, 1))
                one["steps"] += 1
                one["success"], one["truncated"] = bool(info["success"]), truncated
                same(state, answer["states"][i], one["success"], told[i])
    ended = [one for one in ended + list(episodes.values()) if one["steps"]]
    for one in ended:
        assert one["success"] or one["truncated"], f"an episode ends after {one['steps']} steps without success"
    rate, length = (np.mean([one[key] for one in ended]) for key in ("success", "steps"))
    assert len(ended) == results["episodes"], f"{len(ended)} episodes, in the results {results['episodes']}"
    assert abs(rate - results["success"]) < 1e-9, f"success is {results['success']}, in OGBench {rate}"
    assert abs(length - results["mean_steps"]) < 1e-9, f"mean steps are {results['mean_steps']}, in OGBench {length}"
    assert worst <= 1e-9, f"observations differ by {worst}"
    print(f"{name}: {len(ended)} episodes, {sum(one['steps'] for one in ended)} steps, success {rate}, as in OGBench")


class Server:
    """A process that serves the environment."""

    def __init__(self, name, server):
        command = [sys.executable, server, name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        print(json.dumps({"id": 1, **request}), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def solve(name, path):
    server, env = Server(name, path), make(name)
    state, _ = reset(env, 1, 5)
    server.ask(request="reset", protocol="goal-conditioned", agents=[0], tasks=[1], seeds=[5])
    for t in range(1, 200):
        action = press_corners(env, state)
        state, _, done, _, _ = env.step(action)
        answer = server.ask(request="step", agents=[0], actions=[action.tolist()])
        assert np.array_equal(state, answer["states"][0]), f"step {t}: the observations differ"
        assert answer["success"] == [done], f"step {t}: success is {answer['success']}, in OGBench {done}"
        if done:
            break
    server.close()
    assert done, "the script did not solve the puzzle"
    print(f"{name}: solved in step {t}, as in OGBench")


def replay(name, path, file):
    data = np.load(file)
    rows = np.flatnonzero(~data["terminals"])
    server = Server(name, path)
    asked = {key: data[key][rows].astype(float).tolist() for key in ("actions", "qpos", "qvel")}
    states = data["observations"][rows].astype(float).tolist()
    got = np.array(server.ask(request="replay", states=states, **asked)["states"])
    again = np.array(server.ask(request="replay", states=states[:1], **{k: v[:1] for k, v in asked.items()})["states"])
    server.close()
    assert np.array_equal(got[:1], again), "a row depends on other rows"
    change = data["observations"][rows + 1].astype(float) - data["observations"][rows]
    error = np.abs(got - data["observations"][rows + 1])[:, :ARM] / change.std(0)[:ARM]
    median = np.median(error.max(1))
    assert median < 1e-3, f"the median error of the arm is {median} standard deviations of its change"
    print(f"{name}: {len(rows)} rows, median error of the arm {median} standard deviations")


if __name__ == "__main__":
    {"record": record, "compare": compare, "solve": solve, "replay": replay}[sys.argv[1]](*sys.argv[2:])
