#!/bin/sh
# Failures during a run: overflow, a full disk, truncated files, and a kill at any time. Each gives one line and the
# right exit code, and completed work is kept.
. tests/shell.sh
cd "$work" || exit 1
"$astro" data collect --env pointmaze-medium-v0 --episodes 40 --out pointmaze-medium-stitch-v0.npz >/dev/null || exit 1
verbose="--preset tiny --data pointmaze-medium-stitch-v0.npz"
settings="$verbose --quiet"

# Overflow in an update: the error names the op, and --trace lists the ops before it.
# shellcheck disable=SC2086
refused 1 "is not finite" "$astro" train policy $settings --gcbc.learning_rate 1 --gcbc.last_layer_scale 10 --gcbc.layers 16 --gcbc.width 256 \
    --gcbc.updates 50 --run nan --trace
check "--trace lists the ops" grep -q '^-> ' err

# The disk is full when a stage writes a checkpoint: earlier checkpoints are kept, and no incomplete file remains.
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run full --stop-after 20 >/dev/null 2>&1
ls full/checkpoints/tdr >before
refused 1 "cannot write" sh -c "ulimit -f 4; trap '' XFSZ; exec $astro train tdr $settings --tdr.updates 60 --run full --resume"
ls full/checkpoints/tdr >after
check "only the earlier checkpoints are kept" diff before after
# shellcheck disable=SC2086
check "with enough space the stage is resumed" "$astro" train tdr $settings --tdr.updates 60 --run full --resume

# Results that cannot be printed.
refused 1 "standard output" sh -c "$astro help >/dev/full"

# A truncated checkpoint is skipped with a warning, and the previous one is used.
mkdir -p cut
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run cut --checkpoint.every 20 >/dev/null 2>&1
head -c 500 cut/checkpoints/tdr/step_00000060.npz >part && mv part cut/checkpoints/tdr/step_00000060.npz
# shellcheck disable=SC2086
"$astro" train tdr $verbose --tdr.updates 60 --run cut --checkpoint.every 20 --resume >/dev/null 2>err
check "a truncated checkpoint is skipped" [ $? -eq 0 ]
check "with a warning" grep 'warning: .*step_00000060' err

# A truncated validation file and a truncated spliced file.
cp pointmaze-medium-stitch-v0.npz b-v0.npz && head -c 900 pointmaze-medium-stitch-v0-val.npz >b-v0-val.npz
refused 3 "b-v0-val.npz" "$astro" train tdr --preset tiny --data b-v0.npz --run val --quiet
# shellcheck disable=SC2086
refused 3 "b-v0-val.npz" "$astro" train policy $settings --arm augmented --augmented b-v0-val.npz --run spliced

# Killed at twelve different times: every checkpoint with its final name is complete, and the run can be completed.
# shellcheck disable=SC2086
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    "$astro" train tdr $settings --tdr.updates 400 --checkpoint.every 5 --run killed --resume >/dev/null 2>&1 &
    child=$!
    sleep "0.$((i * 7 % 10))"
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
done
# shellcheck disable=SC2086
"$astro" train tdr $verbose --tdr.updates 400 --checkpoint.every 5 --run killed --resume >/dev/null 2>err
check "after kill -9 the stage can be completed" [ $? -eq 0 ]
check "all checkpoints are complete: none is skipped" sh -c "! grep warning err"
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 400 --checkpoint.every 5 --run whole >/dev/null 2>err
check "with the same bytes as a run that was not killed" cmp killed/checkpoints/tdr/step_00000400.npz whole/checkpoints/tdr/step_00000400.npz
check "and no incomplete file is left" sh -c "! find killed | grep partial"

closing_line
