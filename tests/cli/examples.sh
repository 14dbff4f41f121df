#!/bin/sh
# The example programs do what they say, and a data set of an unknown system goes through the whole chain.
. tests/shell.sh

check "a network learns a curve" "$root/$BUILD/examples/fit_a_curve"
check "a data set of an unknown system is written" "$root/$BUILD/examples/own_system" "$work/lake.npz"
"$astro" data inspect "$work/lake.npz" --json >"$work/inspect"
check "it is read" grep -q '40500 rows, 500 episodes' "$work/inspect"
check "without a warning" sh -c "! grep -q '\"severity\": \"warning\"' '$work/inspect'"
check "it is stitched" "$astro" run --config "$root/configs/own-system.ini" --preset tiny --data "$work/lake.npz" \
    --run "$work/run" --quiet --tdr.updates 300 --dynamics.updates 60 --planner.updates 60 --gcbc.updates 20 --augment.ratio .02 \
    --augment.accept_threshold 50 --augment.plausibility 50
check "and what was written passes the validator" "$astro" data inspect "$work/run/augmented.npz"
check "nothing was evaluated, and nothing claims so" sh -c "! grep -q success '$work/run/results.json'"

closing_line
