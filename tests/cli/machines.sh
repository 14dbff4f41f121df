#!/bin/sh
# Unusual machines: no locks, no threads, read-only and moved run folders, signals, closed pipes, limits, and names in
# any encoding. Commands that are refused, and those that only read, leave the run folder as it was.
. tests/shell.sh
mkdir "$work/place" && cd "$work/place" || exit 1
cc=$(echo "${CXX:-c++}" | sed 's/.*ccache //; s/clang++/clang/; s/g++/gcc/; s/c++/cc/')
$cc -shared -fPIC -o ../failing.so "$root/tests/exec/failing_system.c" -ldl || exit 1
# failing NAME=VALUE... command...: with system calls that fail. A sanitizer would have to come before the library.
failing() {
    env LD_PRELOAD="$work/failing.so" ASAN_OPTIONS=verify_asan_link_order=0 "$@"
}
"$astro" data collect --env pointmaze-medium-v0 --episodes 20 --out pointmaze-medium-stitch-v0.npz >/dev/null || exit 1
mkdir other && "$astro" data collect --env pointmaze-medium-v0 --episodes 20 --seed 1 --out other/pointmaze-medium-stitch-v0.npz >/dev/null || exit 1
settings="--preset tiny --quiet --gcbc.updates 20 --evaluate.episodes 1"
data="--data pointmaze-medium-stitch-v0.npz"
# shellcheck disable=SC2086
"$astro" train policy $data $settings --run run >/dev/null || exit 1

# All names, sizes and times of change, and all contents, of a folder.
state_of() {
    (cd "$1" && find . -printf '%p %s %T@\n' | sort && find . -type f | sort | xargs cksum)
}
# untouched FOLDER "what" STATUS command...: the command ends with that status, and the folder stays as it is.
untouched() {
    folder=$1
    what=$2
    wanted=$3
    shift 3
    state_of "$folder" >before
    "$@" >out 2>err
    verdict "$what: exit $wanted" $([ $? -eq $wanted ] && echo 0 || echo 1) err
    state_of "$folder" >after
    check "$what: $folder is as before" diff before after
}

# Commands that read, and commands that are refused.
policy="--run run --preset tiny --gcbc.updates 20"
# shellcheck disable=SC2086
{
    untouched run "evaluate" 0 "$astro" evaluate --run run --quiet
    untouched run "evaluate on other episodes" 0 "$astro" evaluate --run run --quiet --evaluate.episodes 3
    untouched run "export" 0 "$astro" policy export --run run --quiet --out policy.npz
    untouched run "train again" 2 "$astro" train policy --run run --quiet
    untouched run "resume with other settings" 2 "$astro" train policy --run run --quiet --resume --gcbc.width 32
    untouched run "a stage whose data set is another" 2 "$astro" train policy $policy --resume --data other/pointmaze-medium-stitch-v0.npz
    untouched run "a stage before its time" 2 "$astro" train planner --run run --quiet
    untouched run "augment before its time" 2 "$astro" augment --run run --quiet
    untouched run "embed before its time" 2 "$astro" embed --run run --quiet --out embedded.npz
    untouched run "an unknown environment" 2 "$astro" evaluate --run run --quiet --env nowhere
    for command in "run" "train tdr" "train policy" augment "embed --out e.npz" "policy export --out p.npz" evaluate; do
        untouched run "a misspelt environment, $command" 2 "$astro" $command --run run --quiet --env pointmaze-meduim-v0
        check "the nearest one is suggested, $command" grep -q 'did you mean pointmaze-medium-v0' err
    done
    before=$(grep -c ',policy/raw/gcbc/success,' run/metrics.csv)
    check "evaluating other episodes does not prevent resuming" "$astro" train policy --run run --quiet --resume --evaluate.episodes 2
    check "a finished policy is evaluated again" [ "$(grep -c ',policy/raw/gcbc/success,' run/metrics.csv)" -eq $((before + 1)) ]
    check "and not once more" "$astro" train policy --run run --quiet --resume --evaluate.episodes 2
    check "as the settings are the same" [ "$(grep -c ',policy/raw/gcbc/success,' run/metrics.csv)" -eq $((before + 1)) ]
}
refused 2 "not trained" "$astro" train dynamics $data --run none/deep
check "a refused command leaves no folder" [ ! -e none ]
refused 2 "is not a run folder" "$astro" evaluate $data --run none
check "a command that reads makes no folder" [ ! -e none ]
"$astro" run --preset tiny --collect.episodes 60 --tdr.updates 20 --data.arrival_steps 0 --stop-after 20 --quiet --run stages >out 2>&1
"$astro" run --run stages --quiet --resume --stop-after 10 >out 2>&1
check "the second stage has begun" [ -d stages/checkpoints/dynamics ]
untouched stages "a later stage of other settings is refused before the first begins" 2 \
    "$astro" run --run stages --quiet --resume --dynamics.width 48

# A read-only run folder.
# shellcheck disable=SC2086
{
    check "evaluate a read-only run" failing READ_ONLY=run "$astro" evaluate --run run --quiet
    check "export from a read-only run" failing READ_ONLY=run "$astro" policy export --run run --quiet --out policy.npz
    refused 1 "--out FILE" failing READ_ONLY=run "$astro" report run
    check "its hint is right" failing READ_ONLY=run "$astro" report run --out page.html
    refused 1 "Read-only file system" failing READ_ONLY=run "$astro" train policy --run run --quiet --resume
}

