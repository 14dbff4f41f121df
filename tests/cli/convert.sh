#!/bin/sh
# The scripts in examples/convert: converting a data set to another program's format and back gives the same episodes. A
# script is skipped with a message if its Python packages are missing. PYTHON names the interpreter.
. tests/shell.sh
PYTHON=${PYTHON:-python3}
scripts=$root/examples/convert
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: write the files' >"$work/made" 2>&1 || {
    cat "$work/made"
    exit 1
}
cd "$work" || exit 1
export MINARI_DATASETS_PATH="$work/minari"

# needs NAME PACKAGE...: whether the packages of a script are installed.
needs() {
    script=$1
    shift
    for package in numpy "$@"; do
        "$PYTHON" -c "import $package" >/dev/null 2>&1 && continue
        echo "skipped: $script.py: $PYTHON has no $package"
        return 1
    done
}

# same FIRST SECOND: astro reads the same episodes and the same ranges of states from both files.
same() {
    "$astro" data inspect "$1" >a.txt 2>&1 && "$astro" data inspect "$2" >b.txt 2>&1
    verdict "astro reads $1 and $2" $? a.txt b.txt
    grep -E 'rows, .* episodes|observations\[' a.txt | grep -v '^info *array' >a
    grep -E 'rows, .* episodes|observations\[' b.txt | grep -v '^info *array' >b
    check "$2 has the episodes and states of $1" sh -c "[ -s a ] && cmp a b"
}

# there_and_back SCRIPT MIDDLE
there_and_back() {
    check "$1.py: to $2" "$PYTHON" "$scripts/$1.py" plain.npz "$2"
    check "$1.py: from $2" "$PYTHON" "$scripts/$1.py" "$2" "$1.npz"
    same plain.npz "$1.npz"
}

if needs d4rl h5py; then there_and_back d4rl d4rl.hdf5; fi
if needs d3rlpy_buffer h5py; then there_and_back d3rlpy_buffer buffer.h5; fi
if needs lerobot pyarrow; then there_and_back lerobot table.parquet; fi
if needs minari_dataset minari h5py PIL; then there_and_back minari_dataset mine/test-v0; fi
if needs gymnasium_recording gymnasium; then
    check "gymnasium_recording.py records" "$PYTHON" "$scripts/gymnasium_recording.py" Pendulum-v1 4 pendulum.npz
    check "astro reads it" sh -c "'$astro' data inspect pendulum.npz | grep -q '804 rows, 4 episodes of 201 rows, 800 transitions'"
    check "and it replays the actions" sh -c "'$PYTHON' '$scripts/gymnasium_recording.py' pendulum.npz Pendulum-v1 | grep -q '^800 steps, largest difference 0$'"
fi
for file in "$scripts"/*.py; do
    check "$(basename "$file") is tested here" grep -q "$(basename "$file" .py)" "$root/tests/cli/convert.sh"
    check "$(basename "$file") is short" [ "$(wc -l <"$file")" -lt 60 ]
done
closing_line
