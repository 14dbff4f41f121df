#!/bin/sh
# D4RL's maze2d from the command line: data, replay, a run of all stages with preset tiny and scores, one fixed task.
. tests/shell.sh
cd "$work" || exit 1

check "collect" "$astro" data collect --env maze2d-umaze-v1 --episodes 60 --seed 3 --out maze2d-umaze-v1.npz
check "the file name determines the environment, and all transitions are exact" "$astro" data verify maze2d-umaze-v1.npz
check "the dense variant has the same transitions" "$astro" data verify maze2d-umaze-v1.npz --env maze2d-umaze-dense-v1
refused 3 "maze2d-large-v1" "$astro" data verify maze2d-umaze-v1.npz --env maze2d-large-v1
refused 2 "one type of data" "$astro" data collect --env maze2d-umaze-v1 --type stitch --out x.npz
refused 2 "no task 2 in maze2d-umaze-v1" "$astro" run --preset tiny --data maze2d-umaze-v1.npz --quiet --run none --evaluate.tasks 2
refused 2 "no task 2 in maze2d-umaze-v1" "$astro" train policy --preset tiny --data maze2d-umaze-v1.npz --quiet --run none2 \
    --policy.learner iql --policy.protocol single-task --policy.task 2

# A run that generates its data needs only an environment.
settings="--preset tiny --env maze2d-umaze-v1 --collect.episodes 60 --quiet --evaluate.episodes 3 --evaluate.points 2 --tdr.updates 300
    --dynamics.updates 40 --planner.updates 40 --gcbc.updates 60 --augment.accept_threshold 1000 --augment.plausibility 1000
    --data.arrival_steps 1 --selection.selector random --augment.chain random"
for threads in 1 2; do
    # shellcheck disable=SC2086
    check "run at $threads threads" "$astro" run --run "r$threads" $settings --threads $threads
    cp check.log "table$threads"
done
for file in data/maze2d-umaze-v1.npz augmented.npz results.json pictures.npz; do
    check "$file is the same with 1 and 2 threads" cmp "r1/$file" "r2/$file"
done
check "the table of scores is printed" grep -q "^normalised score" table1
for key in success score; do
    for arm in raw duplicate augmented; do
        check "$key of $arm" grep -qE "\"$key/$arm/gcbc/last\": -?[0-9.]+" r1/results.json
    done
done
check "real transitions have no violations" grep -q '"dvr_real_0.1": 0.0,' r1/results.json
check "the curve has scores" grep -q "policy/raw/gcbc/normalised_score" r1/metrics.csv
check "the report shows scores" grep -q "normalised score, last" r1/report.html
"$astro" data verify r1/augmented.npz --env maze2d-umaze-v1 --json >v.json 2>/dev/null
check "real rows of the spliced file are exact" grep -q '"dvr_real_0.1": 0.0,' v.json

# Random pairs of start and goal, which single-task policies and other environments do not have.
"$astro" evaluate --run r1 --preset tiny --data r1/data/maze2d-umaze-v1.npz --quiet --evaluate.episodes 3 --gcbc.updates 60 \
    --evaluate.random_pairs 7 --json >pairs.json 2>/dev/null
for key in pairs_success pairs_mean_steps; do
    check "evaluate gives $key" grep -qE "\"$key\": [0-9.]+" pairs.json
done
check "train with random pairs" "$astro" train policy --preset tiny --data maze2d-umaze-v1.npz --run pairs --quiet --gcbc.updates 60 \
    --evaluate.episodes 3 --evaluate.random_pairs 7 --policy.seeds 2
for key in success/raw/gcbc-seed1/pairs success/raw/gcbc-seed1/pairs_steps expert/success expert/steps expert/pairs expert/pairs_steps; do
    check "results.json has $key" grep -qE "\"$key\": [0-9.]+" pairs/results.json
done
"$astro" report pairs --out pairs.html >/dev/null
for words in "on random pairs" "The environment's expert needs [0-9]*, and [0-9]* on random pairs"; do
    check "the report has: $words" grep -q "$words" pairs.html
done
refused 2 "single-task policies have one goal" "$astro" train policy --preset tiny --data maze2d-umaze-v1.npz --run none3 \
    --policy.learner iql --policy.protocol single-task --evaluate.random_pairs 7
"$astro" data collect --env cart-tworooms-v0 --episodes 20 --out cart.npz >/dev/null 2>&1
refused 2 "has no random starts and goals" "$astro" train policy --preset tiny --data cart.npz --env cart-tworooms-v0 --run none4 --evaluate.random_pairs 7

# The printed score is the sum of rewards, normalised as in D4RL.
"$astro" evaluate --run r1 --preset tiny --data r1/data/maze2d-umaze-v1.npz --quiet --evaluate.episodes 3 --gcbc.updates 60 --json >e.json 2>/dev/null
sum=$(sed -n 's/.*"sum_of_rewards": \([^,]*\),.*/\1/p' e.json) score=$(sed -n 's/.*"normalised_score": \([^,]*\).*/\1/p' e.json)
check "score $score of the rewards $sum" awk "BEGIN { d = $score - 100 * ($sum - 23.85) / (161.86 - 23.85); exit !(d < 1e-6 && d > -1e-6) }"

# One fixed task with D4RL's rewards, for each learner that supports single-task training.
for learner in iql td3bc cql; do
    check "$learner on one task" "$astro" train policy --run one --preset tiny --data maze2d-umaze-v1.npz --env maze2d-umaze-dense-v1 \
        --quiet --policy.learner $learner --policy.protocol single-task --value.updates 6 --evaluate.episodes 2 --evaluate.points 1
    check "$learner has a score" grep -q "\"score/raw/$learner-task1/last\"" one/results.json
done

closing_line
