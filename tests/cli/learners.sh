#!/bin/sh
# GCIVL and HIQL from training to evaluation, and export.
. tests/shell.sh
cd "$work" || exit 1
"$astro" data collect --env pointmaze-medium-v0 --episodes 30 --out maze.npz >/dev/null || exit 1
for learner in gcivl hiql; do
    run="--preset tiny --data maze.npz --env pointmaze-medium-v0 --policy.learner $learner --value.updates 6 --evaluate.episodes 1 --run $learner"
    # shellcheck disable=SC2086
    check "$learner is trained" "$astro" train policy $run --quiet
    # shellcheck disable=SC2086
    check "$learner is evaluated" "$astro" evaluate --data maze.npz --run $learner
    check "$learner has a value loss" grep -q "policy/raw/$learner/value_loss" $learner/metrics.csv
    # shellcheck disable=SC2086
    refused 2 "use iql, td3bc or cql" "$astro" train policy $run --policy.protocol single-task
done
check "hiql has a loss of its high actor" grep -q policy/raw/hiql/high_actor_loss hiql/metrics.csv
for learner in gcivl hiql; do
    check "$learner is exported" "$astro" policy export --data maze.npz --run $learner --out $learner.npz
    check "and gives actions" sh -c "echo '{\"observation\": [1, 2], \"goal\": [3, 4]}' | $astro act --policy $learner.npz"
done
closing_line
