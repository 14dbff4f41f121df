#!/usr/bin/env python3
"""Serves OGBench's environments to astro: version 1 of the protocol in docs/environments.md.

    make deps-ogbench
    build/astro data verify FILE.npz --env "exec:build/ogbench-venv/bin/python examples/ogbench/environment.py antmaze-medium-v0"

Supports point, ant and humanoid mazes, ant soccer, cubes, scenes and puzzles, with states as observations (no pixels).
It runs OGBench's environments in MuJoCo without changes, except that the seed determines the goals. Every agent is a
separate environment object, so --agents limits memory and start-up time.
"""
import argparse
import json
import os
import sys
import tempfile

import numpy as np

LOCOMOTION = ("ogbench.locomaze.point", "ogbench.locomaze.ant", "ogbench.locomaze.humanoid")
# In manipulation, observations begin with these columns of the arm, then of each cube, then of each button.
ARM_COLUMNS, CUBE_COLUMNS = 19, 9
EFFECTOR = slice(12, 15)  # (position of the gripper - CENTRE) * SCALE
COS_YAW, SIN_YAW = 15, 16  # of the gripper
CENTRE, SCALE = np.array([0.425, 0.0, 0.0]), 10.0


class Maze:
    """A point, ant or humanoid in a maze; in ant soccer with a ball."""

    agents = 64

    def __init__(self, env):
        self.env = env
        self.locomotion = next(c for c in type(env).__mro__ if c.__module__ in LOCOMOTION)
        self.soccer = hasattr(env, "get_agent_ball_xy")
        self.portals = env._teleport_info is not None
        self.random_state = None

    def reset(self, task, seed, noisy_goal):
        np.random.seed(seed)  # OGBench draws starts, goals and portals from NumPy's global generator
        self.env.action_space.seed(seed)
        self.env._add_noise_to_goal = noisy_goal
        state, info = self.env.reset(seed=seed, options={"task_id": task})
        self.random_state = np.random.get_state()
        return state, info["goal"]

    def task_without_noise(self, task):
        """Start and goal without noise, in the centres of their cells."""
        self.env.add_noise = lambda xy: (float(xy[0]), float(xy[1]))
        try:
            return self.reset(task, 0, False)
        finally:
            del self.env.add_noise

    def step(self, action):
        if not self.portals:
            return self.env.step(action)[0]
        np.random.set_state(self.random_state)
        state = self.env.step(action)[0]
        self.random_state = np.random.get_state()
        return state

    def success(self):
        return bool(self.env.compute_success())

    def replay(self, _, action, qpos, qvel):
        import mujoco

        mujoco.mj_resetData(self.env.model, self.env.data)  # no warm start from the previous row
        self.env.set_state(qpos, qvel)
        return self.locomotion.step(self.env, action)[0]  # without portals

    def split(self, state):
        """qpos and qvel of an observation that contains the whole state, otherwise None."""
        if self.soccer:
            return None
        nq, nv = self.env.model.nq, self.env.model.nv
        if len(state) == nq:  # the point: each step sets its velocity to 0
            return state, np.zeros(nv)
        return (state[:nq], state[nq:]) if len(state) == nq + nv else None

    def describe(self):
        unit = self.env._maze_unit
        walls = [
            [j * unit - self.env._offset_x - unit / 2, i * unit - self.env._offset_y - unit / 2, unit, unit]
            for i, row in enumerate(self.env.maze_map)
            for j, cell in enumerate(row)
            if cell == 1
        ]
        rows, columns = self.env.maze_map.shape
        corner = [-self.env._offset_x - unit / 2, -self.env._offset_y - unit / 2]
        picture = {"bounds": corner + [columns * unit, rows * unit], "walls": walls}
        rule = {"judges": True} if self.soccer else {"tolerance": self.env._goal_tol}
        size = self.env._maze_type
        gamma = 0.99 if size == "medium" else 0.998 if size == "giant" else 0.995
        return {"position": [0, 1], "picture": picture, "gamma": gamma, **rule}


