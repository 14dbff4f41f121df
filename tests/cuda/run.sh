#!/bin/sh
# What `make test-cuda` runs when everything is built; closes with one line that counts all checks.
#
#     BUILD=build CXX=g++ sh tests/cuda/run.sh
#
# The emulator's own tests and the backend's tests in the three modes, the kernel list, the planted defects; and where
# nvcc built the program: what ptxas said, the toolkit's headers, and the program itself on this machine.
. tests/shell.sh
export BUILD

run() {  # name, command...
    name=$1
    shift
    suite "$@"
    grep -E '^(built by nvcc|[0-9]+ kernels|[0-9]+ defects)' "$work/suite.log"
    echo "== $name: ${line:-no closing line} ($(($(date +%s) - start)) s)"
}
start=$(date +%s)

for mode in plain asan trace; do
    run "emulator, $mode" "$BUILD/emulated/$mode/emulator_tests"
done
for mode in plain asan trace; do
    run "backend, $mode" env ASTRO_EMULATION_KERNELS="$work/$mode.kernels" "$BUILD/emulated/$mode/cuda_tests"
done
run "every kernel is launched" sh tests/cuda/check_kernels.sh "$work/plain.kernels"
run "the self-test" env ASTRO_EMULATION_KERNELS="$work/selftest.kernels" "$BUILD/emulated/plain/astro" selftest --device cuda --no-timings
run "it launches every kernel" sh tests/cuda/check_kernels.sh "$work/selftest.kernels"
run "the program" sh tests/cuda/program.sh
run "planted defects" sh tests/cuda/defects.sh
if [ -s "$BUILD/cuda.mk" ] && grep -q '^CUDA_INCLUDE' "$BUILD/cuda.mk"; then
    run "built by nvcc" sh tests/cuda/check_nvcc.sh
    run "the toolkit's headers" sh tests/cuda/check_headers.sh "$(sed -n 's/^CUDA_INCLUDE := //p' "$BUILD/cuda.mk")"
else
    echo "== built by nvcc: left out, no nvcc here"
fi
closing_line
