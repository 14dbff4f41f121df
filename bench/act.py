#!/usr/bin/env python3
"""Measures `astro act`: actions per second, one observation at a time (request, answer, request) and as a stream.

    python3 bench/act.py POLICY.npz [--astro build/astro] [--requests 20000]      # POLICY.npz: of astro policy export

Observations and goals are standard normal. Each measurement is the best of three; a warm-up is not counted.
"""
import argparse
import json
import random
import subprocess
import threading
import time

WARM_UP = 200


def shape(astro, policy):
    """Observation and goal dimensions, which the error for an empty observation tells."""
    for members in ({"observation": [], "goal": []}, {"observation": []}):
        ended = subprocess.run([astro, "act", "--policy", policy], input=json.dumps(members), capture_output=True, text=True)
        if "expected " in ended.stderr and " numbers, expected " in ended.stderr:
            return int(ended.stderr.split(" numbers, expected ")[1].split()[0]), "goal" in members
    raise SystemExit(ended.stderr.strip())


def start(astro, policy):
    return subprocess.Popen([astro, "act", "--policy", policy], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def stop(process):
    process.stdin.close()
    if process.wait() != 0:
        raise SystemExit("astro act failed")


def one_at_a_time(astro, policy, lines):
    process = start(astro, policy)

    def ask(line):
        process.stdin.write(line)
        process.stdin.flush()
        if not process.stdout.readline():
            raise SystemExit("astro act ended early")

    for line in lines[:WARM_UP]:
        ask(line)
    begin = time.perf_counter()
    for line in lines:
        ask(line)
    seconds = time.perf_counter() - begin
    stop(process)
    return len(lines) / seconds


def stream(astro, policy, lines):
    process = start(astro, policy)
    process.stdin.write(lines[0])
    process.stdin.flush()
    process.stdout.readline()  # the policy is loaded
    text = b"".join(lines)
    begin = time.perf_counter()
    writer = threading.Thread(target=lambda: (process.stdin.write(text), process.stdin.flush()))
    writer.start()
    for _ in lines:
        if not process.stdout.readline():
            raise SystemExit("astro act ended early")
    seconds = time.perf_counter() - begin
    writer.join()
    stop(process)
    return len(lines) / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policy")
    parser.add_argument("--astro", default="build/astro")
    parser.add_argument("--requests", type=int, default=20000)
    options = parser.parse_args()
    width, goals = shape(options.astro, options.policy)
    rng = random.Random(0)
    row = lambda: [rng.gauss(0, 1) for _ in range(width)]  # noqa: E731
    lines = []
    for _ in range(options.requests):
        request = {"observation": row(), **({"goal": row()} if goals else {})}
        lines.append(json.dumps(request).encode() + b"\n")
    for name, measure in (("one at a time", one_at_a_time), ("stream", stream)):
        best = max(measure(options.astro, options.policy, lines) for _ in range(3))
        print(f"{name}: {best:.0f} actions per second, {1e6 / best:.1f} us each ({width} numbers per observation)")


if __name__ == "__main__":
    main()
