#!/bin/sh
# shellcheck disable=SC2086  # options are words
# Hints in messages help: a command is refused with a hint, and the command that the hint asks for is not refused.
# tests/structure.sh checks that each hint in the sources occurs here. Hints that need no command or cannot be produced
# by one are listed at the end.
. tests/shell.sh
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: write the files of hints' >"$work/made" 2>&1 || {
    cat "$work/made"
    exit 1
}
boat=$root/$BUILD/examples/boat
cd "$work" || exit 1
"$root/$BUILD/examples/08_own_system" lake.npz >/dev/null || exit 1

# hint STATUS "words" command...: the command is refused with this hint. Sets asked to the text after "hint: ".
hint() {
    code=$1
    hint_words=$2
    shift 2
    refused "$code" "hint: $hint_words" "$@"
    asked=$(sed -n 's/.*; hint: //p' err)
}
# helps command...: the command succeeds, or training starts and is stopped by --stop-after.
helps() {
    "$@" >out 2>err
    code=$?
    [ $code -eq 0 ] || { [ $code -eq 130 ] && grep -q 'stopped before its end' err; }
    verdict "the hint helps: $*" $? err
}
# not_for "words" command...: the message or warning with these words is gone; the command may be refused for another
# reason, but it does not crash.
not_for() {
    words=$1
    shift
    "$@" >out 2>err
    code=$?
    [ $code -le 3 -o $code -eq 130 ] && ! grep -qF -- "$words" err
    verdict "the hint helps against '$words': $*" $? err
}
# warned RUN "words": the results of the run have a warning with this hint.
warned() { check "$1 warns with the hint '$2'" grep -qF -- "hint: $2" "$1/results.json"; }
tiny="--preset tiny --quiet --data.arrival_steps 0"
# starts FILE: training on the file starts.
starts() {
    rm -rf started
    helps "$astro" train tdr $tiny --stop-after 1 --data "$1" --run started
}
# on FILE: a command of training on it.
on="$astro train tdr $tiny --run refused --stop-after 1 --data"

# Files and arrays.
hint 2 "another name" "$astro" embed --run unread --out plain.npz
hint 2 "another name" "$astro" report unread --out plain.npz
collect="$astro data collect --env pointmaze-medium-v0 --episodes 2 --out"
cp plain.npz old.npz
hint 2 "another name, or remove the old data set first" $collect old.npz
helps $collect new.npz
rm old.npz
helps $collect old.npz
hint 3 "mark the end of each episode" $on one-episode.npz
starts plain.npz
hint 3 "reshape it to (rows, columns), and mark the ends of episodes in terminals" $on three-axes.npz
starts plain.npz
hint 3 "if they are continuous, scale them to [-1, 1] and store them as float32" $on classes.npz
starts plain.npz
hint 3 "the method plans actions, so they must vary in the data" $on idle.npz
check "the message names the file" grep -q "^astro: idle.npz: all columns of actions are constant" err
starts plain.npz
hint 3 "check that this is the right file" $on rounding.npz
starts plain.npz
hint 3 "correct this value, or remove its row or episode" $on extreme.npz
starts plain.npz
hint 3 "a time limit also ends an episode: include 'timeouts' or 'truncations', or add 'episode_ids'" $on no-end.npz
starts timeouts.npz
starts sorted-episodes.npz
hint 3 "add terminals, 1 on the last row of each episode" $on dones.npz
starts dones-and-ends.npz
hint 3 "sort the rows by episode, then by step" $on mixed-episodes.npz
starts sorted-episodes.npz
hint 3 "remove the wrong array" $on two-marks.npz
starts one-mark.npz
hint 3 "--unpack_ratio " "$astro" data verify zeros.npz --env pointmaze-medium-v0
not_for "unpack" "$astro" data verify zeros.npz --env pointmaze-medium-v0 ${asked% if this is intended}
hint 3 "rename 'obs' to 'observations', 'action' to 'actions'" $on other-names.npz
starts renamed.npz
hint 3 "rename 'x/observations' to 'observations', 'x/actions' to 'actions', 'x/done' to 'done'" $on prefix.npz
installed=$root/build/convert-venv/bin/python  # of `make deps-convert`
[ -x "$installed" ] || installed=python3
python=${PYTHON:-$installed}
printf '\211HDF\r\n\032\n' >mine.hdf5
hint 3 "examples/convert/d4rl.py converts a file of D4RL, d3rlpy_buffer.py one of d3rlpy" $on mine.hdf5
printf 'PAR1' >mine.parquet
hint 3 "examples/convert/lerobot.py converts a table of LeRobot" $on mine.parquet
if "$python" -c 'import numpy, h5py, pyarrow' >/dev/null 2>&1; then
    for file in d4rl.hdf5 lerobot.parquet; do
        script=$root/examples/convert/${file%.*}.py
        "$python" "$script" plain.npz $file && "$python" "$script" $file from-${file%.*}.npz
        starts from-${file%.*}.npz
    done
