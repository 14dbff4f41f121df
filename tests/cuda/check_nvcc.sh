#!/bin/sh
# What ptxas said when nvcc built tensor/cuda: every kernel on every architecture, no register spilled, no local stack.
#
#     BUILD=build sh tests/cuda/check_nvcc.sh
#
# Closes with "N passed, N failed": one check a kernel and architecture.
BUILD=${BUILD:-build}
logs=$(find "$BUILD/obj/tensor/cuda" -name '*.cu.o.log')
cat $logs /dev/null | awk '
    /Compiling entry function/ { kernel = $0; sub(/.*function ./, "", kernel); sub(/. for .*/, "", kernel)
                                 arch = $0; sub(/.* for ./, "", arch); sub(/.$/, "", arch); archs[arch] = 1 }
    /bytes spill stores/ { spills = $5 + $9 }
    /Used [0-9]+ registers/ {
        for (i = 1; i < NF; ++i) if ($i == "Used") { if ($(i + 1) > most) most = $(i + 1) }
        if (spills > 0) { ++failed; print "FAILED: " kernel " spills " spills " bytes for " arch } else ++passed
        spills = 0
    }
    END {
        for (arch in archs) list = list " " arch
        print "built by nvcc for" list "; at most " most " registers a thread"
        print passed + 0 " passed, " failed + 0 " failed"
        exit failed > 0 || passed == 0
    }'
