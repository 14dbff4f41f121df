"""Reads data sets that astro wrote with OGBench's own load_dataset, in its regular and its compact form.

Usage: python3 tests/python/check_ogbench.py FILE.npz...
One line for each file; exit code 0 when all agree, 1 when not, 77 when NumPy or OGBench (pip install ogbench) is
missing. Shapes are held to the number of transitions, values to the arrays of the file as NumPy reads them.
"""

import sys
import zipfile

try:
    import numpy as np
    from ogbench.utils import load_dataset
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def equal(name, got, expected):
    expected = np.asarray(expected, np.float32)
    assert got.dtype == np.float32, f"{name} is {got.dtype}"
    assert got.shape == expected.shape, f"{name} has shape {got.shape}, expected {expected.shape}"
    assert np.array_equal(got, expected), f"{name} differs"


def check(path):
    with np.load(path, allow_pickle=False) as file:
        states, actions, terminals = file["observations"], file["actions"], file["terminals"].astype(bool)
    kept = ~terminals  # rows that a transition leaves
    left = np.nonzero(kept)[0]
    assert len(left) > 0, "no transitions"
    assert terminals[-1], "the last row is not terminal"
    ends = kept & np.append(terminals[1:], True)  # rows of each trajectory's last transition

    regular = load_dataset(path)
    assert set(regular) == {"observations", "actions", "terminals", "next_observations"}, set(regular)
    equal("observations", regular["observations"], states[left])
    equal("actions", regular["actions"], actions[left])
    equal("next_observations", regular["next_observations"], states[left + 1])
    equal("terminals", regular["terminals"], ends[left])

    compact = load_dataset(path, compact_dataset=True, add_info=True)
    equal("compact observations", compact["observations"], states)
    equal("compact actions", compact["actions"], actions)
    equal("compact valids", compact["valids"], kept)
    equal("compact terminals", compact["terminals"], terminals | ends)
    for key in {"qpos", "qvel"} & set(compact):
        assert len(compact[key]) == len(states), f"{key} has {len(compact[key])} rows"
    print(f"{path}: {len(states)} rows, {len(left)} transitions, {terminals.sum()} trajectories, as OGBench reads them")


if __name__ == "__main__":
    failed = 0
    for name in sys.argv[1:]:
        try:
            check(name)
        except (AssertionError, KeyError, ValueError, IndexError, OSError, zipfile.BadZipFile) as error:
            print(f"{name}: {type(error).__name__}: {error}")
            failed = 1
    sys.exit(failed if len(sys.argv) > 1 else 2)
