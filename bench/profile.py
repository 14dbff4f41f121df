#!/usr/bin/env python3
"""Shows where the time of each step is spent: runs perf (Linux) on `astro bench` with one thread and groups functions by kind.

    python3 bench/profile.py [--astro build/astro] [ITEM]...      # default: the training steps; prints Markdown
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

STEPS = ["tdr", "dynamics", "planner", "iql", "td3bc", "cql"]
# The first match counts. None: not part of a step (measurement of the peak, preparation of data).
KINDS = [
    (None, r"peak_loop|cut_at_jumps|measure|index_episodes|RandomWorld|window_starts"),
    ("products", r"\btile<|gemm<|\blinear<|narrow_|each_piece|multiply_block"),
    ("packing", r"\bpack"),
    ("attention", r"attention|softmax"),
    ("elementwise, norms, sums", r"unary|binary|sum_to|walk<|sum_of<|max_of<|dot<|layer_norm|gated_linear|linear_grad|logsumexp|expf|tanh"),
    ("optimiser, averages", r"adam|lerp|sum_of_squares"),
    ("copies, memory", r"copy_rows|::fill|mem(cpy|set|move)|\[k\]|alloc|free|::copy"),
    ("random numbers, batches", r"Rng|logf|sincos|cosf|sinf|append|standardise|gather|draw"),
    ("other", r""),
]
SHOWN = [kind for kind, _ in KINDS if kind]


def profile(astro, item):
    """{kind: percentage of the time of the step}."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        subprocess.run(["perf", "record", "-q", "-F", "999", "-o", data, astro, "bench", "--items", item, "--threads", "1",
                        "--seconds", "3"], check=True, stdout=subprocess.DEVNULL)
        report = subprocess.run(["perf", "report", "-i", data, "--stdio", "--no-children", "-g", "none", "--percent-limit", "0"],
                                check=True, capture_output=True, text=True).stdout
    shares = dict.fromkeys(SHOWN, 0.0)
    for line in report.splitlines():
        found = re.match(r"\s*([0-9.]+)%\s+\S+\s+\S+\s+(.*)", line)
        kind = found and next(kind for kind, pattern in KINDS if re.search(pattern, found[2]))
        if kind:
            shares[kind] += float(found[1])
    total = sum(shares.values())
    return {kind: 100 * share / total for kind, share in shares.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--astro", default="build/astro")
    parser.add_argument("items", nargs="*", default=STEPS)
    options = parser.parse_args()
    print("| share of the step's time, % | " + " | ".join(SHOWN) + " |")
    print("|---|" + "--:|" * len(SHOWN))
    for item in options.items or STEPS:
        try:
            shares = profile(options.astro, item)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit("profile: perf cannot run %s: %s" % (options.astro, error))
        print("| %s | %s |" % (item, " | ".join("%.0f" % shares[kind] for kind in SHOWN)), flush=True)


if __name__ == "__main__":
    main()
