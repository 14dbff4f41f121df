#!/bin/sh
# What goes wrong while a run works: numbers that overflow, a disk that fills up, files cut short, rows of NaN, folders
# that cannot be written, and a kill at any instant. One line each, the right exit code, and what was finished stays.
. tests/shell.sh
cd "$work" || exit 1
"$astro" data collect --env pointmaze-medium-v0 --episodes 40 --out pointmaze-medium-stitch-v0.npz >/dev/null || exit 1
loud="--preset tiny --data pointmaze-medium-stitch-v0.npz"
settings="$loud --quiet"

# Overflow in an update: the op is named, and --trace lists the ops before it.
# shellcheck disable=SC2086
refused 1 "is not finite" "$astro" train policy $settings --gcbc.learning_rate 1 --gcbc.last_layer_scale 10 --gcbc.layers 16 --gcbc.width 256 \
    --gcbc.updates 50 --run nan --trace
check "--trace lists the ops" grep -q '^-> ' err

# The disk fills up while a stage writes its checkpoints: the ones before stay, nothing half-written.
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run full --stop-after 20 >/dev/null 2>&1
ls full/checkpoints/tdr >before
refused 1 "cannot write" sh -c "ulimit -f 4; trap '' XFSZ; exec $astro train tdr $settings --tdr.updates 60 --run full --resume"
ls full/checkpoints/tdr >after
check "the checkpoints before it stay, and nothing else" diff before after
# shellcheck disable=SC2086
check "with room again the stage goes on" "$astro" train tdr $settings --tdr.updates 60 --run full --resume

# Results that cannot be printed.
refused 1 "standard output" sh -c "$astro help >/dev/full"

# A truncated checkpoint: told, and the one before it serves.
mkdir -p cut
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run cut --checkpoint.every 20 >/dev/null 2>&1
head -c 500 cut/checkpoints/tdr/step_00000060.npz >part && mv part cut/checkpoints/tdr/step_00000060.npz
# shellcheck disable=SC2086
"$astro" train tdr $loud --tdr.updates 60 --run cut --checkpoint.every 20 --resume >/dev/null 2>err
check "a truncated checkpoint is passed over" [ $? -eq 0 ]
check "with a warning" grep 'warning: .*step_00000060' err

# A validation file that is cut short, and a spliced file that is.
cp pointmaze-medium-stitch-v0.npz b-v0.npz && head -c 900 pointmaze-medium-stitch-v0-val.npz >b-v0-val.npz
refused 3 "b-v0-val.npz" "$astro" train tdr --preset tiny --data b-v0.npz --run val --quiet
# shellcheck disable=SC2086
refused 3 "b-v0-val.npz" "$astro" train policy $settings --arm augmented --augmented b-v0-val.npz --run spliced

# Killed at twelve instants: every checkpoint that has its name is whole, and the run comes to its end.
# shellcheck disable=SC2086
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    "$astro" train tdr $settings --tdr.updates 400 --checkpoint.every 5 --run killed --resume >/dev/null 2>&1 &
    child=$!
    sleep "0.$((i * 7 % 10))"
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
done
# shellcheck disable=SC2086
"$astro" train tdr $loud --tdr.updates 400 --checkpoint.every 5 --run killed --resume >/dev/null 2>err
check "after kill -9 the stage comes to its end" [ $? -eq 0 ]
check "no finished checkpoint is lost: none has to be passed over" sh -c "! grep warning err"
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 400 --checkpoint.every 5 --run whole >/dev/null 2>err
check "with the bytes of a run that was never killed" cmp killed/checkpoints/tdr/step_00000400.npz whole/checkpoints/tdr/step_00000400.npz
check "and nothing half-written is left" sh -c "! find killed | grep partial"

closing_line