# Locks.
failing FAIL_LOCK=1 "$astro" train policy $data --preset tiny --gcbc.updates 20 --evaluate.episodes 1 --run unlocked >/dev/null 2>err
verdict "without locks a stage is trained" $? err
check "with a warning" grep -q "warning: run folder unlocked cannot be locked" err

# Threads.
if [ "$(nproc)" -gt 1 ]; then
    failing FAIL_THREADS=0 "$astro" train policy $data --preset tiny --gcbc.updates 20 --evaluate.episodes 1 --threads 2 --run alone >/dev/null 2>err
    verdict "without further threads a stage is trained" $? err
    check "and says so" grep -q "1 of 2 threads are used: the system could not start more" err
    check "with the same result" cmp alone/checkpoints/policy/raw/gcbc/step_00000020.npz run/checkpoints/policy/raw/gcbc/step_00000020.npz
fi
"$astro" train policy $data --preset tiny --gcbc.updates 20 --evaluate.episodes 1 --threads 1024 --run many >/dev/null 2>err
check "more threads than processors: as many as processors" grep -q "of 1024 threads are used" err

# Signals: a checkpoint is written, and the stage resumes from it.
for signal in $(stopping_signals); do
    # A shell starts background jobs with SIGINT ignored, which the program keeps.
    env --default-signal=INT "$astro" train policy $data --preset tiny --gcbc.updates 100000 --run "signal$signal" --checkpoint.every 100000 >/dev/null 2>err &
    child=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        sleep .2
        [ -e "signal$signal/metrics.csv" ] && break
    done
    kill -$signal $child
    wait $child
    verdict "SIG$signal: exit 130" $([ $? -eq 130 ] && echo 0 || echo 1) err
    check "SIG$signal: a checkpoint is written" sh -c "ls signal$signal/checkpoints/policy/raw/gcbc | grep -q '^step_'"
done
# Elsewhere there is nothing to save, and no temporary file remains.
interrupted "evaluate" TERM "sleep 1" "$astro" evaluate --run run --quiet --threads 1 --evaluate.episodes 100000
interrupted "data collect" INT "ls big.npz.partial-*" "$astro" data collect --env pointmaze-giant-v0 --episodes 100000 --out big.npz
check "data collect leaves no file" sh -c "! ls big.npz*"
(
    trap '' HUP
    exec "$astro" train policy $data --preset tiny --gcbc.updates 20000 --evaluate.episodes 1 --run nohup >/dev/null 2>err
) &
child=$!
sleep .5
kill -HUP $child
wait $child
verdict "under nohup, SIGHUP does not stop a stage" $? err

# Pipes whose reader ends.
"$astro" help --markdown 2>err | head -1 >/dev/null
check "a closed pipe is no error" [ ! -s err ]
sh -c "'$astro' help --markdown; echo \$? >status" 2>err | head -1 >/dev/null
check "and is told by the exit code" grep -qx 141 status

# A limit on file sizes, without ignoring its signal.
refused 1 "File too large" sh -c "ulimit -f 8; exec $astro data collect --episodes 50 --out full.npz"

# A run folder and its data, moved together; and seen from another folder.
mkdir -p here/in
"$astro" train policy --data "$PWD/pointmaze-medium-stitch-v0.npz" $settings --run "$PWD/here/in/run" >/dev/null
cp -r here/in there
mkdir gone && mv here gone/here && mv pointmaze-medium-stitch-v0* gone
check "evaluate, moved together" "$astro" evaluate --run gone/here/in/run --quiet
refused 1 "no file" "$astro" evaluate --run there/run --quiet
cp gone/pointmaze-medium-stitch-v0* .
check "evaluate, with its data given" "$astro" evaluate --run there/run --quiet $data
mkdir elsewhere
check "a relative path is that of the run" sh -c "cd elsewhere && '$astro' evaluate --run ../run --quiet"
"$astro" run --preset tiny --collect.episodes 60 --tdr.updates 20 --stop-after 20 --quiet --run generated >out 2>&1
mv generated moved
"$astro" train policy --run moved --quiet --gcbc.updates 20 --evaluate.episodes 1 >out 2>err
verdict "generated data move with the run" $? err

# Names in another encoding.
name=$(printf 'caf\351')
mkdir "$name" && cp pointmaze-medium-stitch-v0.npz "$name/$name.npz"
# shellcheck disable=SC2086
check "a stage with such names" "$astro" train policy --data "$name/$name.npz" --env pointmaze-medium-v0 $settings --run "$name/run"
check "evaluate such a run" "$astro" evaluate --run "$name/run" --quiet
check "report of such a run" "$astro" report "$name/run"
check "its manifest is UTF-8" iconv -f UTF-8 -t UTF-8 "$name/run/manifest.json"

# Settings with line ends of an old system.
printf 'preset = tiny\r[tdr]\rupdates = 2\r' >old.ini
"$astro" train tdr --stop-after 1 $data --config old.ini --run old --quiet >/dev/null 2>&1
check "lone carriage returns end lines" grep -qE '^updates = 2 ' old/config.ini

closing_line
