#!/bin/sh
# The tests of `make test-cuda`, after everything is built. Ends with one line that counts all checks.
#
#     BUILD=build CXX=g++ sh tests/cuda/run.sh
#
# Runs the tests of the emulator and of the backend in the three modes, and the self-test and the program on the emulator,
# as many at a time as there are processors. Then checks the lists of kernels. If nvcc built the program, also checks the
# output of ptxas and the toolkit's headers.
. tests/shell.sh
export BUILD

told() {  # name, seconds of the last suite
    grep -E '^(built by nvcc|[0-9]+ kernels|[0-9]+ defects)' "$work/suite.log"
    echo "== $1: ${line:-no closing line} ($2 s)"
}
run() {  # name, command...
    name=$1
    begun=$(date +%s)
    shift
    suite "$@"
    told "$name" $(($(date +%s) - begun))
}

emulated=$BUILD/emulated
# Counts and other network variants, which launch the same kernels, run only in plain mode, because sanitizers would not
# find anything new.
cat >"$work/suites" <<SUITES
'backend, trace' env ASTRO_EMULATION_KERNELS=$work/trace.kernels $emulated/trace/cuda_tests -tce='cuda counts*,cuda step of other forms*'
'backend, asan' env ASTRO_EMULATION_KERNELS=$work/asan.kernels $emulated/asan/cuda_tests -tce='cuda counts*,cuda step of other forms*'
'the program' sh tests/cuda/program.sh
'the self-test' env ASTRO_EMULATION_KERNELS=$work/selftest.kernels $emulated/plain/astro selftest --device cuda --no-timings
'backend, plain' env ASTRO_EMULATION_KERNELS=$work/plain.kernels $emulated/plain/cuda_tests
'emulator, plain' $emulated/plain/emulator_tests
'emulator, asan' $emulated/asan/emulator_tests
'emulator, trace' $emulated/trace/emulator_tests
SUITES
run_suites "$work/suites"
for list in plain asan trace selftest; do
    run "every kernel is launched, $list" sh tests/cuda/check_kernels.sh "$work/$list.kernels"
done
if [ -s "$BUILD/cuda.mk" ] && grep -q '^CUDA_INCLUDE' "$BUILD/cuda.mk"; then
    run "built by nvcc" sh tests/cuda/check_nvcc.sh
    run "the toolkit's headers" sh tests/cuda/check_headers.sh "$(sed -n 's/^CUDA_INCLUDE := //p' "$BUILD/cuda.mk")"
else
    echo "== built by nvcc: skipped, nvcc is not installed"
fi
closing_line
