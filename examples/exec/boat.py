#!/usr/bin/env python3
"""The boat of examples/lake.h as a simulator for astro. Implements version 1 of the protocol in
docs/environments.md with Python's standard library only.

    build/astro data verify lake.npz --env "exec:python3 examples/exec/boat.py"

To serve a system of your own, replace `Boat` and the constants above it.
"""
import json
import random
import sys

LAKE, THRUST, WHIRL, TOLERANCE, STEP_LIMIT = 10.0, 0.2, 0.01, 0.5, 200
TASKS = [((-6.0, -6.0), (6.0, 6.0)), ((7.0, -5.0), (-6.0, 4.0))]


class Boat:
    """A boat in a state; `step` moves it and returns its next state."""

    def __init__(self, state):
        self.x, self.y = state

    def step(self, action):
        ax, ay = (max(-1.0, min(1.0, a)) for a in action)
        drift_x, drift_y = -WHIRL * self.y, WHIRL * self.x
        self.x += THRUST * ax + drift_x
        self.y += THRUST * ay + drift_y
        return [self.x, self.y]


agents = {}  # boats by number of the agent


def describe(_):
    return {
        "version": 1,
        "name": "boat-v0",
        "state_dim": 2,
        "action_dim": 2,
        "position": [0, 1],
        "tasks": [{"start": start, "goal": goal} for start, goal in TASKS],
        "step_limit": STEP_LIMIT,
        "tolerance": TOLERANCE,
        "gamma": 0.99,
        "replays_states": True,
        "picture": {"bounds": [-LAKE, -LAKE, 2 * LAKE, 2 * LAKE], "walls": []},
    }


def reset(request):
    states, goals = [], []
    for agent, task, seed in zip(request["agents"], request["tasks"], request["seeds"]):
        rng = random.Random(seed)  # an episode's random numbers depend on its seed only
        start, goal = TASKS[task - 1]
        start = [v + rng.uniform(-1, 1) for v in start]
        if request["protocol"] == "goal-conditioned":
            goal = [v + rng.uniform(-1, 1) for v in goal]
        agents[agent] = Boat(start)
        states.append(start)
        goals.append(goal)
    return {"states": states, "goals": goals}


def step(request):
    return {"states": [agents[agent].step(action) for agent, action in zip(request["agents"], request["actions"])]}


def replay(request):
    return {"states": [Boat(state).step(action) for state, action in zip(request["states"], request["actions"])]}


REQUESTS = {"describe": describe, "reset": reset, "step": step, "replay": replay}

for line in sys.stdin:  # the input ends when astro ends
    request = json.loads(line)
    if request["request"] in REQUESTS:
        answer = REQUESTS[request["request"]](request)
    else:
        answer = {"error": "unknown request"}
    print(json.dumps({"id": request["id"], **answer}, allow_nan=False), flush=True)
