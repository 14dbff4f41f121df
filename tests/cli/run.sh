#!/bin/sh
# Runs of all stages with preset tiny give the same bytes with 1, 2 and 3 threads, and also if every stage is stopped,
# killed and resumed.
. tests/shell.sh
# same FIRST SECOND: compares all files of two run folders that must be identical. Times and the machine may differ.
same() {
    for file in augmented.npz results.json pictures.npz; do
        cmp "$1/$file" "$2/$file" || return 1
    done
    for stage in tdr dynamics planner policy/raw/gcbc policy/augmented/gcbc; do
        newest=$(ls "$1/checkpoints/$stage" | grep '^step' | tail -n 1)
        cmp "$1/checkpoints/$stage/$newest" "$2/checkpoints/$stage/$newest" || return 1
    done
    cut -d, -f1,3,4 "$1/metrics.csv" >"$work/m1" && cut -d, -f1,3,4 "$2/metrics.csv" >"$work/m2" && cmp "$work/m1" "$work/m2"
}

cd "$work" && mkdir maze || exit 1
check "the self-test of all ops passes" "$astro" selftest
check "collect" "$astro" data collect --env pointmaze-medium-v0 --type stitch --episodes 60 --seed 3 --out maze/pointmaze-medium-stitch-v0.npz
settings="--preset tiny --data maze/pointmaze-medium-stitch-v0.npz --quiet --evaluate.episodes 1"
settings="$settings --tdr.updates 400 --dynamics.updates 40 --planner.updates 40 --gcbc.updates 40 --augment.accept_threshold 50"
settings="$settings --augment.plausibility 50 --checkpoint.every 20 --data.arrival_steps 3"

# The first run is not quiet: it says what it will do, how long that takes and how much memory it needs.
# shellcheck disable=SC2086
check "run at 1 thread" sh -c '"$0" "$@" 2>loud.log' "$astro" run --run r1 $(echo "$settings" | sed 's/ --quiet//') --threads 1
check "it says what it will do" grep -q '^this run: tdr (400 updates), .* 3 policies, each evaluated in 5 episodes$' loud.log
check "how long that takes" grep -qE '^estimate: [0-9:]+( to [0-9:]+)? on this machine \(tdr [0-9:]+, dynamics [0-9:]+, planner [0-9:]+, stitching .*, 3 policies [0-9:]+, evaluation .*\), [0-9]+ MB of memory$' loud.log
for threads in 2 3; do
    # shellcheck disable=SC2086
    check "run at $threads threads" "$astro" run --run "r$threads" $settings --threads $threads
done
check "2 threads give the same bytes as 1" same r1 r2
check "3 threads give the same bytes as 1" same r1 r3

# Stage by stage with options. Options of earlier stages are repeated, because their checkpoints depend on them.
# shellcheck disable=SC2086
for stage in "train tdr" "train dynamics" "train planner" augment; do
    flags="--preset tiny --data maze/pointmaze-medium-stitch-v0.npz --quiet --data.arrival_steps 3 --tdr.updates 400"
    [ "$stage" = "train tdr" ] || flags="$flags --dynamics.updates 40"
    case $stage in "train planner" | augment) flags="$flags --planner.updates 40" ;; esac
    [ "$stage" = augment ] && flags="$flags --augment.accept_threshold 50 --augment.plausibility 50"
    check "$stage alone" "$astro" $stage --run stages $flags
done

# Stopped after 10 updates of each stage in turn, then resumed.
resume=""
for part in 1 2 3 4 5 6; do
    # shellcheck disable=SC2086
    "$astro" run --run rs $settings --stop-after 10 $resume >/dev/null 2>&1
    code=$?
    resume="--resume"
    [ "$code" -eq 130 ] || break
    # shellcheck disable=SC2086
    "$astro" run --run rs $settings --stop-after 30 $resume >/dev/null 2>&1
    # To get to the next stage, this one is resumed without a stop, and killed once while it runs.
    # shellcheck disable=SC2086
    "$astro" run --run rs $settings $resume >/dev/null 2>&1 &
    child=$!
    sleep 0.$part
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
done
# shellcheck disable=SC2086
check "resumed to the end" "$astro" run --run rs $settings --resume
check "stopped, killed and resumed gives the same bytes" same r1 rs

# More seeds of the policies: policies that were already trained do not change.
cp -r r1 seeds
# shellcheck disable=SC2086
check "another seed of each policy" "$astro" run --run seeds $settings --resume --policy.seeds 2
for stage in policy/raw/gcbc policy/augmented/gcbc; do
    check "$stage is unchanged" cmp r1/checkpoints/$stage/step_00000040.npz seeds/checkpoints/$stage/step_00000040.npz
    check "$stage has a second seed of its own" sh -c "! cmp r1/checkpoints/$stage/step_00000040.npz seeds/checkpoints/$stage-seed1/step_00000040.npz"
