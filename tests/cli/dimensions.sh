#!/bin/sh
# States with 1 and 3 columns and actions with 1 and 4, without a simulator: every command that takes data works, or
# rejects them in one line.
. tests/shell.sh
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: write systems of other dimensions' >"$work/made" 2>&1 || {
    cat "$work/made"
    exit 1
}
cd "$work" || exit 1
# Few updates. Any bridge is accepted, and all rows count as travel.
stages="--preset tiny --quiet --data.arrival_steps 0"
tdr="--tdr.updates 40"
dynamics="$tdr --dynamics.updates 6 --one_step.updates 6"
planner="$tdr --dynamics.updates 6 --planner.updates 6"
augment="$planner --selection.selector random --augment.chain random --augment.accept_threshold 50 --augment.plausibility 50 --augment.start_arrival 20 --one_step.updates 6"
# holds FILE ARRAY SHAPE: the file, which is not compressed, contains the header of this array.
holds() { grep -aA1 "$2.npy" "$1" | grep -aqF "'shape': $3"; }
# of COUNT VALUE: a JSON array.
of() { yes "$2" | head -n "$1" | paste -sd, | sed 's/.*/[&]/'; }
# action_of POLICY STATES COLUMNS: for one observation, for a batch of two and for an empty one, act answers with
# actions of so many columns.
action_of() {
    row=$(of "$2" 0.5)
    printf '%s\n' "{\"observation\": $row, \"goal\": $row}" "{\"observations\": [$row, $row], \"goals\": [$row, $row]}" \
        '{"observations": [], "goals": []}' | "$astro" act --policy "$1" >answers || return 1
    number='-?[0-9.]+(e-?[0-9]+)?'
    numbers="\[$number(, ?$number){$(($3 - 1))}\]"
    sed -n 1p answers | grep -qxE "\{\"action\": $numbers\}" && sed -n 2p answers | grep -qxE "\{\"actions\": \[$numbers, ?$numbers\]\}" &&
        [ "$(sed -n '3,$p' answers)" = '{"actions": []}' ]
}

# shellcheck disable=SC2086
for states in 1 3; do
    for actions in 1 4; do
        data=system-$states-$actions.npz
        name="$states and $actions columns"
        run="--data $data --run r-$states-$actions"
        check "$name: inspect" "$astro" data inspect $data
        check "$name: shows the last column of each" sh -c "'$astro' data inspect $data | grep -q 'observations\[$((states - 1))\]' &&
            '$astro' data inspect $data | grep -q 'actions\[$((actions - 1))\]'"
        refused 2 "set --env, or set --run" "$astro" data verify $data
        check "$name: train tdr" "$astro" train tdr $stages $run $tdr
        check "$name: train dynamics" "$astro" train dynamics $stages $run $dynamics
        check "$name: train planner" "$astro" train planner $stages $run $planner
        check "$name: augment" "$astro" augment $stages $run $augment
        check "$name: states of augmented.npz" sh -c "'$astro' data inspect r-$states-$actions/augmented.npz |
            grep -qE 'array observations: .*\([0-9]+, $states\)'"
        check "$name: its actions" sh -c "'$astro' data inspect r-$states-$actions/augmented.npz | grep -qE 'array actions: .*\([0-9]+, $actions\)'"
        "$astro" data verify $data --run r-$states-$actions >out 2>err  # models of few updates may reject real rows
        code=$?
        check "$name: verify by the models of the run" [ $code -eq 0 -o $code -eq 3 -a "$(grep -c '^plausible' out)" -eq 1 ]
        "$astro" data verify r-$states-$actions/augmented.npz --run r-$states-$actions >out 2>err
        code=$?
        check "$name: verify augmented.npz" [ $code -eq 0 -o $code -eq 3 -a "$(grep -c '^plausible' out)" -eq 1 ]
        for arm in raw augmented; do
            check "$name: train policy on $arm" "$astro" train policy $stages $run --gcbc.updates 20 --arm $arm
            refused 2 "set it with --env" "$astro" evaluate $stages $run --arm $arm --gcbc.updates 20
            check "$name: export it" "$astro" policy export $stages $run --arm $arm --gcbc.updates 20 --out $arm-$states-$actions.npz
            check "$name: its actions have $actions columns" action_of $arm-$states-$actions.npz $states $actions
        done
        row=$(of $((states + 1)) 0.5)
        echo "{\"observation\": $row, \"goal\": $row}" >request
        refused 3 "\"observation\": $((states + 1)) numbers, expected $states" sh -c "'$astro' act --policy raw-$states-$actions.npz <request"
        check "$name: embed" "$astro" embed $stages $run $tdr --out latents.npz
        check "$name: embed writes every row" holds latents.npz latent "(3240, 8)"
        check "$name: report" "$astro" report r-$states-$actions
        check "$name: run" "$astro" run $stages --data $data --run whole-$states-$actions $augment --gcbc.updates 20
        check "$name: report on two runs" "$astro" report whole-$states-$actions r-$states-$actions --out both.html
        # A built-in environment has two columns of each, or four of states: rejected at the start, nothing is written.
        for environment in pointmaze-medium-v0 maze2d-umaze-v1; do
            for command in "run" "train tdr" "train policy" "evaluate"; do
                refused 3 "have $states and $actions columns, those of $environment have" "$astro" $command $stages \
                    --data $data --run other --env $environment
            done
            refused 3 "have $states and $actions columns, those of $environment have" "$astro" data verify $data --env $environment
            for command in "train dynamics" "train planner" "augment" "embed --out other.npz"; do
                refused 3 "have $states and $actions columns, those of $environment have" "$astro" $command $stages $run --env $environment
            done
        done
        check "$name: nothing is written for another environment" [ ! -e other -a ! -e other.npz ]
    done
done

# Data of other dimensions than those of a run.
# shellcheck disable=SC2086
for data in system-1-4 system-3-1; do
    refused 3 "$data.npz: states and actions have" "$astro" embed $stages --data system-1-1.npz --run r-1-1 $tdr --rows $data.npz --out other.npz
    refused 3 "$data.npz: states and actions have" "$astro" data verify $data.npz --run r-1-1
    refused 3 "$data.npz: states and actions have" "$astro" train policy $stages --data system-1-1.npz --run r-1-1-other --arm augmented --augmented $data.npz
    refused 2 "was made with other data: system-1-1.npz" "$astro" train tdr $stages --data $data.npz --run r-1-1 $tdr --resume
done
check "nothing is written for data of other dimensions" [ ! -e other.npz ]

closing_line
