#!/bin/sh
# Every kernel of tensor/cuda is executed by the emulated tests: the names behind __global__ in the sources are compared
# with what the emulator launched, and so is every instantiation that the program contains.
#
#     sh tests/cuda/check_kernels.sh LIST...      the files that ASTRO_EMULATION_KERNELS made
#
# Closes with "N passed, N failed".
passed=0
failed=0
launched=$(mktemp)
trap 'rm -f "$launched"' EXIT
awk -F '\t' '{ count[$2] += $1 } END { for (name in count) print count[name] "\t" name }' "$@" | sort -k 2 >"$launched"

names=$(cat tensor/cuda/*.cu tensor/cuda/*.cuh tensor/cuda/*.h | sed 's,//.*,,' | tr '\n' ' ' |
    sed 's/__launch_bounds__([^)]*)//g' | grep -oE '__global__[^(]*\(' | sed -E 's/.*[ *&]([A-Za-z0-9_]+) *\(/\1/' | sort -u)
for name in $names; do
    if awk -F '\t' '$1 > 0 { sub(/<.*/, "", $2); sub(/.*::/, "", $2); print $2 }' "$launched" | grep -qx "$name"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: kernel $name is never launched by the emulated tests"
    fi
done
never=$(awk -F '\t' '$1 == 0 { print $2 }' "$launched")
if [ -n "$never" ]; then
    failed=$((failed + $(echo "$never" | wc -l)))
    echo "$never" | sed 's/^/FAILED: never launched: /'
fi
echo "$(echo "$names" | wc -w) kernels, $(grep -c . "$launched") instantiations, $(awk '{ n += $1 } END { print n }' "$launched") launches"
passed=$((passed + $(awk '$1 > 0' "$launched" | wc -l)))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