done
check "results contain the range" grep -q '"success/augmented/gcbc/most"' seeds/results.json
# shellcheck disable=SC2086
check "both seeds are evaluated" sh -c "'$astro' evaluate --run seeds --preset tiny --data maze/pointmaze-medium-stitch-v0.npz --quiet --evaluate.episodes 1 --gcbc.updates 40 --policy.seeds 2 --json | grep -q '\"policy/raw/gcbc-seed1\": {'"

# An experiment trains what its arms need: nothing but policies for the recorded data, the TDR for the control.
for arms in raw raw,duplicate; do
    run="arms-$arms"
    # shellcheck disable=SC2086
    check "run with the arms $arms" "$astro" run --run "$run" $settings --experiment.arms $arms
    check "it trains no planner and stitches nothing" [ ! -e "$run/checkpoints/dynamics" -a ! -e "$run/checkpoints/planner" -a ! -e "$run/augmented.npz" ]
    check "its policy of the recorded data is that of the whole run" \
        cmp r1/checkpoints/policy/raw/gcbc/step_00000040.npz "$run/checkpoints/policy/raw/gcbc/step_00000040.npz"
    check "its report has a picture of the recorded data" grep -q 'Original data' "$run/report.html"
    check "and none of stitched data" sh -c "! grep -q 'Stitched data' '$run/report.html'"
done
check "the recorded data need no TDR" [ ! -e arms-raw/checkpoints/tdr ]
check "the control needs it" cmp r1/checkpoints/tdr/step_00000400.npz arms-raw,duplicate/checkpoints/tdr/step_00000400.npz
# shellcheck disable=SC2086
check "its data are as many as asked for, as in train policy" "$astro" train policy --config arms-raw,duplicate/config.ini --run arms-raw,duplicate \
    --arm duplicate --quiet --resume

# Settings of a later stage are refused before any byte is changed.
before=$(cksum r1/*.*)
for setting in "--gcbc.width 48" "--one_step.width 48" "--augment.ratio .07"; do
    # shellcheck disable=SC2086
    "$astro" run --run r1 --resume --quiet $setting >out 2>&1
    check "run with $setting is refused" [ $? -eq 2 ]
    check "nothing has changed" [ "$before" = "$(cksum r1/*.*)" ]
done

# Augmentation is repeated with other settings: its previous warnings are removed, and the new ones are kept.
sed -n '/"warnings"/,/\]/p' r2/results.json >before
check "there is a warning for a model with little training" grep -E 'augment: (dynamics drift|inaccurate bridges)' before
# shellcheck disable=SC2086
again="$astro augment --config r2/config.ini --run r2 --quiet --augment.ratio .5"
refused 2 "contains policy/augmented, trained on data that these settings would regenerate" $again
refused 2 "measured with other settings of [metrics]" "$astro" run --config r2/config.ini --run r2 --quiet --resume --metrics.warn_collapse .9
rm -r r2/checkpoints/policy
$again --metrics.warn_drift 1e6 --metrics.warn_drift_ratio 1e6 \
    --metrics.warn_collapse 1 --sampling.final_guidance_steps 0 >/dev/null 2>&1
check "augmentation is repeated" [ $? -eq 0 ]
sed -n '/"warnings"/,/\]/p' r2/results.json >after
check "only the new warnings are kept" sh -c "grep 'augment: planner collapse' after && ! grep -E 'dynamics drift|inaccurate bridges' after"

# The violation rates of the run are equal to those of verify.
"$astro" data verify r1/augmented.npz --env pointmaze-medium-v0 --json >v.json 2>/dev/null
for key in dvr_bridge_0.5 dvr_transition_0.5; do
    printed=$(grep "\"$key\"" r1/results.json | tr -d ' ,')
    found=$(grep "\"$key\"" v.json | tr -d ' ,')
    check "$key of run and verify agree ($printed, $found)" [ -n "$printed" -a "$printed" = "$found" ]
done

# Outputs do not replace files of other kinds, such as those of the run itself.
cp r1/augmented.npz kept.npz
refused 2 "is not a file of this command" "$astro" policy export --run r1 --config r1/config.ini --arm raw --out r1/augmented.npz
refused 2 "is not a file of this command" "$astro" embed --run r1 --config r1/config.ini --out r1/judges.npz
refused 2 "is not a report" "$astro" report r1 --out r1/augmented.npz
check "and they are unchanged" cmp r1/augmented.npz kept.npz

closing_line