else
    echo "notice: $python has no h5py or pyarrow, so the scripts of these hints were not run"
fi
echo "1,2" >mine.csv
hint 3 "read it with numpy.loadtxt and write observations, actions and terminals with numpy.savez" $on mine.csv
if "$python" -c 'import numpy' >/dev/null 2>&1; then
    "$python" - <<'END'
import numpy as np
d = np.load("plain.npz")
np.savetxt("plain.csv", np.hstack([d["observations"], d["actions"], d["terminals"][:, None]]), delimiter=",")
table = np.loadtxt("plain.csv", delimiter=",")
np.savez("from-csv.npz", observations=table[:, :2], actions=table[:, 2:4], terminals=table[:, 4])
END
    starts from-csv.npz
fi
mkfifo pipe.npz
hint 1 "save the content to a file first" $on pipe.npz
cat plain.npz >pipe.npz &
cat pipe.npz >saved.npz
starts saved.npz
name=pointmaze-medium-navigate-v0
hint 1 "put the file there, or set ASTRO_DATA to its folder, or give its path" env ASTRO_DATA=none HOME=. $on $name
hint 1 "put the file there, or set ASTRO_DATA to its folder, or give its path" env -u ASTRO_DATA HOME=. $on $name
mkdir -p .ogbench/data folder && cp maze.npz .ogbench/data/$name.npz && cp maze.npz folder/$name.npz
helps env -u ASTRO_DATA HOME=. "$astro" train tdr $tiny --stop-after 1 --run put --data $name
helps env ASTRO_DATA=folder HOME=none "$astro" train tdr $tiny --stop-after 1 --run named --data $name
helps "$astro" train tdr $tiny --stop-after 1 --run path --data folder/$name.npz

# Environments.
hint 3 "--env pointmaze-medium-v0" $on pointmaze-large-navigate-v0.npz
helps "$astro" train tdr $tiny --stop-after 1 --run right --data pointmaze-large-navigate-v0.npz $asked
hint 3 "actions[t] must lead from observations[t] to observations[t + 1]" $on late.npz --env pointmaze-medium-v0
helps "$astro" train tdr $tiny --stop-after 1 --run in-time --data maze.npz --env pointmaze-medium-v0
hint 3 "divide them by 25" $on percent.npz --env pointmaze-medium-v0
helps "$astro" train tdr $tiny --stop-after 1 --run divided --data maze.npz --env pointmaze-medium-v0
for system in pointmaze-giant-navigate-v0 pointmaze-teleport-navigate-v0; do  # other dynamics, other dimensions
    hint 3 "--env names the right environment; for a system that is not built in, omit --env, and rename the file if it is named after \
this environment" $on $system.npz
    mv $system.npz own-$system.npz
    refused 3 "omit --env" $on own-$system.npz --env pointmaze-medium-v0
    starts own-$system.npz
done
refused 2 "hint: built-in environments are " "$astro" data collect --env pointmaze-huge-v0 --episodes 1 --out collected.npz
hint 2 "--env exec:COMMAND starts a simulator of your own; built-in environments are " \
    "$astro" data verify maze.npz --env pointmaze-huge-v0
helps "$astro" data verify lake.npz --env "exec:$boat"
for environment in $(echo "$asked" | sed 's/.* are //; s/,//g'); do
    helps "$astro" data collect --env "$environment" --episodes 1 --out "collected-$environment.npz"
