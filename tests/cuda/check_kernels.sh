#!/bin/sh
# Every kernel of tensor/cuda is executed by the emulated tests: the names behind __global__ in the sources are compared
# with those that the emulator launched.
#
#     sh tests/cuda/check_kernels.sh LIST...      the files that ASTRO_EMULATION_KERNELS made
#
# Closes with "N passed, N failed".
. tests/shell.sh
launched=$work/launched
awk -F '\t' '{ count[$2] += $1 } END { for (name in count) print count[name] "\t" name }' "$@" | sort -k 2 >"$launched"

names=$(cat tensor/cuda/*.cu tensor/cuda/*.cuh tensor/cuda/*.h | sed 's,//.*,,' | tr '\n' ' ' |
    sed 's/__launch_bounds__([^)]*)//g' | grep -oE '__global__[^(]*\(' | sed -E 's/.*[ *&]([A-Za-z0-9_]+) *\(/\1/' | sort -u)
for name in $names; do
    awk -F '\t' '$1 > 0 { sub(/<.*/, "", $2); sub(/.*::/, "", $2); print $2 }' "$launched" | grep -qx "$name"
    verdict "kernel $name is never launched by the emulated tests" $?
done
# A kernel is instantiated for every formula and type; not every one of these is asked for by the tests.
echo "$(echo "$names" | wc -w) kernels, $(awk '$1 > 0' "$launched" | wc -l) of $(grep -c . "$launched") instantiations launched," \
    "$(awk '{ n += $1 } END { print n }' "$launched") launches"
closing_line
