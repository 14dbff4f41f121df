#!/usr/bin/env python3
"""Controls the boat of examples/lake.h with `astro act`, until it arrives. Needs only the standard library.

    python3 examples/policy/drive.py astro policy.npz

Prints the result like drive.cpp. The exit status is 0 if the boat arrives.
"""
import json
import math
import subprocess
import sys

program, policy = sys.argv[1:]
astro = subprocess.Popen([program, "act", "--policy", policy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
state, goal, steps = [-6.0, -6.0], [6.0, 6.0], 0
while steps < 200 and math.dist(state, goal) > 0.5:
    astro.stdin.write(json.dumps({"observation": state, "goal": goal}) + "\n")
    astro.stdin.flush()
    a = [max(-1.0, min(1.0, v)) for v in json.loads(astro.stdout.readline())["action"]]
    x, y = state
    state = [x + 0.2 * a[0] - 0.01 * y, y + 0.2 * a[1] + 0.01 * x]
    steps += 1
astro.stdin.close()
astro.wait()
print(f"{steps} steps, at ({state[0]:.6f}, {state[1]:.6f}), {math.dist(state, goal):.6f} from the goal", file=sys.stderr)
sys.exit(math.dist(state, goal) > 0.5)
