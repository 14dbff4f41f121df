#!/bin/sh
# Rivals of stitching as arms of a run, with a Euclidean distance and an untrained planner: the same bytes with 1 and 2
# threads, and if stopped and resumed.
. tests/shell.sh
cd "$work" || exit 1
"$astro" data collect --env pointmaze-medium-v0 --episodes 60 --seed 3 --out pointmaze-medium-stitch-v0.npz >/dev/null || exit 1
settings="--preset tiny --data pointmaze-medium-stitch-v0.npz --quiet --evaluate.episodes 1 --data.arrival_steps 3 --augment.accept_threshold 50"
settings="$settings --tdr.updates 400 --dynamics.updates 40 --planner.updates 0 --straight.updates 40 --gcbc.updates 40 --augment.plausibility 50"
settings="$settings --checkpoint.every 20 --selection.distance euclid --experiment.arms raw,augmented,straight,swap"
same() {
    for file in augmented.npz results.json; do
        cmp "$1/$file" "$2/$file" || return 1
    done
    for stage in inverse_model policy/straight/gcbc policy/swap/gcbc; do
        cmp "$1/checkpoints/$stage/step_00000040.npz" "$2/checkpoints/$stage/step_00000040.npz" || return 1
    done
}
# shellcheck disable=SC2086
{
    check "run at 1 thread" "$astro" run --run one $settings --threads 1
    check "run at 2 threads" "$astro" run --run two $settings --threads 2
    check "2 threads give the same bytes as 1" same one two
    "$astro" run --run resumed $settings --stop-after 10 >/dev/null 2>&1
    check "stopped in a stage" [ $? -eq 130 ]
    "$astro" run --run resumed $settings --resume >/dev/null 2>&1
    check "resumed to the end" [ $? -eq 0 ]
    check "stopped and resumed gives the same bytes" same one resumed
    check "resumed again" "$astro" run --run resumed $settings --resume
}
check "the untrained planner is saved" [ -e one/checkpoints/planner/step_00000000.npz ]
check "no update of the planner is reported" sh -c "! grep -q 'planner/loss' one/metrics.csv"
check "results say so" grep -q '"planner_updates": 0' one/results.json
for arm in augmented straight swap; do
    check "success of arm $arm" grep -q "\"success/$arm/gcbc/last\"" one/results.json
done
# Another distance makes another augmentation from the same stages.
before=$(cksum one/checkpoints/dynamics/*.npz)
rm -r one/checkpoints/policy
"$astro" augment --config one/config.ini --run one --quiet --selection.distance tdr >/dev/null 2>&1
check "augmentation by the TDR" [ $? -eq 0 ]
check "it differs" sh -c "! cmp -s one/augmented.npz two/augmented.npz"
check "stages are unchanged" [ "$before" = "$(cksum one/checkpoints/dynamics/*.npz)" ]
refused 2 "dynamics.updates" "$astro" run $settings --run none --dynamics.updates 0
closing_line
