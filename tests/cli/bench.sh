#!/bin/sh
# astro bench and bench/run.py: items are listed and found, operations are counted, a missing peer is only a notice.
# Times are not checked.
. tests/shell.sh
says() { grep -qF -- "$1" "$2"; }

"$astro" bench --list >"$work/list" 2>&1
check "the list has training steps" grep -q '^steps *tdr ' "$work/list"
check "the list has products of every kind" sh -c "[ \$(grep -c '^gemm *gemm-nn-' '$work/list') -eq \$(grep -c '^gemm *gemm-tn-' '$work/list') ]"
"$astro" bench --items gem >"$work/unknown" 2>&1
check "an unknown item is rejected with exit code 2" [ $? -eq 2 ]
check "and the most similar name is suggested" says "did you mean 'gemm'?" "$work/unknown"

# 2 * rows * in * out FLOP for each kind, with any number of threads.
for kind in nn nt tn; do
    "$astro" bench --items gemm-$kind-256x256x32 --threads 2 --seconds .01 --rounds 1 --json >"$work/$kind" 2>&1
    check "gemm-$kind counts its FLOP" grep -qE '"gflop": ?0\.0041943' "$work/$kind"
done

# -S disables site packages, so torch and numpy are never available.
if command -v python3 >/dev/null; then
    python3 -S bench/run.py --astro "$astro" --items gemm-nn-256x256x32,td3bc --threads 2,1 --turns 1 --markdown \
        --out "$work/bench.json" >"$work/table" 2>"$work/notes"
    check "run.py succeeds without peers" [ $? -eq 0 ]
    check "and prints a notice" says "notice: torch is not measured" "$work/notes"
    check "with a table for astro" grep -qE '^\| td3bc \| 2 \| [0-9.]+ / [0-9.]+ \| - \|' "$work/table"
    check "and a file of all measurements" grep -q '"ms_median"' "$work/bench.json"
    python3 -S bench/run.py --astro "$astro" --items tdx >"$work/table" 2>"$work/notes"
    check "an unknown item is rejected in one line" sh -c "[ \$(grep -c \"^bench: unknown item 'tdx'\" '$work/notes') -eq 1 ]"
fi

closing_line
