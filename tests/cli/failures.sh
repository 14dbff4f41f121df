#!/bin/sh
# What goes wrong while a run works: numbers that overflow, a disk that fills up, files cut short, rows of NaN, folders
# that cannot be written, and a kill at any instant. One line each, the right exit code, and what was finished stays.
BUILD=${BUILD:-build}
astro=$(pwd)/$BUILD/astro
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0
ok() {  # description, exit code of a test
    if [ "$2" -eq 0 ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAILED: $1"
        [ -e err ] && tail -n 5 err
    fi
}
one_line() {  # description, expected code, code, words that stand in the one line
    [ "$2" -eq "$3" ] && [ "$(grep -c '^astro: ' err)" -eq 1 ] && grep -qF -- "$4" err
    ok "$1 (exit $3, expected $2, '$4')" $?
}
"$astro" data collect --env pointmaze-medium-v0 --episodes 40 --out pointmaze-medium-stitch-v0.npz >/dev/null || exit 1
loud="--preset tiny --data pointmaze-medium-stitch-v0.npz"
settings="$loud --quiet"

# Overflow in an update: the op is named, and --trace lists the ops before it.
# shellcheck disable=SC2086
"$astro" train policy $settings --gcbc.learning_rate 1 --gcbc.last_layer_scale 10 --gcbc.layers 16 --gcbc.updates 2000 --run nan --trace >/dev/null 2>err
code=$?
if [ "$code" -eq 0 ]; then ok "an update overflows" 1; else
    one_line "a number that overflows" 1 "$code" "is not finite"
    grep -q '^-> ' err
    ok "--trace lists the ops" $?
fi

# The disk fills up while a stage writes its checkpoints: the ones before stay, nothing half-written.
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run full --stop-after 20 >/dev/null 2>&1
ls full/checkpoints/tdr >before
# shellcheck disable=SC2086
sh -c "ulimit -f 4; trap '' XFSZ; exec $astro train tdr $settings --tdr.updates 60 --run full --resume" >/dev/null 2>err
one_line "a disk that fills up" 1 $? "cannot write"
ls full/checkpoints/tdr | diff before - >/dev/null
ok "the checkpoints before it stay, and nothing else" $?
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run full --resume >/dev/null 2>err
ok "with room again the stage goes on" $?

# Results that cannot be printed.
"$astro" help >/dev/full 2>err
one_line "standard output is full" 1 $? "standard output"

# A truncated checkpoint: told, and the one before it serves.
mkdir -p cut
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 60 --run cut --checkpoint.every 20 >/dev/null 2>&1
head -c 500 cut/checkpoints/tdr/step_00000060.npz >part && mv part cut/checkpoints/tdr/step_00000060.npz
# shellcheck disable=SC2086
"$astro" train tdr $loud --tdr.updates 60 --run cut --checkpoint.every 20 --resume >/dev/null 2>err
code=$?
[ "$code" -eq 0 ] && grep -q 'warning: .*step_00000060' err
ok "a truncated checkpoint is passed over with a warning" $?

# A validation file that is cut short, and a spliced file that is.
cp pointmaze-medium-stitch-v0.npz b-v0.npz && head -c 900 pointmaze-medium-stitch-v0-val.npz >b-v0-val.npz
"$astro" train tdr --preset tiny --data b-v0.npz --run val --quiet >/dev/null 2>err
one_line "a truncated validation file" 3 $? "b-v0-val.npz"
# shellcheck disable=SC2086
"$astro" train policy $settings --arm augmented --augmented b-v0-val.npz --run spliced >/dev/null 2>err
one_line "a truncated spliced file" 3 $? "b-v0-val.npz"

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
code=$?
[ "$code" -eq 0 ] && ! grep -q warning err
ok "no finished checkpoint is lost by kill -9: none has to be passed over, and the stage comes to its end" $?
# shellcheck disable=SC2086
"$astro" train tdr $settings --tdr.updates 400 --checkpoint.every 5 --run whole >/dev/null 2>err
cmp killed/checkpoints/tdr/step_00000400.npz whole/checkpoints/tdr/step_00000400.npz
ok "with the bytes of a run that was never killed" $?
[ -z "$(find killed -name '*partial*')" ]
ok "and nothing half-written is left" $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