class Manipulation:
    """An arm with cubes, a scene, or a puzzle of buttons. OGBench judges success."""

    agents = 4

    def __init__(self, env):
        # OGBench takes random actions to reach the goal, from a new action space without a seed in each use.
        fixed = {"action_space": env.action_space}
        env.__class__ = type(type(env).__name__, (type(env),), fixed)
        self.env = env

    def reset(self, task, seed, _):
        np.random.seed(seed)
        self.env.action_space.seed(seed)
        state, info = self.env.reset(seed=seed, options={"task_id": task})
        return state, info["goal"]

    def task_without_noise(self, task):
        return self.reset(task, 0, False)

    def step(self, action):
        return self.env.step(action)[0]

    def success(self):
        return bool(self.env._success)

    def replay(self, state, action, qpos, qvel):
        import mujoco

        mujoco.mj_resetData(self.env.model, self.env.data)
        if hasattr(self.env, "_cur_button_states"):
            # The observation has each button's state as a one-hot code, then its position and velocity.
            kinds = self.env._num_button_states
            first = ARM_COLUMNS + CUBE_COLUMNS * getattr(self.env, "_num_cubes", 0)
            codes = [state[first + i * (kinds + 2) :][:kinds] for i in range(self.env._num_buttons)]
            self.env.set_state(qpos, qvel, np.array([int(np.argmax(code)) for code in codes]))
        else:
            self.env.set_state(qpos, qvel)
        self.set_effector(state)
        return self.env.step(action)[0]

    def set_effector(self, state):
        """Sets the pose to which the action is relative, to that of the observation.

        It is of the time before the last substep in cubes, so MuJoCo cannot compute it from qpos. Only the position and
        the yaw matter. The step recomputes both from qpos afterwards.
        """
        site, data = self.env._pinch_site_id, self.env.data
        cos, sin = state[[COS_YAW, SIN_YAW]] / np.hypot(state[COS_YAW], state[SIN_YAW])
        data.site_xpos[site] = state[EFFECTOR] / SCALE + CENTRE
        data.site_xmat[site] = [cos, -sin, 0, sin, cos, 0, 0, 0, 1]

    def split(self, _):
        return None

    def describe(self):
        return {"judges": True, "gamma": 0.99}


def make(name):
    """One environment, as a Maze or a Manipulation."""
    import gymnasium
    import ogbench  # noqa: F401: registers the environments

    with tempfile.TemporaryDirectory() as folder:  # mazes do not remove the file of their description
        tempfile.tempdir = folder
        try:
            made = gymnasium.make(name)
        finally:
            tempfile.tempdir = None
    env, limit = made.unwrapped, made.spec.max_episode_steps
    if getattr(env, "_ob_type", None) != "states":
        raise SystemExit(f"{name}: only environments whose observations are states are supported")
    if getattr(env, "_reward_task_id", None) is not None:
        raise SystemExit(f"{name}: name the environment without -singletask; the protocol tells how goals are set")
    served = Maze(env) if hasattr(env, "maze_map") else Manipulation(env)
    served.limit = limit
    return served


class Server:
    def __init__(self, name, agents):
        self.name = name
        self.first = make(name)  # answers describe, and is agent 0
        self.served = {0: self.first}
        self.max_agents = agents or self.first.agents

    def describe(self, _):
        tasks = []
        for task in range(1, self.first.env.num_tasks + 1):
            start, goal = self.first.task_without_noise(task)
            tasks.append({"start": start.tolist(), "goal": goal.tolist()})
        model = self.first.env.model
        return {
            "version": 1,
            "name": self.name,
            "state_dim": len(start),
            "action_dim": self.first.env.action_space.shape[0],
            "tasks": tasks,
            "step_limit": self.first.limit,
            "agents": self.max_agents,
            "replays_states": self.first.split(start) is not None,
            "qpos_columns": model.nq,
            "qvel_columns": model.nv,
            **self.first.describe(),
        }

    def answer(self, states, served):
        answer = {"states": [state.tolist() for state in states]}
        if "judges" in self.first.describe():
            answer["success"] = [one.success() for one in served]
        return answer

    def reset(self, request):
        served, states, goals = [], [], []
        for agent, task, seed in zip(request["agents"], request["tasks"], request["seeds"]):
            if agent not in self.served:
                self.served[agent] = make(self.name)
            served.append(self.served[agent])
            state, goal = served[-1].reset(task, seed, request["protocol"] == "goal-conditioned")
            states.append(state)
            goals.append(goal.tolist())
        return {**self.answer(states, served), "goals": goals}

    def step(self, request):
        served = [self.served[agent] for agent in request["agents"]]
        limits = self.first.env.action_space
        actions = np.clip(request["actions"], limits.low, limits.high)  # as in OGBench's evaluation; points do not clip
        states = [one.step(action) for one, action in zip(served, actions)]
        return self.answer(states, served)

    def replay(self, request):
        if not hasattr(self, "replayer"):
            self.replayer = make(self.name)  # a separate object, so that agents keep their states
            self.replayer.task_without_noise(1)
        states = []
        for i, state in enumerate(request["states"]):
            state = np.array(state)
            if "qpos" in request:
                qpos, qvel = np.array(request["qpos"][i]), np.array(request["qvel"][i])
            else:
                qpos, qvel = self.replayer.split(state)
            states.append(self.replayer.replay(state, np.array(request["actions"][i]), qpos, qvel).tolist())
        return {"states": states}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="OGBench's name of the environment, such as antmaze-medium-v0")
    parser.add_argument("--agents", type=int, default=0, help="maximum number of agents; default 64 in mazes, 4 elsewhere")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries goes to standard error
    server = Server(options.name, options.agents)
    requests = {"describe": server.describe, "reset": server.reset, "step": server.step, "replay": server.replay}
    for line in sys.stdin:
        request = json.loads(line)
        if request["request"] in requests:
            answer = requests[request["request"]](request)
        else:
            answer = {"error": "unknown request"}
        print(json.dumps({"id": request["id"], **answer}, allow_nan=False), file=answers, flush=True)


if __name__ == "__main__":
    main()
