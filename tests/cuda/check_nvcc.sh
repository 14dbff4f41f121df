#!/bin/sh
# Checks the output of nvcc and ptxas for tensor/cuda: no kernel spills registers on any architecture, and no source has
# warnings.
#
#     BUILD=build sh tests/cuda/check_nvcc.sh
#
# Ends with "N passed, N failed": one check per kernel and architecture, and one per source.
BUILD=${BUILD:-build}
find "$BUILD/obj/tensor/cuda" -name '*.cu.o.log' | sort | xargs awk '
    function end_of_source() { if (warnings > 0) ++failed; else ++passed; warnings = 0 }
    FNR == 1 && NR > 1 { end_of_source() }
    /warning( #[0-9]| ?:)/ { ++warnings; print "FAILED: " FILENAME ": " $0 }
    /Compiling entry function/ { kernel = $0; sub(/.*function ./, "", kernel); sub(/. for .*/, "", kernel)
                                 arch = $0; sub(/.* for ./, "", arch); sub(/.$/, "", arch); archs[arch] = 1 }
    /bytes spill stores/ { spills = $5 + $9 }
    /Used [0-9]+ registers/ {
        for (i = 1; i < NF; ++i) if ($i == "Used") { if ($(i + 1) > most) most = $(i + 1) }
        if (spills > 0) { ++failed; print "FAILED: " kernel " spills " spills " bytes for " arch } else ++passed
        spills = 0; ++kernels
    }
    END {
        if (NR > 0) end_of_source()
        for (arch in archs) list = list " " arch
        print "built by nvcc for" list "; at most " most " registers a thread"
        print passed + 0 " passed, " failed + 0 " failed"
        exit failed > 0 || kernels == 0
    }'
