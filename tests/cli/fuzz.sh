#!/bin/sh
# Every input that fuzzing ever found worth keeping, and the NPZ fixtures, through the fuzz targets.
BUILD=${BUILD:-build}
passed=0
failed=0
for target in npy npz json config command_line; do
    files="tests/fuzz/corpus/$target/*"
    [ "$target" = npz ] && files="$files tests/fixtures/npz/*.npz"
    # shellcheck disable=SC2086
    line=$("$BUILD/fuzz_replay" "$target" $files | tee /dev/stderr | tail -n 1)
    p=${line%% passed*}
    f=${line##*, }
    f=${f%% failed*}
    case "$line" in *' passed, '*' failed') ;; *) p=0 f=1 ;; esac
    [ "$p" -gt 0 ] || f=$((f + 1))  # an empty corpus tests nothing
    passed=$((passed + p))
    failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