done
for name in antmaze-medium-v0 antmaze-medium-stitch-v0 antmaze-medium-navigate-singletask-task1-v0; do
    hint 2 "OGBench serves it, after make deps-ogbench: --env \"exec:build/ogbench-venv/bin/python examples/ogbench/environment.py \
antmaze-medium-v0\"" $on plain.npz --env $name  # followed in environments.sh
done
hint 2 "omit the type" "$astro" data collect --env maze2d-umaze-v1 --type stitch --episodes 1 --out collected.npz
helps "$astro" data collect --env maze2d-umaze-v1 --episodes 1 --out collected.npz
hint 2 '--env "exec:python3 simulator.py"' $on plain.npz --env exec:
helps "$astro" train tdr $tiny --stop-after 1 --run exec --data lake.npz --env "exec:$boat"
hint 2 "--data FILE" "$astro" run $tiny --stop-after 1 --run refused --env "exec:$boat"
helps "$astro" run $tiny --stop-after 1 --run with-data --env "exec:$boat" --data lake.npz
# A simulator that decides success itself; its one agent stands still.
cat >judge.sh <<'END'
while read -r request; do
    id=$(echo "$request" | sed 's/.*"id": *\([0-9]*\).*/\1/')
    case $request in
    *describe*) answer='"version": 1, "name": "judge-v0", "state_dim": 2, "action_dim": 2, "step_limit": 9, "judges": true, "tasks": [{"start": [0, 0], "goal": [1, 1]}]' ;;
    *) answer='"states": [[0, 0]], "goals": [[1, 1]], "success": [false]' ;;
    esac
    echo "{\"id\": $id, $answer}"
done
END
single="$astro train policy $tiny --stop-after 1 --data plain.npz --policy.learner iql"
hint 2 "--policy.protocol goal-conditioned" $single --env "exec:sh judge.sh" --run refused --policy.protocol single-task
helps $single --env "exec:sh judge.sh" --run judged $asked
hint 2 "--relabel.rule on-the-way, or the learner gcbc or hgcbc" $single --run refused --relabel.rule weighted
helps $single --run on-the-way --relabel.rule on-the-way

own="$astro train policy $tiny --stop-after 1 --data lake.npz --policy.learner iql"
hint 2 "--env names it, or --policy.protocol goal-conditioned" $own --policy.protocol single-task --run refused
helps $own --policy.protocol single-task --run named-env --env "exec:$boat"
helps $own --policy.protocol goal-conditioned --run goals
hint 2 "--evaluate.random_pairs 0" $own --policy.protocol goal-conditioned --run refused --env "exec:$boat" --evaluate.random_pairs 3
helps $own --policy.protocol goal-conditioned --run no-pairs --env "exec:$boat" --evaluate.random_pairs 0
hint 3 "--data.arrival_steps 0 counts all rows as travel" "$astro" run --preset tiny --quiet --data resting.npz --run refused
helps "$astro" run --preset tiny --quiet --data resting.npz --run resting --data.arrival_steps 0 --stop-after 1

# Devices.
$on plain.npz --device cuda >out 2>err
if [ $? -eq 130 ]; then
    echo "notice: there is a GPU, so the hint '--device cpu, or auto' was not tested"
else
    hint 1 "--device cpu, or auto" $on plain.npz --device cuda
    helps "$astro" train tdr $tiny --stop-after 1 --run cpu --data plain.npz --device cpu
    helps "$astro" train tdr $tiny --stop-after 1 --run auto --data plain.npz --device auto
fi
hint 2 "f32 or own" "$astro" selftest --matmul tf32
helps "$astro" selftest --matmul f32
# A sanitizer needs more address space than this limit.
limited() { sh -c 'ulimit -v 700000; exec "$@"' limited "$@"; }
if limited "$astro" version >/dev/null 2>&1; then
    large="$astro train policy --preset tiny --quiet --data plain.npz --threads 1 --chunks 1 --gcbc.width 1024 --stop-after 1"
    hint 1 "use a smaller batch, or on a GPU fewer --threads (they train in parallel)" limited $large --gcbc.batch 65536 --run large-batch
    helps limited $large --gcbc.batch 64 --run small-batch
else
    echo "notice: the program does not start with limited memory, so the hint 'use a smaller batch' was not tested"
fi

