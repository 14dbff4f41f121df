#!/bin/sh
# `astro embed` writes the latents of rows, the landmarks and the calibration as arrays.
. tests/shell.sh
cd "$work" || exit 1
"$astro" data collect --env pointmaze-medium-v0 --episodes 30 --out maze.npz >collected || exit 1
run="--preset tiny --data maze.npz --run run --quiet --tdr.updates 100"
# holds FILE ARRAY SHAPE: the file, which is not compressed, contains the header of this array.
holds() { grep -aA1 "$2.npy" "$1" | grep -aqF "'shape': $3"; }

# shellcheck disable=SC2086
refused 2 "is not a run folder" "$astro" embed $run --out early.npz
# shellcheck disable=SC2086
"$astro" train tdr $run >log 2>&1
verdict "tdr is trained" $? log
# shellcheck disable=SC2086
check "the rows are embedded" "$astro" embed $run --out all.npz --threads 1
rows=$(awk '$1 == "rows" { print $2 }' collected)
validation=$(awk '$1 == "validation_rows" { print $2 }' collected)
check "every row of the file" holds all.npz latent "($rows, 8)"
check "with its nearest landmark" holds all.npz nearest_landmark "($rows,)"
check "and distances between 200 landmarks" holds all.npz graph_distance "(200, 200)"
# shellcheck disable=SC2086
check "the same file by name, with two threads" "$astro" embed $run --rows maze.npz --out same.npz --threads 2
check "gives the same bytes" cmp all.npz same.npz
# shellcheck disable=SC2086
check "rows of another file" "$astro" embed $run --rows maze-val.npz --out validation.npz
check "are those of that file" holds validation.npz latent "($validation, 8)"
check "with the landmarks of the run" holds validation.npz landmark_latent "(200, 8)"
# shellcheck disable=SC2086
refused 2 "is not a file of this command" "$astro" embed $run --out ./maze.npz
# shellcheck disable=SC2086
refused 3 "three_columns.npz: states and actions have" "$astro" embed $run --rows "$root/tests/fixtures/npz/three_columns.npz" --out three.npz
check "rejected commands write no file" [ ! -e three.npz ]

if python3 -c 'import numpy' 2>/dev/null; then
    cat >consistent.py <<'END'
import numpy as np

f = np.load("all.npz")
latent, landmarks, row = f["latent"], f["landmark_latent"], f["landmark_row"]
assert (latent[row] == landmarks).all(), "landmarks are rows"
distance = ((latent[:500, None] - landmarks) ** 2).sum(-1)
chosen = distance[np.arange(500), f["nearest_landmark"][:500]]
assert (chosen <= distance.min(1) + 1e-5).all(), "the nearest landmark is the nearest"
assert (np.diff(f["calibration_median"]) > 0).all() and (np.diag(f["graph_distance"]) == 0).all()
END
    check "the arrays are consistent" python3 consistent.py
else
    echo "notice: no NumPy for python3, so consistency of the arrays was not checked"
fi

closing_line
