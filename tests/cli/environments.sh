#!/bin/sh
# Environments in child processes (docs/environments.md): replay, evaluation and runs with any number of processes. Each
# error of a process gives one line with its last output, does not block, and leaves no process running.
. tests/shell.sh
boat=$root/$BUILD/examples/boat
${CC:-cc} -std=c11 -O2 -o "$work/misbehave" tests/exec/misbehave.c || exit 1
cd "$work" || exit 1
"$root/$BUILD/examples/08_own_system" lake.npz >/dev/null || exit 1

# Lists the processes that still run a program of this folder.
remaining() {
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/exe" 2>/dev/null)" != "$work/misbehave" ] || echo "$process"
    done
}
none_remains() {  # zombies are not listed, because they have no exe
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -n "$(remaining)" ] || return 0
        sleep .3
    done
    remaining
    return 1
}

# Replay: recorded data agree with their simulator for any number of processes; data of another system do not.
for processes in 1 3; do
    "$astro" data verify lake.npz --env "exec:$boat" --env.processes $processes --json >"verify$processes" 2>err
    verdict "the recorded data agree with the boat, $processes processes" $? err
done
check "with the same result" cmp verify1 verify3
check "and the name that the process gives" grep -q '"environment": "boat-v0"' verify1
"$astro" data collect --env pointmaze-medium-v0 --episodes 5 --out maze.npz >/dev/null || exit 1
"$astro" data verify maze.npz --env "exec:$boat" >out 2>err
check "data of a maze do not agree with the boat" [ $? -eq 3 ]
refused 3 "those of boat-v0 have 2 and 2" "$astro" data verify "$root/tests/fixtures/npz/three_columns.npz" --env "exec:$boat"

# A simulator that replays from qpos and qvel only (here the boat, whose description is changed on its way).
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: add qpos*' >made 2>&1 || cat made
hidden="exec:$boat | sed -u 's/\"replays_states\": true/\"replays_states\": false, \"qpos_columns\": 2, \"qvel_columns\": 1/'"
"$astro" data verify lake-qpos.npz --env "$hidden" --json >verify-qpos 2>err
verdict "data are verified from qpos and qvel" $? err
check "with the result of the exact step" cmp verify1 verify-qpos
refused 2 "replays from qpos and qvel of 2 and 1 columns; the file has 0 and 0" "$astro" data verify lake.npz --env "$hidden"
tdr="$astro train tdr --preset tiny --quiet --data.arrival_steps 0 --stop-after 1"
for command in "data verify" "train tdr --preset tiny --run narrow --data" "train policy --preset tiny --run narrow --data"; do
    refused 3 "lake-narrow.npz: array 'qpos': 1 columns, expected 2 for boat-v0" "$astro" $command lake-narrow.npz --env "$hidden"
    case $command in data*) ;; *)
        refused 3 "each action is stored one row early" "$astro" $command lake-early.npz --env "$hidden" ;;
    esac
done
check "refused commands leave nothing" [ ! -e narrow ]
$tdr --data lake-qpos.npz --env "$hidden" --run qpos >out 2>err
check "training on data that agree starts" [ $? -eq 130 ]

# Evaluation: a process serves 64 episodes at a time, so 100 episodes exceed one process, but not three.
train="$astro train policy --preset tiny --data lake.npz --gcbc.updates 400 --quiet"
for processes in 1 3; do
    $train --evaluate.episodes 50 --env "exec:$boat" --env.processes $processes --run "run$processes" >"policy$processes" 2>err
    verdict "a policy is evaluated by $processes processes" $? err
done
check "with the same result" cmp policy1 policy3
curve() { cut -d, -f1,3,4 "$1/metrics.csv"; }
check "at every point of the curve" [ "$(curve run1)" = "$(curve run3)" ]
check "some episodes succeed, some do not" grep -qE 'success/raw/gcbc/best +0\.[0-9]*[1-9]' policy1
check "evaluated again with the settings of the run" "$astro" evaluate --data lake.npz --run run1
refused 2 "evaluate.tasks: there is no task 3 in boat-v0, which has 2 tasks" $train --env "exec:$boat" --evaluate.tasks 1,3 --run tasks
refused 2 "policy.task: there is no task 3 in boat-v0, which has 2 tasks" $train --env "exec:$boat" --policy.protocol single-task --policy.task 3 \
    --policy.learner iql --run task
check "a single task is evaluated" $train --env "exec:$boat" --policy.protocol single-task --policy.task 2 --policy.learner iql \
    --value.updates 4 --evaluate.episodes 3 --run single

