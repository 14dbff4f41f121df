#!/bin/sh
# Runs every test program and script, and closes with one line that counts them all.
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
