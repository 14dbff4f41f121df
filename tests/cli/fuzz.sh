#!/bin/sh
# Runs the fuzz targets on the inputs of the corpus and on the NPZ fixtures.
. tests/shell.sh
for target in npy npz json config command_line; do
    files="tests/fuzz/corpus/$target/*"
    [ "$target" = npz ] && files="$files tests/fixtures/npz/*.npz"
    # shellcheck disable=SC2086
    suite "$BUILD/fuzz_replay" "$target" $files
    check "the corpus of $target is not empty" [ "$p" -gt 0 ]
done
closing_line
