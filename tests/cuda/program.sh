#!/bin/sh
# The program with --device cuda: end to end on the emulator, and what it says on a machine without a GPU.
#
#     BUILD=build sh tests/cuda/program.sh
#
# Closes with "N passed, N failed".
BUILD=${BUILD:-build}
emulated=$(pwd)/$BUILD/emulated/plain/astro
astro=$(pwd)/$BUILD/astro
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
check() {  # description, expected exit status, command...
    what=$1
    wanted=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [ "$status" -eq "$wanted" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $what: exit status $status, not $wanted"
        tail -n 5 "$work/out" "$work/err"
    fi
}

cd "$work" && mkdir maze || exit 1
check "collect" 0 "$astro" data collect --env pointmaze-medium-v0 --type stitch --episodes 20 --seed 3 --out maze/pointmaze-medium-stitch-v0.npz
settings="--preset tiny --data maze/pointmaze-medium-stitch-v0.npz --quiet --evaluate.episodes 1"
settings="$settings --tdr.updates 10 --dynamics.updates 10 --planner.updates 10 --gcbc.updates 10"
# Ten updates learn nothing: any target and any bridge will do.
settings="$settings --augment.chain random --selection.selector random --augment.accept_threshold 1000 --augment.plausibility 1000"
# shellcheck disable=SC2086
check "run on the emulated device" 0 "$emulated" run --run cuda $settings --device cuda
check "its results are there" 0 test -s cuda/results.json
ASTRO_EMULATION_DEVICES=0
export ASTRO_EMULATION_DEVICES
check "no device: the self-test is skipped" 77 "$emulated" selftest --device cuda
# shellcheck disable=SC2086
check "no device: --device cuda fails" 1 "$emulated" run --run none $settings --device cuda
check "no device: one line says why" 0 test "$(wc -l <err)" -eq 1

# The real program, where there is no GPU.
if ! [ -e /dev/nvidiactl ]; then
    check "no driver: the program starts" 0 "$astro" version
    check "no driver: the self-test is skipped" 77 "$astro" selftest --device cuda
    # shellcheck disable=SC2086
    check "no driver: --device cuda fails" 1 "$astro" run --run none $settings --device cuda
    check "no driver: one line says why" 0 test "$(wc -l <err)" -eq 1
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
