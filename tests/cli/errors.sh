#!/bin/sh
# Bad input gets one clear line and exit code 1, 2 or 3; nothing is half-written.
BUILD=${BUILD:-build}
astro=$(pwd)/$BUILD/astro
fixtures=$(pwd)/tests/fixtures/npz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0
# expect CODE "part of the message" command...
expect() {
    code=$1
    words=$2
    shift 2
    "$@" >out 2>err
    got=$?
    lines=$(grep -c '^astro: ' err)
    if [ "$got" -eq "$code" ] && grep -qF -- "$words" err && [ "$lines" -eq 1 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $* : exit $got (expected $code), $lines lines, message:"
        cat err
    fi
}
nothing_left() {
    if ls -A | grep -q 'partial'; then
        failed=$((failed + 1))
        echo "FAILED: a temporary file was left: $(ls -A)"
    else
        passed=$((passed + 1))
    fi
}

"$astro" data collect --env pointmaze-medium-v0 --episodes 20 --out d.npz >/dev/null || exit 1
expect 2 "did you mean 'augment'" "$astro" augmnt
expect 2 "--episodes" "$astro" data collect --episods 3 --out x.npz
expect 2 "pointmaze-medium-v0" "$astro" data collect --env pointmaze-huge-v0 --out x.npz
expect 2 "12abc" "$astro" data collect --episodes 12abc --out x.npz
expect 2 "expected FILE" "$astro" data inspect
expect 2 "run" "$astro" train tdr --data d.npz
expect 1 "no-such.npz" "$astro" data verify no-such.npz --env pointmaze-medium-v0
expect 2 "hint" "$astro" data verify d.npz
expect 2 "antmaze" "$astro" data verify d.npz --env antmaze-large-v0
expect 1 "no-such.npz" "$astro" train tdr --data no-such.npz --run r
head -c 3000 d.npz >truncated.npz
expect 3 "truncated.npz" "$astro" train tdr --data truncated.npz --run r1
printf 'hello' >text.npz
expect 3 "text.npz" "$astro" data verify text.npz --env pointmaze-medium-v0
# One byte flipped in the middle of the compressed observations.
cp d.npz flipped.npz
printf '\377\377\377' | dd of=flipped.npz bs=1 seek=2000 conv=notrunc 2>/dev/null
expect 3 "flipped.npz" "$astro" data verify flipped.npz --env pointmaze-medium-v0
expect 3 "observations" "$astro" data verify "$fixtures/odd_dtypes.npz" --env pointmaze-medium-v0
expect 2 "not trained" "$astro" train dynamics --data d.npz --run r2
expect 2 "not trained" "$astro" augment --data d.npz --run r3
expect 1 "/proc" "$astro" train tdr --data d.npz --run /proc/astro
expect 1 "/proc" "$astro" data collect --episodes 2 --out /proc/x.npz
mkdir foreign && touch foreign/file
expect 2 "foreign" "$astro" train tdr --data d.npz --run foreign
# Data that a run folder holds are not taken for those of other settings.
"$astro" run --preset tiny --collect.episodes 5 --stop-after 1 --quiet --run generated >/dev/null 2>&1
expect 2 "other settings of [collect]" "$astro" run --preset tiny --collect.episodes 6 --stop-after 1 --quiet --run generated --resume
# A policy does not go on from what it learnt on another spliced file.
"$astro" train policy --preset tiny --data d.npz --arm augmented --augmented d.npz --gcbc.updates 2 --evaluate.episodes 1 --quiet --run policy >/dev/null 2>&1
expect 2 "other settings or data" "$astro" train policy --preset tiny --data d.npz --arm augmented --augmented d-val.npz --gcbc.updates 2 \
    --evaluate.episodes 1 --quiet --run policy --resume
# A full disk: a file-size limit of 8 blocks stands in for it.
expect 1 "full.npz" sh -c "ulimit -f 8; trap '' XFSZ; exec $astro data collect --episodes 50 --out full.npz"
nothing_left
[ ! -e full.npz ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAILED: full.npz was left"; }
# Data of another maze do not obey this one.
"$astro" data verify d.npz --env pointmaze-large-v0 >out 2>err
[ $? -eq 3 ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAILED: medium data obey the large maze"; }

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
