"""Where episodes end in a data set, for the other scripts in this folder."""

import sys

import numpy as np

# Arrays that mark the last row of an episode with 1. Other ways to mark ends are in docs/formats.md.
MARKS = ("terminals", "timeouts", "terminations", "truncations", "dones", "done", "is_last")
IDS = ("episode_ids", "episode_id", "episode_index", "traj_ids")
ALL = MARKS + IDS + ("episode_starts", "is_first", "episode_ends", "episode_lengths", "traj_lengths")


def last_rows(data, source):
    """The last row of each episode of an open NPZ file, by all of these arrays together."""
    rows = len(data["actions"])
    last = np.zeros(rows, bool)
    for key in MARKS:
        if key in data:
            last |= data[key].reshape(rows) != 0
    for key in IDS:
        if key in data:
            last[:-1] |= np.diff(data[key]) != 0
    for key in ("episode_lengths", "traj_lengths"):
        if key in data:
            last[np.cumsum(data[key]) - 1] = True
    if not last.any():
        sys.exit(f"{source}: no array marks the end of an episode; expected one of {', '.join(MARKS + IDS)}")
    last[-1] = True
    return np.flatnonzero(last)
