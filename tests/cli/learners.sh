#!/bin/sh
# GCIVL and HIQL from training to evaluation; export where the policy is one network.
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
check "gcivl is exported" "$astro" policy export --data maze.npz --run gcivl --out gcivl.npz
check "and gives actions" sh -c "echo '{\"observation\": [1, 2], \"goal\": [3, 4]}' | $astro act --policy gcivl.npz"
refused 2 "hiql cannot be exported, because its policy is several networks" "$astro" policy export --data maze.npz --run hiql --out hiql.npz
check "the rejected export writes no file" [ ! -e hiql.npz ]
closing_line