# All stages: measurements use the processes, pictures use their description, and the report needs no process.
whole="$astro run --preset tiny --quiet --tdr.updates 200 --dynamics.updates 20 --planner.updates 20 --gcbc.updates 20
    --evaluate.episodes 2 --augment.accept_threshold 1000 --augment.plausibility 1000 --augment.start_arrival 20
    --selection.selector random --augment.chain random"
$whole --data lake.npz --env "exec:$boat" --run whole >out 2>err
verdict "a run of every stage" $? err
for key in dvr_bridge_0.5 dvr_real_0.5 true_arrival_error_median success/augmented/gcbc/last; do
    check "the results have $key" grep -q "\"$key\"" whole/results.json
done
# A simulator that replays from qpos and qvel only judges recorded rows, but no bridges.
$whole --data lake-qpos.npz --env "$hidden" --run whole-qpos >out 2>err
verdict "a run of every stage whose simulator needs qpos" $? err
check "judges recorded rows" grep -q '"dvr_real_0.5": 0[,.]*' whole-qpos/results.json
check "and no bridges" sh -c "! grep -q '\"dvr_bridge_0.5' whole-qpos/results.json"
check "its report needs no process" sh -c "cd whole && $astro report . --out page.html && grep -q '<svg' page.html && ! grep -q 'No pictures' page.html"

if command -v python3 >/dev/null; then
    check "the data agree with the boat in Python" "$astro" data verify lake.npz --env "exec:python3 $root/examples/exec/boat.py" --env.processes 2
    check "and a policy is evaluated with it" $train --env "exec:python3 $root/examples/exec/boat.py" --env.processes 2 --run python
else
    echo "notice: no python3, so the boat in Python was not tested"
fi

