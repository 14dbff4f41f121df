#!/bin/sh
# Runs the examples. The check of each example must pass, and numbers in its output are checked again here. Then a run
# of all stages uses the data set of example 08.
. tests/shell.sh

# runs NAME ARGUMENT...: the example must succeed. Its output is kept in $work/NAME.
runs() {
    name=$1
    shift
    "$root/$BUILD/examples/$name" "$@" >"$work/$name" 2>&1 && grep -q '^check: .*: yes$' "$work/$name"
    verdict "example $name" $? "$work/$name"
}

# figure NAME "words before the number" below|above BOUND: checks a number that the example printed.
figure() {
    awk -v words="$2" -v side="$3" -v bound="$4" '{
        at = index($0, words)
        if (at == 0) next
        found = 1
        value = substr($0, at + length(words)) + 0
        good = side == "below" ? value < bound : value > bound
    } END { exit !(found && good) }' "$work/$1"
    verdict "$1: '$2' is $3 $4" $? "$work/$1"
}

# picture NAME COUNT: checks that the SVG file has at least COUNT shapes.
picture() {
    [ "$(head -n 1 "$work/$1.svg" | cut -c1-5)" = "<svg " ] && [ "$(tail -n 1 "$work/$1.svg")" = "</svg>" ] &&
        [ "$(grep -cE '^<(circle|polyline|rect)' "$work/$1.svg")" -ge "$2" ] && ! grep -qE 'nan|inf' "$work/$1.svg"
    verdict "$1 draws its picture" $?
}

runs 01_tensor
check "01_tensor: the row is added to both rows" grep -qE '^a \+ row .* 11 22 33 14 25 36$' "$work/01_tensor"
runs 02_autograd "$work/02_autograd.svg"
figure 02_autograd "largest error of f': " below 1e-6
picture 02_autograd 4
runs 03_mlp "$work/03_mlp.svg"
figure 03_mlp "at the end  mean squared error " below 1e-4
picture 03_mlp 30
runs 04_attention "$work/04_attention.svg"
figure 04_attention "on fresh sequences: mean squared error " below .01
check "04_attention: causal" grep -q '^causal: .*: yes$' "$work/04_attention"
picture 04_attention 500
runs 05_ddim_spiral "$work/05_ddim_spiral.svg"
figure 05_ddim_spiral ": noise " above .3
figure 05_ddim_spiral ", samples " below .1
figure 05_ddim_spiral "covered: " above .9
picture 05_ddim_spiral 500
runs 06_temporal_distance "$work/06_temporal_distance.svg"
figure 06_temporal_distance ": learnt " above .9
picture 06_temporal_distance 60
runs 07_stitch_two_episodes "$work/07_stitch_two_episodes.svg"
figure 07_stitch_two_episodes "driven for real it ends " below .4
picture 07_stitch_two_episodes 20
runs 08_own_system "$work/lake.npz" "$work/08_own_system.svg"
figure 08_own_system "largest difference " below 1e-5
picture 08_own_system 100
"$root/$BUILD/examples/08_own_system" >"$work/usage" 2>&1
[ $? -eq 2 ] && grep -q '^usage: ' "$work/usage"
verdict "08_own_system without a file prints its usage" $?
runs 09_drive "$work/09_drive.svg"
figure 09_drive ", trained " above 39
picture 09_drive 30
"$root/$BUILD/examples/02_autograd" "$work/none/picture.svg" >"$work/unwritten" 2>&1
[ $? -eq 1 ] && grep -q '^cannot write ' "$work/unwritten"
verdict "a picture that cannot be written is an error" $?

# The examples are numbered without a gap, are short, and were run above.
wanted=0
for file in "$root"/examples/*.cpp; do
    wanted=$((wanted + 1))
    name=$(basename "$file" .cpp)
    check "$name is number $wanted" [ "${name%%_*}" = "0$wanted" ]
    check "$name is shorter than 100 lines" [ "$(wc -l <"$file")" -lt 100 ]
    check "$name was run" [ -s "$work/$name" ]
done
check "there are nine examples" [ "$wanted" -eq 9 ]

"$astro" data inspect "$work/lake.npz" --json >"$work/inspect"
check "the data set is read" grep -q '40500 rows, 500 episodes' "$work/inspect"
check "without a warning" sh -c "! grep -q '\"severity\": \"warning\"' '$work/inspect'"
check "it is stitched" "$astro" run --config "$root/configs/own-system.ini" --preset tiny --data "$work/lake.npz" \
    --run "$work/run" --quiet --tdr.updates 300 --dynamics.updates 60 --planner.updates 60 --gcbc.updates 20 --augment.ratio .02 \
    --augment.accept_threshold 50 --augment.plausibility 50
check "and the spliced file is valid" "$astro" data inspect "$work/run/augmented.npz"
check "results contain no success rate without an evaluation" sh -c "! grep -q success '$work/run/results.json'"

# The files that docs/tour.md links to exist.
grep -oE '\]\(\.\./[A-Za-z0-9_./-]+\)' docs/tour.md | sed 's/](\.\.\///; s/)$//' | sort -u >"$work/links"
check "the tour has links" [ "$(wc -l <"$work/links")" -ge 8 ]
while read -r link; do check "docs/tour.md: $link exists" [ -e "$root/$link" ]; done <"$work/links"

closing_line