# Run folders.
hint 130 "continue with the same command and --resume" "$astro" train tdr $tiny --data plain.npz --run run --tdr.updates 4 --stop-after 1
hint 2 "continue with --resume, or choose another --run folder" "$astro" train tdr $tiny --data plain.npz --run run --tdr.updates 4
helps "$astro" train tdr $tiny --data plain.npz --run another --tdr.updates 4
helps "$astro" train tdr $tiny --data plain.npz --run run --tdr.updates 4 --resume
for resume in "" --resume; do
    hint 2 "omit --tdr.updates, or use another --run folder" \
        "$astro" train tdr $tiny --data plain.npz --run run --tdr.updates 5 $resume
    check "the setting that differs is named" grep -qF "with other settings: tdr.updates is 4 there, 5 here; hint" err
done
hint 2 "omit --tdr.updates, or use another --run folder" "$astro" embed --run run --quiet --tdr.updates 5 --out latents.npz
hint 2 "omit --preset, or use another --run folder" "$astro" embed --run run --quiet --preset cpu --data plain.npz --out latents.npz
hint 2 "omit --preset, or give --data too" "$astro" embed --run run --quiet --preset tiny --out latents.npz
helps "$astro" embed --run run --quiet --out latents.npz
not_for "--data is required" "$astro" embed --run run --quiet --preset tiny --data plain.npz --out latents.npz
cp -r run replaced
helps "$astro" train policy $tiny --data plain.npz --run replaced --tdr.updates 5 --gcbc.updates 4
hint 2 "use another --run folder" "$astro" embed --run replaced --quiet --out latents.npz
helps "$astro" train policy $tiny --data plain.npz --run cloned --gcbc.updates 4
for changed in "--gcbc.updates 6" "--gcbc.width 48"; do
    hint 2 "omit ${changed% *}, or use another --run folder" "$astro" policy export --run cloned --quiet $changed --out policy.npz
done
helps "$astro" policy export --run cloned --quiet --out policy.npz
helps "$astro" train tdr --run run --quiet --resume
mkdir elsewhere && cp -r run elsewhere/run
hint 1 "--data FILE names its present place" env -C elsewhere "$astro" embed --run run --quiet --out latents.npz
helps env -C elsewhere "$astro" embed --run run --quiet --out latents.npz --data ../plain.npz
cp -r run changed
ASTRO_CASES=changed/checkpoints/tdr "$root/$BUILD/astro_tests" --no-skip --test-case='cases: change a checkpoint' >"$work/made" 2>&1 || cat "$work/made"
hint 3 "train this stage in another --run folder" "$astro" embed --run changed --quiet --out changed.npz
helps "$astro" train tdr $tiny --data plain.npz --run unchanged --tdr.updates 4
helps "$astro" embed --run unchanged --quiet --out changed.npz
helps "$astro" train tdr $tiny --data plain.npz --run five --tdr.updates 5
generate="$astro run $tiny --stop-after 1 --collect.episodes"
helps $generate 5 --run generated
hint 2 "use the same settings or another --run folder" $generate 6 --run generated --resume
helps $generate 5 --run generated --resume
helps $generate 6 --run generated-6
# A run belongs to its data.
clone="$astro train policy $tiny --gcbc.updates 4"
hint 2 "--data plain.npz, or another --run folder" $clone --data lake.npz --run cloned --resume
helps $clone --data plain.npz --run cloned --resume
helps $clone --data lake.npz --run lake
hint 2 "--data plain.npz, or another --run folder" "$astro" run $tiny --gcbc.updates 4 --run cloned --resume --stop-after 1
check "no data are generated" [ ! -e cloned/data ]
helps "$astro" run $tiny --gcbc.updates 4 --run cloned --data plain.npz --resume --stop-after 1
cp plain.npz mine.npz && cp plain.npz mine-val.npz
helps $clone --data mine.npz --run mine
mv mine-val.npz away.npz
hint 2 "another --run folder" $clone --data mine.npz --run mine --resume
check "the missing file is named" grep -q "validation file mine-val.npz, which is not there" err
helps $clone --data mine.npz --run mine-alone
mv away.npz mine-val.npz
hint 2 "another --run folder" $clone --data mine.npz --run mine-alone --resume
check "the new file is named" grep -q "without the validation file mine-val.npz" err
cp lake.npz mine.npz
hint 2 "another --run folder" $clone --data mine.npz --run mine --resume
check "the change is named" grep -q "mine.npz has changed since mine was made with it" err
helps $clone --data mine.npz --run mine-anew
hint 2 "--env names it" $clone --data plain.npz --run refused --evaluate.random_pairs 3
helps $clone --data lake.npz --run tasks --env "exec:$boat" --evaluate.tasks 1 --evaluate.episodes 2
short="$astro run $tiny --stop-after 1 --data short-episodes.npz --run short"
hint 3 "--planner.context 3 --planner.gap 4 --augment.start_arrival 2" $short
helps $short $asked
hint 3 "--augment.start_arrival 2" $short --planner.context 3 --planner.gap 4
hint 2 "--metrics.position 0,1 if these are x and y" "$astro" run $tiny --stop-after 1 --data plain.npz --run refused --selection.distance euclid-position
helps "$astro" run $tiny --stop-after 1 --data plain.npz --run by-position --selection.distance euclid-position --metrics.position 0,1
hint 2 "--run DIR names the folder of a run" "$astro" embed $tiny --tdr.updates 4 --data plain.npz --run none --out latents.npz
helps "$astro" embed --run run --quiet --out latents.npz
mkdir run/report.html
hint 1 "--out FILE writes the report elsewhere" "$astro" report run
helps "$astro" report run --out page.html

