#!/bin/sh
# Checks the documents: the manual is the output of the program, every key of results and curves is explained, and every
# command `build/astro ...` in README and docs works as written.
. tests/shell.sh

"$astro" help --markdown >"$work/cli.md"
check "docs/cli.md is the output of astro help --markdown" diff docs/cli.md "$work/cli.md"

"$astro" >"$work/overview"
sed -n 's/^  \([a-z]\{1,\}\( [a-z]\{1,\}\)\{0,1\}\) \{2,\}.*/\1/p' "$work/overview" >"$work/commands"
check "the overview lists the commands" [ "$(wc -l <"$work/commands")" -ge 15 ]
while read -r command; do
    # shellcheck disable=SC2086
    "$astro" $command --help >"$work/page" </dev/null
    awk 'length > 80' "$work/page" "$work/overview" >"$work/long"
    check "the help of $command fits 80 columns" cmp "$work/long" /dev/null
done <"$work/commands"

# Commands that only read a run do not create it.
for command in evaluate "policy export" embed "data verify"; do
    # shellcheck disable=SC2086
    "$astro" $command --help | tr -s ' \n' ' ' >"$work/page"
    check "$command only reads a run" sh -c "grep -q 'only read' '$work/page' && ! grep -q 'created if' '$work/page'"
done
check "train tdr creates it" sh -c "'$astro' train tdr --help | grep -q 'run folder; created if'"

# Commands are run as written, in a folder with small versions of the files that they name. Training is stopped after
# one update. Benchmarks are only listed.
mkdir "$work/place" "$work/place/build" && cd "$work/place" || exit 1
ln -s "$root/configs" configs
ln -s "$astro" build/astro
ln -s "$root/$BUILD/examples" build/examples
"$astro" data collect --env pointmaze-medium-v0 --episodes 30 --out F.npz >/dev/null || exit 1
cp F.npz pointmaze-medium-stitch-v0.npz && cp F-val.npz pointmaze-medium-stitch-v0-val.npz
build/examples/08_own_system lake.npz >/dev/null && cp lake.npz mine.npz || exit 1
# The document writes numbers, arms, learners and tasks in keys as N, K, ARM, LEARNER.
"$astro" run --preset tiny --data F.npz --env pointmaze-medium-v0 --run r --quiet --tdr.updates 200 --dynamics.updates 20 --planner.updates 20 \
    --gcbc.updates 20 --value.updates 4 --experiment.learners gcbc,hgcbc,iql,td3bc,cql,gcivl,hiql --experiment.arms raw,augmented,straight --straight.updates 20 --evaluate.episodes 1 \
    --augment.accept_threshold 1000 --augment.plausibility 1000 --data.arrival_steps 1 \
    --selection.selector random --augment.chain random >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
pattern='s/^policy\/[a-z]*\/[a-z0-9-]*\//policy\/ARM\/LEARNER\//; s/^success\/[a-z]*\/[a-z0-9-]*\//success\/ARM\/LEARNER\//; s/task[0-9]$/taskN/; /_90$/!s/_[0-9.]*$/_K/'
grep -oE '^  "[^"]+"' r/results.json | tr -d ' "' | sed "$pattern" | sort -u >keys
tail -n +2 r/metrics.csv | cut -d, -f3 | sed "$pattern" | sort -u >>keys
check "the run has figures" [ "$(wc -l <keys)" -ge 40 ]
while read -r key; do
    check "docs/metrics.md explains $key" grep -qF "\`$key\`" "$root/docs/metrics.md"
done <keys

cat "$root/README.md" "$root"/docs/[!c]*.md "$root"/configs/*.ini | sed -n 's/^[# ]*\(build\/[a-z_/]*astro .*\)$/\1/p' |
    sed 's/ #.*//; s/  *$//' | sort -u >commands
check "the documents show commands" [ "$(wc -l <commands)" -ge 5 ]
while read -r command; do
    case "$command" in
        *"astro run "*) more="--stop-after 1 --quiet --preset tiny --collect.episodes 30" ;;
        *"astro bench"*) more="--list" ;;
        *) more="" ;;
    esac
    rm -rf runs
    case "$command" in *"astro report "*) mkdir runs && for n in 0 1 2; do cp -r r runs/large-$n; done ;; *"policy export "*) mkdir runs && cp -r r runs/mine ;; esac
    # shellcheck disable=SC2086
    $command $more >"$work/out" 2>&1
    code=$?
    # 0: completed; 130: stopped after the first update by --stop-after.
    [ "$code" -eq 0 ] || [ "$code" -eq 130 ]
    verdict "exit $code of: $command" $? "$work/out"
done <commands

closing_line
