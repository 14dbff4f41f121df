"""Reads npz files that astro wrote (data sets, checkpoints) as NumPy does, every array of them.

Usage: python3 tests/python/check_numpy.py FILE.npz...
One line for each file; exit code 0 when all are sound, 1 when not, 77 when NumPy is missing. zipfile checks the CRCs;
pickles are refused; data sets (files with `observations`) are also held to the dtypes and shapes of docs/formats.md.
"""

import sys
import zipfile

try:
    import numpy as np
except ImportError:
    print("skipped: needs NumPy")
    sys.exit(77)

DATA_SET_DTYPES = {
    "observations": "<f4", "actions": "<f4", "terminals": "|b1", "qpos": "<f4", "qvel": "<f4",
    "is_synthetic": "|b1", "bridge": "<i8", "source_row": "<i8", "target_row": "<i8",
    "arrival_error": "<f4", "sigma_delta": "<f4",
}


def check_data_set(arrays):
    rows, state = arrays["observations"].shape
    for key, array in arrays.items():
        assert key in DATA_SET_DTYPES, f"unknown array {key}"
        assert array.dtype.str == DATA_SET_DTYPES[key], f"{key} is {array.dtype.str}"
        if key == "sigma_delta":
            assert array.shape == (state,), f"{key} has shape {array.shape}"
        else:
            rank = 2 if key in ("observations", "actions", "qpos", "qvel") else 1
            assert array.ndim == rank and len(array) == rows, f"{key} has shape {array.shape}"
        assert array.dtype.kind != "f" or np.isfinite(array).all(), f"{key} holds values that are not finite"
    assert arrays["terminals"][-1], "the last row is not terminal"


def check(path):
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
        assert damaged is None, f"the CRC of {damaged} is wrong"
        texts = [name for name in archive.namelist() if not name.endswith(".npy")]
    with np.load(path, allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files if key not in texts}
    assert arrays, "no arrays"
    kind = "data set" if "observations" in arrays else "archive"
    if kind == "data set":
        check_data_set(arrays)
    size = sum(array.nbytes for array in arrays.values())
    print(f"{path}: {kind}, {len(arrays)} arrays of {size} bytes and {len(texts)} texts, as NumPy reads them")


if __name__ == "__main__":
    failed = 0
    for name in sys.argv[1:]:
        try:
            check(name)
        except (AssertionError, KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
            print(f"{name}: {type(error).__name__}: {error}")
            failed = 1
    sys.exit(failed if len(sys.argv) > 1 else 2)
