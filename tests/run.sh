#!/bin/sh
# Runs all test programs and scripts, as many at a time as there are processors. The last line counts all checks.
# BUILD: folder of the built programs (default build).
. tests/shell.sh
export BUILD

# The longest come first.
longest="run hints environments policy"
{
    echo "'unit' $BUILD/astro_tests"
    for name in $longest; do echo "'$name' sh tests/cli/$name.sh"; done
    for script in tests/structure.sh tests/cli/*.sh; do
        name=$(basename "$script" .sh)
        case " $longest " in *" $name "*) ;; *) echo "'$name' sh $script" ;; esac
    done
} >"$work/suites"
run_suites "$work/suites"
closing_line