# Stages that need others. asked is "first astro COMMAND with the settings of this command".
updates="--tdr.updates 4"
first() {  # OPTION...: follows the hint with these settings
    asked=${asked#first astro }
    helps "$astro" ${asked% with the settings of this command} $tiny "$@"
}
hint 2 "first astro train tdr --data plain.npz --run stages with the settings of this command" "$astro" train dynamics $tiny $updates \
    --dynamics.updates 4 --one_step.updates 4 --data plain.npz --run stages
first $updates
hint 2 "first astro train dynamics --data" "$astro" train planner $tiny $updates --dynamics.updates 4 --planner.updates 4 --data plain.npz --run stages
hint 2 "astro run, train dynamics and augment write it into --run" "$astro" data verify plain.npz --run stages
asked="first astro train dynamics --data plain.npz --run stages with the settings of this command"
first $updates --dynamics.updates 4 --one_step.updates 4
not_for "does not exist" "$astro" data verify plain.npz --run stages
augment="$astro augment $tiny $updates --dynamics.updates 4 --planner.updates 4 --one_step.updates 4 --data plain.npz --run stages --augment.plausibility 50"
augment="$augment --selection.selector random --augment.chain random"
hint 2 "first astro train planner --data" $augment --augment.accept_threshold 50
first $updates --dynamics.updates 4 --planner.updates 4
hint 3 "--augment.start_arrival 20" $augment --augment.accept_threshold 50 --augment.start_arrival 1000
not_for "start_arrival" $augment --augment.accept_threshold 50 $asked
hint 2 "first astro augment --data plain.npz --run untrained with the settings of this command, or --augmented FILE" \
    "$astro" train policy $tiny --data plain.npz --run untrained --arm augmented --gcbc.updates 4
helps "$astro" train policy $tiny --data plain.npz --run untrained --arm augmented --gcbc.updates 4 --augmented plain.npz
"$astro" train policy $tiny --data plain.npz --run begun --gcbc.updates 4 --stop-after 1 2>/dev/null
hint 2 "first astro train policy --arm raw --policy.learner gcbc --data plain.npz --run begun --resume" \
    "$astro" policy export --run begun --out policy.npz
first --gcbc.updates 4
export="$astro policy export --data plain.npz --run stages --arm augmented --policy.learner td3bc --out policy.npz"
hint 2 "first astro train policy --arm augmented --policy.learner td3bc --data" $export
first --value.updates 4 --augmented plain.npz
helps $export
hint 3 "astro policy export writes one" "$astro" act --policy plain.npz
helps sh -c "echo '{\"observation\": [1, 2], \"goal\": [3, 4]}' | $astro act --policy policy.npz"

# Episodes that do not travel, and overflow.
tdr="$astro train tdr --preset tiny --quiet --data plain.npz"
hint 3 "a new run with data.arrival_steps 0, which counts all rows as travel" $tdr --tdr.updates 4 --data.arrival_steps 1e6 --run arrived
helps $tdr --tdr.updates 4 --data.arrival_steps 0 --run travels
helps $tdr --tdr.updates 1 --data.arrival_steps 6 --run untrained
check "an untrained TDR is a warning" grep -q 'all rows count as travel; hint: more tdr.updates' untrained/results.json
helps $tdr --tdr.updates 400 --data.arrival_steps 6 --run trained
check "the hint helps: there is no warning" sh -c "! grep -q 'all rows count as travel' trained/results.json"
steep="$astro train policy $tiny --data plain.npz --gcbc.last_layer_scale 10 --gcbc.layers 16 --gcbc.width 256 --gcbc.updates 10"
hint 1 "a lower learning_rate of this stage; 'astro data inspect' shows extreme values" $steep --gcbc.learning_rate 1 --run overflow
helps $steep --gcbc.learning_rate 1e-5 --run no-overflow
helps "$astro" data inspect plain.npz
check "refused commands leave nothing" [ ! -e refused ]

# What stopped stitching.
whole="$astro run $tiny --data plain.npz --augment.start_arrival 20 --augment.plausibility 50 --gcbc.updates 4 --experiment.arms raw,augmented"
stitched="$whole --tdr.updates 4 --one_step.updates 4 --selection.selector random --augment.chain random --augment.accept_threshold"
narrow="$whole --dynamics.updates 4 --planner.updates 4 --augment.chains 2 --tdr.updates"
one_cut="$whole --dynamics.updates 4 --planner.updates 4 --augment.chains 1 --augment.idle_rounds 1 --seed 4 --tdr.updates"
hint 3 "a new run with more tdr.updates, or with a larger planner.gap if this prediction does not grow with them" \
    $one_cut 20 --run cut-20 --planner.gap 1
not_for "more tdr.updates" $one_cut 600 --run cut-600 --planner.gap 8
hint 3 "a new run with a larger planner.gap or more tdr.updates, if the episodes come near one another at all" $one_cut 600 --run short-gap --planner.gap 1
not_for "larger planner.gap" $one_cut 600 --run long-gap --planner.gap 20
hint 3 "a new run with more tdr.updates" $narrow 20 --run tdr-20 --planner.gap 8
not_for "more tdr.updates" $narrow 600 --run tdr-600 --planner.gap 8
hint 3 "a lower augment.mono_progress, a higher augment.detour or augment.chain random" $narrow 600 --run far-ends --augment.mono_progress 1e4
not_for "a lower augment.mono_progress" $narrow 600 --run far-ends --resume --augment.mono_progress 10
hint 3 "a lower augment.ext_progress or augment.chain random" $narrow 600 --run far-ends --resume --augment.chain ext --augment.ext_progress 1e4
not_for "a lower augment.ext_progress" $narrow 600 --run far-ends --resume --augment.chain ext --augment.ext_progress 10
not_for "augment.chain random" $narrow 600 --run far-ends --resume --augment.chain random
hint 3 "a new run with more dynamics.updates" $stitched 0 --run dynamics-1 --dynamics.updates 1 --planner.updates 1
not_for "more dynamics.updates" $stitched 0 --run dynamics-150 --dynamics.updates 150 --planner.updates 1
blameless="$stitched 0 --dynamics.updates 20 --metrics.warn_still 10 --sampling.final_guidance_steps 0"
hint 3 "a new run with more planner.updates" $blameless --run planner-1 --planner.updates 1
not_for "a new run with more planner.updates" $blameless --run planner-300 --planner.updates 300
guided="$stitched 0 --dynamics.updates 20 --metrics.warn_still 10 --planner.updates 0"
hint 3 "a new run with more sampling.final_guidance_steps" $guided --run guided-0 --sampling.final_guidance_steps 0
not_for "a new run with more sampling.final_guidance_steps" $guided --run guided-60 --sampling.final_guidance_steps 60
hint 3 "more planner.updates in a new run, or a higher augment.accept_threshold or augment.plausibility" $stitched 0 --run threshold \
    --dynamics.updates 150 --planner.updates 200
helps $stitched 50 --run threshold --dynamics.updates 150 --planner.updates 200 --resume
bounded="$stitched 1000 --dynamics.updates 150 --planner.updates 200 --run bounded"
hint 3 "a higher augment.bound_threshold, or a new run with more dynamics.updates" $bounded --augment.bound_threshold .001
helps $bounded --resume --augment.bound_threshold 1000
hint 3 "more held-out episodes, a lower augment.bound_coverage, or augment.bound_threshold 0" $bounded-few --augment.bound_threshold 1000 \
    --data.validation_share .01 --augment.bound_coverage .999
not_for "more held-out episodes" $bounded-few --resume --augment.bound_threshold 1000 --data.validation_share .01 \
    --augment.bound_coverage .5
not_for "more held-out episodes" $bounded-few --resume --data.validation_share .01
not_for "more held-out episodes" $bounded-more --augment.bound_threshold 1000 --data.validation_share .2

# The commands that a run prints at its end, in a folder whose name has a blank, with a learner that is not the default.
helps $stitched 50 --experiment.learners td3bc --value.updates 4 --dynamics.updates 4 --planner.updates 4 --run "a run"
grep '^ \{10\}astro ' out | sed 's/^ *//; s/ \{5\}.*//' >next
check "two commands follow a run" [ "$(wc -l <next)" -eq 2 ]
while read -r next; do
    helps sh -c "\"\$1\" ${next#astro} --quiet" sh "$astro" </dev/null
done <next
# A column that no action changes, and a value far from all others: a warning, and for the column the reason of a failure.
helps "$astro" train tdr $tiny --data outlier.npz --run outlier --tdr.updates 4
warned outlier "correct this value, or remove its row or episode"
helps "$astro" train tdr $tiny --data goal.npz --run goal --tdr.updates 4
warned goal "leave column 2 out of the observations"
hint 3 "leave column 2 out of the observations" $(echo "$stitched" | sed s/plain/goal/) 0 --run goal-stitched --dynamics.updates 4 --planner.updates 4
not_for "leave column 2 out of the observations" $stitched 0 --run no-goal --dynamics.updates 4 --planner.updates 4
hint 2 "without --data, data are generated" "$astro" train tdr --preset tiny --quiet --stop-after 1 --run without-data --data ""
helps "$astro" run --preset tiny --quiet --stop-after 1 --run without-data --collect.episodes 60

# A run with another simulator.
same="$astro train tdr $tiny --data lake.npz --run boats --tdr.updates 4"
helps $same --env "exec:$boat"
hint 2 "its --env, or another --run folder" $same --resume --env "exec:$boat | sed -u s/boat-v0/boat-v9/"
helps $same --resume --env "exec:$boat"

# A validation file in other units.
hint 3 "both files must be of the same system and in the same units" $on units.npz
check "the message names the file" grep -q "^astro: units-val.npz: observations\[0\] is" err
mv units-val.npz other-units.npz
starts units.npz

# Warnings. A run of few updates has them all, one of more has none.
helps $stitched 50 --run few --dynamics.updates 4 --planner.updates 4 --sampling.final_guidance_steps 0
warned few "more dynamics.updates"
warned few "train dynamics and planner longer"
warned few "more one_step.updates"
warned few "train the planner longer, if the actions in the data vary"
helps $whole --run more --tdr.updates 400 --dynamics.updates 300 --planner.updates 400 --one_step.updates 400 --augment.accept_threshold 1
check "the hints help: a longer run has no warning" sh -c "! grep -q 'hint: ' more/results.json"
helps "$astro" train tdr $tiny --data plain.npz --run short-edges --tdr.updates 100 --graph.edge 1
warned short-edges "more tdr.updates, or a larger graph.edge"
helps "$astro" train tdr $tiny --data plain.npz --run long-edges --tdr.updates 100 --graph.edge 22
check "the hint helps: with longer edges there is no warning" sh -c "! grep -q 'hint: ' long-edges/results.json"

helps "$astro" train tdr $tiny --data far-float32.npz --run rounded --tdr.updates 20
warned rounded "store observations as float64 from unrounded values, or subtract a constant before they are stored"
helps "$astro" train tdr $tiny --data far.npz --run unrounded --tdr.updates 20
check "the hint helps: float64 is not rounded" sh -c "! grep -q 'as float32' unrounded/results.json"

# Not produced by a command. "more tdr.updates" for targets behind walls is a warning about mazes, which needs a TDR that is
# wrong but not random.
in_unit_test() { check "$2 has the hint '$1'" grep -qF -- "$1" "$root/$2"; }
in_unit_test "a new run with more dynamics.updates, or with dynamics.ensemble 1" tests/test_diagnosis.cpp
in_unit_test "a larger --swap.quantile" tests/test_rivals.cpp
closing_line
