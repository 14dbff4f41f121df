#!/usr/bin/env python3
"""The NumPy peer for bench/run.py (see protocol.py): matrix products with OpenBLAS, loading and writing of npz files.

    python bench/peers/numpy_twin.py --threads 2              # reads requests
    python bench/peers/numpy_twin.py --make ant FOLDER        # writes stored.npz and compressed.npz to FOLDER
"""
import argparse
import os

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--make", nargs=2, metavar=("KIND", "FOLDER"))
ARGS = parser.parse_args()
os.environ["OPENBLAS_NUM_THREADS"] = str(ARGS.threads)     # read when numpy is loaded

import numpy as np

from protocol import parse_gemm, repeats_of_gemm, serve

ROWS, EPISODE = 1_000_000, 201
KINDS = {"point": dict(observations=2, actions=2, qpos=2, qvel=2), "ant": dict(observations=29, actions=8, qpos=15, qvel=14)}


def make_arrays(kind):
    """OGBench's layout: random walks (positions), noise (velocities), clipped noise (actions)."""
    rng, columns = np.random.default_rng(0), KINDS[kind]
    qpos = (0.2 * rng.standard_normal((ROWS, columns["qpos"]), np.float32)).cumsum(0, dtype=np.float32)
    qvel = rng.standard_normal((ROWS, columns["qvel"]), np.float32)
    terminals = np.arange(ROWS) % EPISODE == EPISODE - 1
    terminals[-1] = True
    return {"observations": np.concatenate([qpos, qvel], 1)[:, :columns["observations"]],
            "actions": np.clip(rng.standard_normal((ROWS, columns["actions"]), np.float32), -1, 1),
            "terminals": terminals, "qpos": qpos, "qvel": qvel}


def load(path, keys=None):
    with np.load(path) as file:
        return {key: file[key] for key in keys or file.files}


def make_load(request):
    arrays = {}

    def step():
        arrays.clear()                # frees the arrays of the previous load first
        arrays.update(load(request["file"], request["arrays"]))

    return step, 1, None


def make_write(request):
    arrays = load(request["file"])
    path = request["file"] + ".written.npz"
    return lambda: np.savez_compressed(path, **arrays), 1, None


def make_gemm(request):
    kind, rows, inner, outer = parse_gemm(request["item"])
    rng = np.random.default_rng(0)
    x, w, g = (rng.standard_normal(shape, np.float32) for shape in ((rows, inner), (inner, outer), (rows, outer)))
    a, b = {"nn": (x, w), "nt": (g, w.T), "tn": (x.T, g)}[kind]
    c, times = np.empty((a.shape[0], b.shape[1]), np.float32), repeats_of_gemm(rows, inner, outer)

    def step():
        for _ in range(times):
            np.matmul(a, b, out=c)

    return step, times, 2e-9 * rows * inner * outer


def make(request):
    kind = request["item"].split("-")[:2]
    return {"npz-load": make_load, "npz-write": make_write}.get("-".join(kind), make_gemm)(request)


if __name__ == "__main__":
    if ARGS.make:
        made = make_arrays(ARGS.make[0])
        np.savez(os.path.join(ARGS.make[1], "stored.npz"), **made)
        np.savez_compressed(os.path.join(ARGS.make[1], "compressed.npz"), **made)
    else:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        serve({"numpy": np.__version__, "blas": "%s %s" % (blas["name"], blas["version"])}, make)
