"""Reads data set files that astro wrote as others read them: zipfile, NumPy and, where installed, OGBench.

Usage: python3 tests/python/check_npz.py FILE.npz...
Exit code 0 when all agree, 1 when not, 77 when NumPy is missing. CRCs are checked by zipfile; dtypes and shapes
against docs/formats.md; OGBench's own load_dataset (regular and compact) against the arrays of the file.
"""

import sys
import zipfile

try:
    import numpy as np
except ImportError:
    print("skipped: needs NumPy")
    sys.exit(77)

DTYPES = {
    "observations": "<f4", "actions": "<f4", "terminals": "|b1", "qpos": "<f4", "qvel": "<f4",
    "is_synthetic": "|b1", "bridge": "<i8", "source_row": "<i8", "target_row": "<i8",
    "arrival_error": "<f4", "sigma_delta": "<f4",
}


def check(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, "CRC"
    file = np.load(path, allow_pickle=False)
    arrays = {key: file[key] for key in file.files}
    rows = len(arrays["observations"])
    for key, array in arrays.items():
        assert array.dtype.str == DTYPES[key], (key, array.dtype)
        assert key == "sigma_delta" or len(array) == rows, (key, array.shape)
    terminals = arrays["terminals"]
    assert terminals.ndim == 1 and terminals[-1]
    try:
        from ogbench.utils import load_dataset
    except ImportError:
        print(f"{path}: {rows} rows, as NumPy reads them (OGBench is not installed)")
        return
    kept = ~terminals
    regular = load_dataset(path)
    assert np.array_equal(regular["observations"], arrays["observations"][kept])
    assert np.array_equal(regular["actions"], arrays["actions"][kept])
    assert np.array_equal(regular["next_observations"], arrays["observations"][np.nonzero(kept)[0] + 1])
    assert np.array_equal(regular["terminals"], terminals[np.nonzero(kept)[0] + 1].astype(np.float32))
    compact = load_dataset(path, compact_dataset=True)
    assert np.array_equal(compact["observations"], arrays["observations"])
    assert np.array_equal(compact["valids"], kept.astype(np.float32))
    print(f"{path}: {rows} rows, {kept.sum()} transitions, as NumPy and OGBench read them")


if __name__ == "__main__":
    failed = 0
    for name in sys.argv[1:]:
        try:
            check(name)
        except (AssertionError, KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
            print(f"{name}: {type(error).__name__}: {error}")
            failed = 1
    sys.exit(failed)
