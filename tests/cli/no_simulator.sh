#!/bin/sh
# A run on data without a simulator: the figures, their report and pictures, the same bytes at 1 and 3 threads, and
# `data verify --run`, which judges files by the models of a run and leaves the run as it is.
. tests/shell.sh
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: write the files' >"$work/made" 2>&1 || {
    cat "$work/made"
    exit 1
}
cd "$work" || exit 1
short="--preset tiny --data plain.npz --tdr.updates 300 --gcbc.updates 20 --experiment.arms raw,augmented"
short="$short --one_step.updates 400 --augment.accept_threshold 50 --augment.plausibility 50 --data.arrival_steps 1"
short="$short --augment.start_arrival 10"
settings="$short --quiet --dynamics.updates 150 --planner.updates 60"

for threads in 1 3; do
    # shellcheck disable=SC2086
    check "run without a simulator at $threads threads" "$astro" run --run "r$threads" $settings --threads $threads
done
for file in results.json pictures.npz judges.npz augmented.npz; do
    check "3 threads give the bytes of 1: $file" cmp r1/$file r3/$file
done
# Stopped within the one-step models, and resumed.
# shellcheck disable=SC2086
"$astro" run --run rs $settings --stop-after 350 >/dev/null 2>&1
check "stopped in the one-step models" [ -e rs/checkpoints/one_step -a ! -e rs/judges.npz ]
# shellcheck disable=SC2086
check "resumed" "$astro" run --run rs $settings --resume
check "a resumed run gives the same figures" cmp r1/results.json rs/results.json
check "and the same judges" cmp r1/judges.npz rs/judges.npz

figure() { sed -n "s/^  \"$2\": \([^,]*\),*$/\1/p" "$1/results.json"; }
for key in dynamics_rmse_one_step_1 dynamics_rmse_one_step_9 dvr_transition_ensemble_0.5 dvr_bridge_ensemble_0.5 dvr_real_ensemble_0.5 \
    dvr_real_window_ensemble_0.5 validation_cross_arrival_error_median arrival_error_ensemble_median \
    validation_arrival_error_ensemble_90 validation_cross_arrival_error_ensemble_median coverage coverage_new joined_pairs; do
    check "results.json has $key" [ -n "$(figure r1 $key)" ]
done
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }
check "the one-step network beats standing still" less "$(figure r1 dynamics_rmse_one_step_9)" "$(figure r1 dynamics_rmse_persistence_9)"
for part in 'Open-loop error' 'one-step network, rolled out' 'bridges, by the networks' 'held-out states' 'from episode' \
    'principal directions of the latents' 'class="heat"' 'class="bridge"' 'What became of all attempted bridges' \
    'largest error that is accepted' 'median after calibration' '"places": ' '"judge": "the one-step networks"' \
    '"ways": ["as the run samples", "without feedback", "without guidance"]' 'Distances from anywhere'; do
    check "the report has: $part" grep -qF "$part" r1/report.html
done

# A dynamics that learns nothing is said to be hardly better than standing still, in one line.
# shellcheck disable=SC2086
"$astro" run --run poor $short --dynamics.updates 1 --planner.updates 1 >out 2>err
check "one line says so" [ "$(grep -c 'warning: dynamics: it hardly predicts better than standing still' err)" -eq 1 ]
check "nothing is said of a dynamics that learns" sh -c "! grep -q 'standing still' r1/results.json"
check "so does the report" grep -qF "hardly predicts better than standing still" poor/report.html

# Several dynamics networks: the error of their mean, which is at most that of the worst.
# shellcheck disable=SC2086
"$astro" run --run several $settings --dynamics.ensemble 2 >out 2>err
check "the mean of two networks is better than standing still" less "$(figure several dynamics_rmse_mean_9)" \
    "$(figure several dynamics_rmse_persistence_9)"
check "one network has no such figure" [ -z "$(figure r1 dynamics_rmse_mean_9)" ]
check "the report has it" grep -qF "mean of all networks" several/report.html

# Pictures in columns that are named.
# shellcheck disable=SC2086
check "a run with named columns" "$astro" run --run named $settings --metrics.position 1,0
check "draws them" grep -qF "columns 1 and 0 of the states" named/report.html
# shellcheck disable=SC2086
refused 2 "metrics.position names column 2 of states, but" "$astro" run --run other $settings --metrics.position 0,2
# shellcheck disable=SC2086
refused 2 "metrics.position: expected two columns" "$astro" run --run other $settings --metrics.position 1
check "and nothing is written" [ ! -e other ]

# The run's own file, and files of others, judged by the models of the run, which is only read.
find r1 -type f -exec cksum {} + | sort >before
chmod -R a-w r1
"$astro" data verify r1/augmented.npz --run r1 --json >v.json 2>err
code=$?
check "verify judges the run's own file" [ $code -eq 0 -o $code -eq 3 ]
for key in dvr_bridge_ensemble_0.5 dvr_transition_ensemble_0.5 dvr_real_window_ensemble_0.5 coverage coverage_new; do
    check "$key of run and verify agree" [ "$(figure r1 $key)" = "$(sed -n "s/^  \"$key\": \([^,]*\),*$/\1/p" v.json)" ]
done
check "recorded data are plausible" "$astro" data verify plain.npz --run r1
refused 3 "backwards.npz is not plausible according to the models of r1" "$astro" data verify backwards.npz --run r1
refused 3 "wide.npz: states and actions have 3 and 3 columns, expected 2 and 2" "$astro" data verify wide.npz --run r1
refused 2 "judges.npz does not exist" "$astro" data verify plain.npz --run "$work"
refused 2 "--env and --run cannot be combined" "$astro" data verify plain.npz --run r1 --env pointmaze-medium-v0
chmod -R u+w r1
find r1 -type f -exec cksum {} + | sort >after
check "the run is as it was" cmp before after

closing_line
