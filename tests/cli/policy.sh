#!/bin/sh
# Policies exported by `astro policy export` are used with `astro act` and with the readers in examples/policy.
. tests/shell.sh
${CXX:-c++} -std=c++17 -O1 -Wall -Wextra -Werror -o "$work/drive" examples/policy/drive.cpp || exit 1
cd "$work" || exit 1
"$root/$BUILD/examples/08_own_system" lake.npz >/dev/null || exit 1
run="--preset tiny --data lake.npz --gcbc.updates 1500 --quiet --run run"
export="$astro policy export --data lake.npz --run run"

# shellcheck disable=SC2086
refused 2 "is not a run folder" "$astro" policy export $run --out early.npz
# shellcheck disable=SC2086
check "a policy is trained" "$astro" train policy $run
check "and exported" $export --out policy.npz
cp policy.npz first.npz
check "again, over the old file" $export --out policy.npz
check "with the same bytes" cmp first.npz policy.npz
check "the file contains its provenance" sh -c "grep -aq '\"data\": \"lake.npz\"' policy.npz && grep -aq '\"updates\": 1500' policy.npz"
refused 2 "ends in .npz" $export --out policy
refused 2 "is not a file of this command" $export --out ./lake.npz
refused 2 "--index 1: policy.seeds is 1" $export --out second.npz --index 1
refused 2 "--out" $export
check "rejected exports write no file" sh -c "[ ! -e early.npz ] && [ ! -e second.npz ]"

# The boat arrives on the same path with the header and with astro act through a pipe.
mkfifo actions
timeout 60 ./drive <actions 2>piped | timeout 60 "$astro" act --policy policy.npz >actions
timeout 60 ./drive policy.npz 2>direct
verdict "the boat arrives with the header" $? direct
check "and through the pipe" grep -q ' steps, at ' piped
check "on the same path" diff piped direct
if command -v python3 >/dev/null; then
    timeout 60 python3 "$root/examples/policy/drive.py" "$astro" policy.npz 2>python
    verdict "the boat arrives in Python" $? python
    check "on the same path in Python" diff python direct
fi

# Each line gets one answer. A batch gives the same actions as its rows.
act="$astro act --policy policy.npz"
printf '%s\n' '{"observation": [1, -2], "goal": [3, 4]}' '{"observation": [0, 0.5], "goal": [-6, 2]}' \
    '{"observations": [[1, -2], [0, 0.5]], "goals": [[3, 4], [-6, 2]]}' '{"observations": [], "goals": []}' >requests
check "requests are answered" sh -c "$act <requests >answers"
check "with one line per request" [ "$(wc -l <answers)" -eq 4 ]
sed -n 's/{"action": \(.*\)}/\1/p' answers | paste -sd, | sed 's/,\[/, [/; s/.*/{"actions": [&]}/' >rows
check "a batch gives the same actions as its rows" sh -c "sed -n 3p answers | diff - rows"
check "an empty batch gives no actions" [ "$(sed -n 4p answers)" = '{"actions": []}' ]

# wrong "words" LINE: the error names the number of the line. The line before it is answered.
wrong() {
    printf '%s\n' '{"observation": [1, 2], "goal": [3, 4]}' "$2" '{"observation": [1, 2], "goal": [3, 4]}' >requests
    refused 3 "standard input, line 2: $1" sh -c "$act <requests"
    check "the line before it is answered, none after it" [ "$(grep -c '^{"action": \[' "$work/out")" -eq 1 ]
}
wrong 'column 1: not valid JSON' ''
wrong 'column 1: not valid JSON' 'hello'
wrong 'column 18: not valid JSON' '{"observation": [NaN, 2], "goal": [3, 4]}'
wrong 'column 23: not valid JSON: number out of range' '{"observation": [1e999, 2], "goal": [3, 4]}'
wrong 'expected an object' '[1, 2]'
wrong 'no "observation"' '{}'
wrong 'no "goal"' '{"observation": [1, 2]}'
wrong '"observation": 3 numbers, expected 2' '{"observation": [1, 2, 3], "goal": [3, 4]}'
wrong '"goal": 1 numbers, expected 2' '{"observation": [1, 2], "goal": [3]}'
wrong '"observation", number 1: expected a finite number' '{"observation": [1, null], "goal": [3, 4]}'
wrong '"goal": expected an array of 2 numbers' '{"observation": [1, 2], "goal": 3}'
wrong 'unknown member "aim"' '{"observation": [1, 2], "goal": [3, 4], "aim": 1}'
wrong '"observations", row 0: expected an array of 2 numbers' '{"observations": [1, 2], "goals": [3, 4]}'
wrong 'expected as many goals as observations' '{"observations": [[1, 2], [1, 2]], "goals": [[3, 4]]}'
wrong 'the goal of row 0, column 1: the number is too large' '{"observation": [1, 2], "goal": [3, 1e300]}'
refused 3 "is not an exported policy" "$astro" act --policy lake.npz
refused 1 "none.npz" "$astro" act --policy none.npz
refused 1 "cannot read from standard input: " sh -c "$act </"
refused 1 "cannot read from standard input: " sh -c "$act <&-"
check "a byte order mark is no part of the first line" sh -c "printf '\357\273\277{\"observation\": [1, 2], \"goal\": [3, 4]}\n' | $act | grep -q action"
refused 2 "--policy" "$astro" act
yes '{"observation": [1, 2], "goal": [3, 4]}' | head -n 2000 >requests
refused 1 "standard output" sh -c "$act <requests >/dev/full"
# A reader that ends ends it quietly, a signal with one line.
{ yes '{"observation": [1, 2], "goal": [3, 4]}' | timeout 60 $act 2>quiet; echo $? >code; } | head -n 1 >first
check "it answers until its reader ends" grep -q '^{"action": \[' first
check "then it ends with status 0" [ "$(cat code)" -eq 0 ]
check "without a message" [ ! -s quiet ]
for signal in $(stopping_signals); do
    mkfifo input-$signal
    exec 8<>input-$signal
    interrupted "it waits for input" $signal "sleep .3" sh -c "exec $act <input-$signal"
    exec 8>&-