# OGBench's environments that are not built in: the requests and answers of an evaluation are recorded and compared with
# OGBench driven directly. Stored rows are replayed from qpos, qvel and the observation.
python=${ASTRO_OGBENCH_PYTHON:-build/ogbench-venv/bin/python}
case $python in /*) ;; *) python=$root/$python ;; esac
# python_finds FILE CONDITION: the condition holds for the results r in the JSON file.
python_finds() { "$python" -c 'import json, sys; r = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$1" "$2"; }
if [ -x "$python" ]; then
    server=$root/examples/ogbench/environment.py
    driver=$root/tests/python/check_manipulation.py
    short_policy="$astro train policy --preset tiny --env.timeout 300 --gcbc.updates 20 --evaluate.points 1 --evaluate.episodes 1"
    short_policy="$short_policy --evaluate.tasks 1 --quiet"
    check "a solved puzzle is a success in the same step" "$python" "$driver" solve puzzle-3x3-v0 "$server"
    for name in cube-single-v0 scene-v0 puzzle-3x3-v0 humanoidmaze-medium-v0; do
        recorded="exec:tee requests | '$python' '$server' $name | tee answers"
        check "$name: data are recorded" "$python" "$driver" record $name $name.npz
        $short_policy --data $name.npz --env "$recorded" --run ogbench-$name >out 2>err
        verdict "$name: a policy is trained and evaluated" $? err
        "$astro" evaluate --data $name.npz --run ogbench-$name --json --quiet >results 2>err
        verdict "$name: and evaluated again" $? err
        check "$name: observations, success and length are those of OGBench" "$python" "$driver" compare $name requests answers results
        check "$name: stored rows are replayed" "$python" "$driver" replay $name "$server" $name.npz
    done

    # Real ant data: all transitions are replayed, and a policy trained on them is evaluated in MuJoCo for 100 steps.
    ant=$root/tests/fixtures/npz/antmaze-medium-3-episodes.npz
    serve="exec:'$python' '$server' antmaze-medium-v0"
    "$astro" data verify "$ant" --env "$serve" --env.timeout 300 --json >verified 2>err
    verdict "recorded ants agree with MuJoCo" $? err
    check "all 600 transitions, none off by more than 1e-5" python_finds verified \
        'r["real_transitions"] == 600 and 0 < r["real_worst_error"] < 1e-5 and 0 < r["real_worst_error_sigma"] < 1e-5'
    $short_policy --data "$ant" --env "$serve | sed -u 's/\"step_limit\": 1000/\"step_limit\": 100/'" --run ant >out 2>err
    verdict "a policy is trained on them and evaluated" $? err
    check "with its figures" python_finds ant/results.json \
        'r["success/raw/gcbc/last"] in (0, 1) and 0 < r["success/raw/gcbc/steps"] <= 100 and r["environment"] == "antmaze-medium-v0"'
else
    echo "notice: no OGBench (make deps-ogbench installs it), so its environments were not tested"
fi

# A checkpoint is written before an evaluation. If the simulator fails there, --resume repeats it and no update.
printf '%s\n' '#!/bin/sh' "exec '$work/misbehave' dies step 1" >simulator.sh
later="$astro train policy --preset tiny --data lake.npz --gcbc.updates 40 --evaluate.points 2 --evaluate.episodes 2 --quiet"
refused 1 "ended with status 3 (request: step)" $later --run later --env "exec:sh ./simulator.sh"
check "the step that is tried before the training went well, and the checkpoint of update 20 is there" sh -c 'ls later/checkpoints/policy/raw/gcbc | grep -q 20'
printf '%s\n' '#!/bin/sh' "exec '$boat'" >simulator.sh
$later --run later --env "exec:sh ./simulator.sh" --resume >out 2>err
verdict "the policy is resumed" $? err
check "with both evaluations" [ "$(grep -c ',policy/raw/gcbc/success,' later/metrics.csv)" -eq 2 ]
$later --run at-once --env "exec:sh ./simulator.sh" >out 2>err
check "and the curve of a run without failure" [ "$(curve later)" = "$(curve at-once)" ]
# The same simulator at another place, and another one.
cp "$boat" boat-moved
check "a run is resumed with its simulator at another place" $later --run at-once --resume --policy.seeds 2 --env "exec:./boat-moved"
refused 2 "at-once was made with the environment boat-v0, not boat-v9" $later --run at-once --resume --policy.seeds 3 \
    --env "exec:./boat-moved | sed -u s/boat-v0/boat-v9/"
# A reset and a step are tried before the training.
for request in reset step; do
    refused 1 "ended with status 3 (request: $request)" $later --run tried --env "exec:$work/misbehave dies $request"
done
check "before anything is written" [ ! -e tried ]
hidden_boat="$boat | sed -u 's/\"replays_states\": true/\"replays_states\": false/'"
"$astro" train policy --preset tiny --data lake.npz --gcbc.updates 4 --evaluate.points 1 --evaluate.episodes 1 --run hidden --env "exec:$hidden_boat" 2>err >out
verdict "a policy is trained with a simulator that does not replay" $? err
check "there is no warning about equal units" sh -c "! grep -q 'same units' err"
# Exporting a policy and embedding rows start no simulator.
"$astro" train tdr --preset tiny --quiet --data lake.npz --tdr.updates 20 --data.arrival_steps 0 --env "exec:sh ./simulator.sh" --run later-tdr >out 2>err
verdict "a TDR is trained with a simulator" $? err
"$astro" embed --run later-tdr --quiet --out with.npz >out 2>err
rm simulator.sh
check "embed starts no simulator" "$astro" embed --run later-tdr --quiet --out without.npz
check "and gives the same" cmp with.npz without.npz
check "export starts no simulator" "$astro" policy export --run later --quiet --out policy.npz

# Errors of a process. bad HOW REQUEST "words" [TIMEOUT]: in a replay.
bad() {
    refused 1 "$3" timeout 60 "$astro" data verify lake.npz --env "exec:$work/misbehave $1 $2" --env.timeout "${4:-30}"
    check "$1: no process remains" none_remains
}
bad silent describe "does not answer within 0.3 s (request: describe)" .3
bad silent replay "does not answer within 0.3 s (request: replay)" .3
bad half replay "does not answer within 0.3 s" .3
bad late replay "does not answer within 0.3 s" .3
bad stubborn replay "does not answer within 0.3 s" .3
bad deaf replay "does not answer within 0.3 s" .3
bad orphaned replay "ended with status 5 (request: replay)"
bad dies describe "ended with status 3 (request: describe); standard error ends with: first\\n\\x1b[2Jcapsized\\x07"
bad dies replay "ended with status 3 (request: replay); standard error ends with: first\\n\\x1b[2Jcapsized\\x07"
bad killed replay "was killed by signal 9"
bad flood replay "answers with more than 256 MiB"
bad nonsense describe "answers describe with 'hello \\x1b[31mworld', which is not JSON"
bad nonsense replay "answers replay with 'hello \\x1b[31mworld', which is not JSON"
bad empty replay "which is not JSON"
bad array replay "where an object was expected"
bad twice replay "writes more than one line"
bad loading describe "writes more than one line, the first is 'loading...', the second '{\"id\": 1,"
bad missing replay "without an array \"states\""
bad few replay "gives 1 rows of \"states\" where 80 were expected"
bad nan replay "JSON has no NaN"
bad null replay "gives null in row 79 of \"states\" where a finite number was expected"
bad text replay "in row 79 of \"states\" where a finite number was expected"
bad large replay "number out of range"
bad id replay "the id is not that of the request"
bad error replay "cannot replay: out of \\x1bpaint"
bad version describe "uses version 2 of the protocol, expected version 1"
bad flat describe "describes the same column 0 twice"
bad fraction describe "answers with \"state_dim\": 2.5, expected an integer of at least 1 and at most 1000000"
bad nameless describe "without a printable \"name\""
exec 9</dev/null  # a file of the parent, which the process must not inherit
bad house replay "files closed, group own"
exec 9<&-
refused 1 "(process 2 of 2) gives another description" "$astro" data verify lake.npz --env "exec:$work/misbehave differs describe" --env.processes 2
refused 1 "gives row 0 of \"states\" with 1 numbers where 2 were expected" $train --evaluate.episodes 1 --evaluate.tasks 1 \
    --env "exec:$work/misbehave narrow step" --run narrow
refused 1 "boat-v0, agent 0: column 1 of its state is 1e+308, too large" $train --evaluate.episodes 1 --evaluate.tasks 1 \
    --env "exec:$work/misbehave huge step" --run huge
far="exec:$boat | sed -u 's/\"goal\": *\[[^,]*/\"goal\": [1e300/; s/\"goals\": *\[\[[^,]*/\"goals\": [[1e300/'"
refused 1 "boat-v0, agent 0: column 0 of its goal is 1e+300, too large" $train --evaluate.episodes 1 --evaluate.tasks 1 --env "$far" --run far
refused 1 "draws another start of task 1 for the same seed" $train --evaluate.episodes 1 --evaluate.tasks 1 \
    --env "exec:$work/misbehave forgets reset" --run forgets
