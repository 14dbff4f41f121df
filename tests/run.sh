#!/bin/sh
# Runs every test program and script, and closes with one line that counts them all.
# BUILD: folder of the built programs (default build).
BUILD=${BUILD:-build}
export BUILD
passed=0
failed=0

run() {  # name, command...: counts from the command's own closing line "N passed, N failed"
    name=$1
    shift
    echo "== $name"
    log=$(mktemp)
    "$@" >"$log" 2>&1
    status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    p=${line%% passed*}
    f=${line##*, }
    f=${f%% failed*}
    if [ -z "$line" ]; then p=0; f=1; fi
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$f" -ne 0 ]; then tail -n 60 "$log"; else echo "$line"; fi
    passed=$((passed + p))
    failed=$((failed + f))
    rm -f "$log"
}

run structure sh tests/structure.sh
run unit "$BUILD/astro_tests"
for script in tests/cli/*.sh; do
    [ -e "$script" ] && run "$script" sh "$script"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
