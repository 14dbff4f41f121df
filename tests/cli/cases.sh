#!/bin/sh
# Data files and settings of many kinds, given to the program. Invalid ones are rejected in one line before anything is
# written. Unusual ones are accepted, and one line tells how. All kinds are tested in tests/test_episode_ends.cpp.
. tests/shell.sh
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: write the files' >"$work/made" 2>&1 || {
    cat "$work/made"
    exit 1
}
cd "$work" || exit 1

# run_refused "words" FILE: a run is rejected and leaves no run folder.
run_refused() {
    refused 3 "$1" timeout 100 "$astro" run --preset tiny --data "$2" --run refused
    check "nothing is written for $2" [ ! -e refused ]
}
run_refused "no row ends an episode" no-end.npz
run_refused "every row ends an episode" all-ends.npz
run_refused "a single episode" one-episode.npz
run_refused "87 transitions in 3 episodes are too few" few-rows.npz
run_refused "the longest episode has 12 rows, a planner's window" short-episodes.npz
run_refused "nothing moves" never-moves.npz
# Long enough for TDR and dynamics, but not for a planner of this preset.
refused 3 "the longest episode has 35 rows, a planner's window" timeout 100 "$astro" run --preset cpu --data episodes-35.npz --run refused
check "nothing is written for episodes-35.npz" [ ! -e refused ]
refused 3 "hint: --augment.start_arrival 20" "$astro" run --preset tiny --data plain.npz --augment.start_arrival 300 --run refused
check "nothing is written for chains that cannot start" [ ! -e refused ]
# Validation episodes that stand still would calibrate nothing. Training would find out after its end.
for command in run "train tdr" "train planner" augment; do
    refused 3 "still-val.npz: nothing moves in the validation episodes" timeout 100 "$astro" $command --preset tiny --data still.npz --run refused
    check "nothing is written, $command" [ ! -e refused ]
done
# A problem of a validation file names this file.
cp plain.npz wide.npz && cp "$root/tests/fixtures/npz/three_columns.npz" wide-val.npz
run_refused "wide-val.npz: states and actions have 3 and 2 dimensions, those of wide.npz 2 and 2" wide.npz
cp plain.npz brief.npz && cp short-episodes.npz brief-val.npz
run_refused "brief-val.npz: the longest validation episode has 12 rows" brief.npz
check "inspect does not mind" "$astro" data inspect still.npz
run_refused "discrete actions are not supported" classes.npz
run_refused "do not match pointmaze-giant-v0" pointmaze-giant-navigate-v0.npz
run_refused "those of pointmaze-large-v0" pointmaze-large-navigate-v0.npz
run_refused "those of pointmaze-medium-v0" pointmaze-medium-navigate-v0.npz
run_refused "--unpack_ratio" zeros.npz
refused 3 "no row ends an episode" "$astro" train tdr --preset tiny --data zeros.npz --run refused --unpack_ratio 2000

# train FILE OPTION...: training on the file starts, and is stopped after one update.
train() {
    what=$1
    shift
    "$astro" train tdr --stop-after 1 --data "$what" --run "run-$what" "$@" >out 2>err
    [ $? -eq 130 ]
    verdict "training on $what starts" $? err
}
# understood FILE "words": inspect and training print how the file was interpreted.
understood() {
    check "inspect $1" "$astro" data inspect "$1"
    check "inspect $1 prints: $2" sh -c "'$astro' data inspect '$1' | grep -qF '$2'"
    train "$1"
    check "train on $1 prints: $2" [ "$(grep -cF "$2" err)" -eq 1 ]
}
understood timeouts.npz "episode ends from timeouts (40)"
understood seams.npz " jumps"
understood extra.npz "array notes cannot be read"
check "and that members of macOS are ignored" grep -q "1 member that macOS added is ignored" err
understood objects.npz "array infos of dtype |O is ignored"
understood unneeded.npz "array next_observations cannot be read and is ignored"
check "and that qpos is ignored" grep -qF "array 'qpos': shape (5, 2), expected (3240, 2) because observations has 3240 rows; it is ignored" err
understood one-hot.npz "actions look discrete (one-hot); they are treated as continuous"
train plain.npz
check "there is no message for OGBench's layout" sh -c "! grep -q '^plain.npz: ' err"

