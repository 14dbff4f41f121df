#!/bin/sh
# Checks that the emulated tests execute every kernel of tensor/cuda: compares the names after __global__ in the sources
# with the kernels that the emulator launched.
#
#     sh tests/cuda/check_kernels.sh LIST...      files written by ASTRO_EMULATION_KERNELS
#
# Ends with "N passed, N failed".
. tests/shell.sh
launched=$work/launched
awk -F '\t' '{ count[$2] += $1 } END { for (name in count) print count[name] "\t" name }' "$@" | sort -k 2 >"$launched"

names=$(cat tensor/cuda/*.cu tensor/cuda/*.cuh tensor/cuda/*.h | sed 's,//.*,,' | tr '\n' ' ' |
    sed 's/__launch_bounds__([^)]*)//g' | grep -oE '__global__[^(]*\(' | sed -E 's/.*[ *&]([A-Za-z0-9_]+) *\(/\1/' | sort -u)
for name in $names; do
    awk -F '\t' '$1 > 0 { sub(/<.*/, "", $2); sub(/.*::/, "", $2); print $2 }' "$launched" | grep -qx "$name"
    verdict "kernel $name is never launched by the emulated tests" $?
done
# Kernels are instantiated for every formula and type. The tests do not need to launch all instances.
echo "$(echo "$names" | wc -w) kernels, $(awk '$1 > 0' "$launched" | wc -l) of $(grep -c . "$launched") instantiations launched," \
    "$(awk '{ n += $1 } END { print n }' "$launched") launches"
closing_line
