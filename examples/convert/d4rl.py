"""Converts an HDF5 file of D4RL to a data set for astro, and back.

    python3 d4rl.py maze2d-large-v1.hdf5 maze2d.npz
    python3 d4rl.py augmented.npz augmented.hdf5

Needs numpy and h5py. D4RL marks the end of an episode in `terminals` (a terminal state) or in `timeouts` (truncated).
astro reads both, and other marks, so the arrays are only copied. In the other direction every end is a timeout, so that
learners bootstrap there. `infos/qpos` and `infos/qvel`, the simulator's state on each row, are `qpos` and `qvel` for
astro. Rewards are 0, because astro does not store them.
"""

import sys

import h5py
import numpy as np

from episode_ends import ALL, last_rows

source, target = sys.argv[1:]
states = {"qpos": "infos/qpos", "qvel": "infos/qvel"}  # astro's names and D4RL's


def require_arrays(found):
    for key in ("observations", "actions"):
        if key not in found:
            names = ", ".join(sorted(found)[:20]) + (", ..." if len(found) > 20 else "")
            sys.exit(f"{source}: no array '{key}'; it has: {names or 'no arrays'}")


if source.endswith(".npz"):
    data = np.load(source)
    require_arrays(data.files)
    rows = len(data["observations"])
    with h5py.File(target, "w") as file:
        for key in ("observations", "actions"):
            file[key] = data[key]
        file["terminals"] = np.zeros(rows, bool)
        file["timeouts"] = np.isin(np.arange(rows), last_rows(data, source))
        file["rewards"] = np.zeros(rows, np.float32)
        for key, theirs in states.items():
            if key in data:
                file[theirs] = data[key]
else:
    with h5py.File(source) as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        require_arrays(found)
        names = {**{key: key for key in ("observations", "actions", "next_observations") + ALL}, **states}
        np.savez_compressed(target, **{key: file[theirs][:] for key, theirs in names.items() if theirs in found})