cp plain.npz plain
check "a file without an ending is read" "$astro" train tdr --preset tiny --quiet --tdr.updates 2 --data plain --run no-ending

# The order of an array in a file does not matter.
for order in plain fortran; do
    check "a run on $order.npz" "$astro" run --preset tiny --data $order.npz --run order-$order --quiet
    sed "s/$order/plain/g" order-$order/results.json >order-$order.json
done
check "arrays in Fortran order give the same figures" cmp order-plain.json order-fortran.json

# Names in a file and lines of settings are printed without control characters, and are truncated.
clean() {  # what, FILE
    check "$1: no control characters" [ "$(LC_ALL=C tr -d '[:print:]\n' <"$2" | wc -c)" -eq 0 ]
    check "$1: no very long line" [ "$(awk '{ if (length($0) > most) most = length($0) } END { print most + 0 }' "$2")" -lt 2000 ]
}
"$astro" data inspect extra.npz >out 2>&1
clean "inspect" out
"$astro" data inspect extra.npz --json >out 2>&1
clean "inspect --json" out
long=$(head -c 100000 /dev/zero | tr '\0' 'x')
for line in "\033[2J\033]0;t\007" "$long" "$long = 1" "seed = \033[2J$long" "[\033[2J$long]" "seed = \"\033[2J"; do
    printf "$line\n" >evil.ini
    "$astro" run --config evil.ini --data plain.npz --run refused >out 2>&1
    check "exit code 2 for these settings" [ $? -eq 2 ]
    clean "settings" out
done
printf '[tdr]\nlearning_rate = 0,001\n' >comma.ini
refused 2 "comma.ini:2: tdr.learning_rate" "$astro" run --config comma.ini --data plain.npz --run refused
printf 'preset = tiny\n; a comment\n[tdr]\nupdates = 2 ; few\n' >plain.ini
printf '\357\273\277preset = tiny\r\n[tdr]\r\nupdates = 2e0\r\n' >windows.ini
for settings in plain.ini windows.ini; do
    rm -rf run-plain.npz
    train plain.npz --config $settings
    check "$settings sets two updates" grep -qE '^updates = 2 ' run-plain.npz/config.ini
done

# Pipes and devices are rejected, and do not block.
mkfifo pipe.npz pipe.ini
refused 1 "it is a pipe" timeout 60 "$astro" data inspect pipe.npz
refused 1 "it is a pipe" timeout 60 "$astro" train tdr --data pipe.npz --run refused
refused 1 "it is a pipe" timeout 60 "$astro" train tdr --data plain.npz --config pipe.ini --run refused
refused 1 "it is a device" timeout 60 "$astro" data verify /dev/zero --env pointmaze-medium-v0
check "nothing is written" [ ! -e refused ]

# verify does not accept data that it cannot check.
check "a file of the maze is accepted" "$astro" data verify maze.npz --env pointmaze-medium-v0
refused 3 "every row ends an episode" "$astro" data verify all-ends.npz --env pointmaze-medium-v0
refused 3 "'qpos': 1 columns" "$astro" data verify maze-qpos.npz --env pointmaze-medium-v0
for command in "data verify" "train tdr --preset tiny --run refused --data"; do
    refused 3 "'qpos' row 1, column 1: nan" "$astro" $command maze-qpos-nan.npz --env pointmaze-medium-v0
done
refused 3 "row 0: is_synthetic, but bridge is -1" "$astro" data verify maze-no-bridge.npz --env pointmaze-medium-v0
refused 3 "'sigma_delta' column 1: 100" "$astro" data verify maze-sigma.npz --env pointmaze-medium-v0
refused 3 "worst real row 0 is off by" "$astro" data verify maze-first-row.npz --env pointmaze-medium-v0
refused 3 "10 states are in walls or out of bounds, the first at row 120" "$astro" data verify maze-far.npz --env pointmaze-medium-v0
refused 3 " states are in walls or out of bounds, the first at row 120" "$astro" data verify maze-wall.npz --env pointmaze-medium-v0

closing_line
