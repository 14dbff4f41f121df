#!/bin/sh
# The program with --device cuda: end to end on the emulator, and its messages on a machine without a GPU.
#
#     BUILD=build sh tests/cuda/program.sh
#
# Ends with "N passed, N failed".
. tests/shell.sh
emulated=$root/$BUILD/emulated/plain/astro
skipped() {  # command...: must end with the exit status of a skipped test
    "$@"
    [ $? -eq 77 ]
}
no_device() {  # command...: must report in one line that there is no device
    refused 1 "$none" "$@"
    check "only one line is printed" [ "$(wc -l <"$work/err")" -eq 1 ]
}

cd "$work" && mkdir maze || exit 1
check "collect" "$astro" data collect --env pointmaze-medium-v0 --type stitch --episodes 20 --seed 3 --out maze/pointmaze-medium-stitch-v0.npz
policy="--preset tiny --data maze/pointmaze-medium-stitch-v0.npz --quiet --evaluate.episodes 1 --evaluate.points 1 --gcbc.updates 10"
settings="$policy --tdr.updates 10 --dynamics.updates 10 --planner.updates 10"
# Ten updates do not learn anything, so all targets and bridges are accepted.
settings="$settings --augment.chain random --selection.selector random --augment.accept_threshold 1000 --augment.plausibility 1000"
# shellcheck disable=SC2086
check "run on the emulated device" "$emulated" run --run cuda $settings --device cuda
check "its results are there" test -s cuda/results.json
# shellcheck disable=SC2086
check "two more seeds, two policies in parallel on separate streams" "$emulated" train policy --run cuda $policy --device cuda --resume --policy.seeds 3 --threads 2
check "each seed has its own figures" grep -q '"success/raw/gcbc-seed2/last"' cuda/results.json
check "run with the built-in product" "$emulated" run --run own $settings --device cuda --matmul own
# shellcheck disable=SC2016
breaks='env ASTRO_EMULATION_LAUNCHES="719 5000" "$0" selftest --device cuda >broken.txt; [ $? -eq 1 ]'
check "a device failure: the self-test ends with 1" sh -c "$breaks" "$emulated"
check "and names the case" grep -q 'FAILED .*CUDA: launch: cudaErrorLaunchFailure\|FAILED .*the emulator found a defect' broken.txt
check "and prints the counts" grep -qE '^[0-9]+ passed, 1 failed$' broken.txt
check "a step is measured" "$emulated" bench --device cuda --items td3bc --seconds .01 --rounds 1
refused 1 "device 0 cannot be used" env ASTRO_EMULATION_LAUNCHES=209 "$emulated" selftest --device cuda
none="no usable device"
ASTRO_EMULATION_DEVICES=0
export ASTRO_EMULATION_DEVICES
check "no device: the self-test is skipped" skipped "$emulated" selftest --device cuda
# shellcheck disable=SC2086
no_device "$emulated" run --run none $settings --device cuda

# The real program, if there is no GPU.
if ! [ -e /dev/nvidiactl ]; then
    [ -e "$root/$BUILD/cuda.with" ] || none="built without CUDA"
    check "no driver: the program starts" "$astro" version
    check "no driver: the self-test is skipped" skipped "$astro" selftest --device cuda
    # shellcheck disable=SC2086
    no_device "$astro" run --run none $settings --device cuda
fi
closing_line
