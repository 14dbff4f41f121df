#!/bin/sh
# Runs all test programs and scripts. The last line counts all checks.
# BUILD: folder of the built programs (default build).
. tests/shell.sh
export BUILD

run() {  # name, command...
    echo "== $1"
    shift
    suite "$@" && echo "$line"
}

run structure sh tests/structure.sh
run unit "$BUILD/astro_tests"
for script in tests/cli/*.sh; do
    run "$script" sh "$script"
done
closing_line