done
head -c 1000 policy.npz >cut.npz
refused 3 "cut.npz" "$astro" act --policy cut.npz
./drive cut.npz 2>err
check "the header rejects a truncated file" [ $? -eq 2 ]

# Exporting a policy of spliced data does not need augmented.npz. A single-task policy takes no goal.
"$astro" train policy --preset tiny --data lake.npz --gcbc.updates 20 --quiet --run run --arm augmented --augmented lake.npz >log 2>&1
verdict "a policy is trained on a second data set" $? log
check "it is exported without that data set" $export --gcbc.updates 20 --arm augmented --out augmented.npz
"$astro" data collect --env pointmaze-medium-v0 --episodes 30 --out maze.npz >/dev/null || exit 1
single="--preset tiny --data maze.npz --env pointmaze-medium-v0 --quiet --run single --policy.protocol single-task --policy.learner iql"
# shellcheck disable=SC2086
check "a single-task policy is trained" "$astro" train policy $single --value.updates 4 --evaluate.episodes 1
check "and exported" "$astro" policy export --data maze.npz --run single --out single.npz
check "it gives actions without a goal" sh -c "echo '{\"observation\": [1, 2]}' | $astro act --policy single.npz"
echo '{"observation": [1, 2], "goal": [3, 4]}' >requests
refused 3 "this policy takes no goal" sh -c "$astro act --policy single.npz <requests"

# A policy that sees latents needs the TDR to be trained and exported, and nothing but its file to act.
latents="--preset tiny --data lake.npz --quiet --run latents --policy.latents"
# shellcheck disable=SC2086
refused 2 "astro train tdr" "$astro" train policy $latents --gcbc.updates 200
check "the TDR is trained" "$astro" train tdr --preset tiny --data lake.npz --quiet --run latents
# shellcheck disable=SC2086
check "a policy that sees latents is trained" "$astro" train policy $latents --gcbc.updates 200 --resume
# shellcheck disable=SC2086
check "and exported with its encoder" "$astro" policy export --data lake.npz --run latents --out latents.npz
# shellcheck disable=SC2086
check "a hierarchical policy of latents is trained" "$astro" train policy $latents --policy.learner hgcbc --gcbc.updates 20 --resume
check "and exported" "$astro" policy export --data lake.npz --run latents --policy.learner hgcbc --out hierarchical.npz
refused 2 "policy.latents is on there, off here" "$astro" train policy --preset tiny --data lake.npz --quiet --run latents --resume
rm -rf latents
check "it acts" sh -c "echo '{\"observation\": [1, 2], \"goal\": [3, 4]}' | $astro act --policy latents.npz"

if python3 -c 'import numpy' 2>/dev/null; then
    cat >compare.py <<'END'
import json, subprocess, sys
import numpy as np
sys.path.insert(0, sys.argv[1] + "/examples/policy")
from policy import Policy

worst = 0
for path in "policy.npz", "single.npz", "latents.npz", "hierarchical.npz":
    policy, rng = Policy(path), np.random.default_rng(0)
    rows, goals = rng.uniform(-20, 20, (2, 500, 2))
    request = {"observations": rows.tolist()}
    if path != "single.npz":
        request["goals"] = goals.tolist()
    answer = subprocess.run([sys.argv[2], "act", "--policy", path], input=json.dumps(request), capture_output=True, text=True)
    actions = np.array(json.loads(answer.stdout)["actions"])
    worst = max(worst, np.abs(policy.act(rows, goals) - actions).max())
    worst = max(worst, np.abs(policy.act(rows[0], goals[0]) - actions[0]).max())
sys.exit(f"differs by {worst}" if not worst < 1e-6 else 0)
END
    check "NumPy gives the same actions to 1e-6" python3 compare.py "$root" "$astro"
else
    echo "notice: no NumPy for python3, so examples/policy/policy.py was not tested"
fi

closing_line
