"""Converts an HDF5 file of D4RL to a data set for astro, and back.

    python3 d4rl.py maze2d-large-v1.hdf5 maze2d.npz
    python3 d4rl.py augmented.npz augmented.hdf5

Needs numpy and h5py. D4RL marks the end of an episode in `terminals` (a terminal state) or in `timeouts` (truncated).
astro reads both, so the arrays are only copied. In the other direction every end of either array is a timeout, so that
learners bootstrap there. Rewards are 0, because astro does not store them.
"""

import sys

import h5py
import numpy as np

source, target = sys.argv[1:]
if source.endswith(".npz"):
    data = np.load(source)
    rows = len(data["observations"])
    with h5py.File(target, "w") as file:
        for key in ("observations", "actions"):
            file[key] = data[key]
        file["terminals"] = np.zeros(rows, bool)
        file["timeouts"] = np.any([data[key] for key in ("terminals", "timeouts") if key in data], axis=0)
        file["rewards"] = np.zeros(rows, np.float32)
else:
    with h5py.File(source) as file:
        keys = [key for key in ("observations", "actions", "terminals", "timeouts") if key in file]
        np.savez_compressed(target, **{key: file[key][:] for key in keys})
