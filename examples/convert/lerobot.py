"""Converts the table of a LeRobot data set (Parquet) to a data set for astro, and back.

    python3 lerobot.py pusht/data arm.npz            # every .parquet file below the folder, or one file
    python3 lerobot.py augmented.npz augmented.parquet

Needs numpy and pyarrow. Only the columns `observation.state`, `action` and `episode_index` are read, no images.
The other direction writes these columns, `frame_index` and `index`, but not the folder's meta/info.json.
"""

import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from episode_ends import last_rows

source, target = sys.argv[1:]
if source.endswith(".npz"):
    data = np.load(source)
    rows = len(data["observations"])
    episode = np.searchsorted(last_rows(data, source), np.arange(rows))
    first = np.searchsorted(episode, episode)  # first row of the episode of each row
    columns = {"observation.state": list(data["observations"]), "action": list(data["actions"]),
               "episode_index": episode, "frame_index": np.arange(rows) - first, "index": np.arange(rows)}
    pq.write_table(pa.table(columns), target)
else:
    path = pathlib.Path(source)
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    table = pa.concat_tables(
        [pq.read_table(file, columns=["observation.state", "action", "episode_index"]) for file in files])
    np.savez_compressed(target, observations=np.stack(table["observation.state"].to_numpy()),
                        actions=np.stack(table["action"].to_numpy()), episode_ids=table["episode_index"].to_numpy())