check "a count may be written as 2.0" "$astro" data verify lake.npz --env "exec:$boat | sed -u 's/\"state_dim\": 2/\"state_dim\": 2.0/'"
for word in exec command eval; do
    check "a command may begin with $word" "$astro" data verify lake.npz --env "exec:$word $boat"
done
echo "exec '$boat'" >dot.sh
check "or with a dot" "$astro" data verify lake.npz --env "exec:. ./dot.sh"
refused 1 "status 127" "$astro" data verify lake.npz --env "exec:$work/no-such-program"
refused 2 "must be followed by a command" "$astro" data verify lake.npz --env "exec: "
refused 2 "--env.timeout" "$astro" data verify lake.npz --env "exec:$boat" --env.timeout 0
check "much output on standard error is not an error" timeout 60 "$astro" data verify lake.npz --env "exec:$work/misbehave chatty replay"
check "a run that failed at its start wrote no results" [ ! -e tasks/results.json ]

# A signal ends astro while it waits for an answer, and with it all its processes.
interrupted "data verify" TERM "sleep 1" "$astro" data verify lake.npz --env "exec:$work/misbehave stubborn replay" --env.timeout 600
check "its processes end" none_remains
# An evaluation during training is made again by --resume.
printf '%s\n' '#!/bin/sh' "exec '$work/misbehave' silent step 1" >waits.sh
chmod +x waits.sh
checkpoints=checkpoints/policy/raw/gcbc
waits="$train --evaluate.episodes 50 --env.timeout 600"
interrupted "evaluation in a stage" INT "ls waits/$checkpoints/step_* && sleep .5" \
    $waits --env "exec:$work/waits.sh" --run waits
check "the message says how to continue" grep -q 'hint: continue with the same command and --resume' err
check "the checkpoint before the evaluation is kept" sh -c "ls waits/$checkpoints/step_*"
check "its process ends" none_remains
printf '%s\n' '#!/bin/sh' "exec '$boat'" >waits.sh
$waits --env "exec:$work/waits.sh" --run waits --resume >out 2>err
verdict "the stage is resumed" $? err
$waits --env "exec:$work/waits.sh" --run never >out 2>err
check "with the checkpoint of a run without a signal" cmp waits/$checkpoints/step_00000400.npz never/$checkpoints/step_00000400.npz
check "its results" cmp waits/results.json never/results.json
check "and its curve" [ "$(curve waits)" = "$(curve never)" ]

# If astro is killed, its processes end, even those that do not read their input.
"$astro" data verify lake.npz --env "exec:$work/misbehave silent describe" >/dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -z "$(remaining)" ] || break
    sleep .3
done
check "a process is running" [ -n "$(remaining)" ]
kill -9 $!
wait $! 2>/dev/null
check "it ends after kill -9 of astro" none_remains

closing_line
