#!/bin/sh
# The scripts in examples/convert: converting a data set to another program's format and back gives the same episodes. A
# script is skipped with a message if its Python packages are missing. PYTHON names the interpreter; the default is that
# of `make deps-convert`, if it is there.
. tests/shell.sh
installed=$root/build/convert-venv/bin/python
[ -x "$installed" ] || installed=python3
PYTHON=${PYTHON:-$installed}
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

# there_and_back SCRIPT MIDDLE AGAIN: twice, because the second way begins with the marks of episodes that the script wrote.
there_and_back() {
    check "$1.py: to $2" "$PYTHON" "$scripts/$1.py" plain.npz "$2"
    check "$1.py: from $2" "$PYTHON" "$scripts/$1.py" "$2" "$1.npz"
    same plain.npz "$1.npz"
    check "$1.py: its own file to $3" "$PYTHON" "$scripts/$1.py" "$1.npz" "$3"
    check "$1.py: from $3" "$PYTHON" "$scripts/$1.py" "$3" "$1-again.npz"
    check "$1.py: the file is the same after the second way" cmp "$1.npz" "$1-again.npz"
}

if needs d4rl h5py; then there_and_back d4rl d4rl.hdf5 again.hdf5; fi
# d4rl.py keeps the states of the simulator, and names the arrays of a file that it does not understand.
if needs d4rl h5py; then
    "$astro" data collect --env maze2d-umaze-v1 --episodes 3 --out umaze.npz >/dev/null || exit 1
    check "d4rl.py: simulator states to HDF5" "$PYTHON" "$scripts/d4rl.py" umaze.npz umaze.hdf5
    check "d4rl.py: and back" "$PYTHON" "$scripts/d4rl.py" umaze.hdf5 umaze-again.npz
    check "d4rl.py: the states have D4RL's names" "$PYTHON" -c '
import h5py, numpy as np
a, b, file = np.load("umaze.npz"), np.load("umaze-again.npz"), h5py.File("umaze.hdf5")
for key in "qpos", "qvel":
    assert np.array_equal(a[key], file["infos/" + key][:]) and np.array_equal(a[key], b[key]), key'
    check "d4rl.py: the file agrees with the simulator" "$astro" data verify umaze-again.npz --env maze2d-umaze-v1
    "$PYTHON" -c '
import h5py
with h5py.File("other.hdf5", "w") as file: file["data/demo_0/obs"] = file["data/demo_0/actions"] = [[1.0, 2.0]]'
    "$PYTHON" "$scripts/d4rl.py" other.hdf5 other.npz >out 2>err
    check "d4rl.py: other arrays are an error" [ $? -eq 1 ]
    check "d4rl.py: one line names them" grep -qx "other.hdf5: no array 'observations'; it has: data/demo_0/actions, data/demo_0/obs" err
    check "d4rl.py: and nothing else" [ "$(wc -l <err)" -eq 1 ]
    check "d4rl.py: nothing is written" [ ! -e other.npz ]
fi
if needs d3rlpy_buffer h5py; then there_and_back d3rlpy_buffer buffer.h5 again.h5; fi
if needs lerobot pyarrow; then there_and_back lerobot table.parquet again.parquet; fi
if needs minari_dataset minari h5py PIL; then there_and_back minari_dataset mine/test-v0 mine/again-v0; fi
if needs gymnasium_recording gymnasium; then
    check "gymnasium_recording.py records" "$PYTHON" "$scripts/gymnasium_recording.py" Pendulum-v1 4 pendulum.npz
    check "astro reads it" sh -c "'$astro' data inspect pendulum.npz | grep -q '804 rows, 4 episodes of 201 rows, 800 transitions'"
    check "and it replays the actions" sh -c "'$PYTHON' '$scripts/gymnasium_recording.py' pendulum.npz Pendulum-v1 | grep -q '^800 steps, largest difference 0$'"
fi
# own_data SCRIPT INPUT: the commands of "Your own data" in the README, as written, with this script for the first. `run`
# gets settings with which it takes seconds.
own_data() {
    mkdir -p own/build && cd own || exit 1
    ln -sfn "$root/examples" examples
    cat >build/astro <<END
#!/bin/sh
[ "\$1" != run ] || set -- "\$@" --preset tiny --quiet --tdr.updates 200 --dynamics.updates 40 --planner.updates 40 --gcbc.updates 40 \
    --augment.accept_threshold 1000 --augment.plausibility 1000 --data.arrival_steps 1 --selection.selector random --augment.chain random
exec "$astro" "\$@"
END
    printf '%s\n' '#!/bin/sh' "exec '$(command -v "$PYTHON")' \"\$@\"" >python3
    chmod +x build/astro python3
    rm -rf runs mine.npz policy.npz && cp "../$2" "mine.${2##*.}" || exit 1
    sed -n '/^## Your own data/,/^## /p' "$root/README.md" | grep -E '^    (python3|build/astro|echo) ' | sed '/^ *build.astro run --env/d; s/ # .*//; s/^ *//' |
        grep -E "^(build/|echo )|$1" >lines
    check "the README shows five commands after a conversion" [ "$(wc -l <lines)" -eq 5 ]
    while read -r command; do
        # shellcheck disable=SC2094
        PATH=.:$PATH sh -c "$command" >answer 2>log </dev/null
        verdict "$2: $command" $? log
    done <lines
    check "$2: there is a report" grep -q '<svg' runs/mine/report.html
    check "$2: there is a stitched file" grep -q is_synthetic.npy runs/mine/augmented.npz
    check "$2: the last command prints an action" grep -qE '^\{"action": \[-?[0-9.]+(e-?[0-9]+)?, -?[0-9.]+(e-?[0-9]+)?\]\}$' answer
    cd ..
}
if needs d4rl h5py; then own_data d4rl d4rl.hdf5; fi
if needs lerobot pyarrow; then own_data lerobot table.parquet; fi

# Ends of episodes (episode_ends.py) are kept, whatever marks them; a file without marks is an error.
if needs d4rl h5py; then
    "$PYTHON" -c '
import h5py, numpy as np
data = np.load("plain.npz")
ends = data["terminals"] != 0
zeros = np.zeros(len(ends), bool)
arrays = {key: data[key] for key in ("observations", "actions")}
np.savez("timeouts.npz", terminals=zeros, timeouts=ends, **arrays)
np.savez("unmarked.npz", **arrays)
with h5py.File("dones.hdf5", "w") as file:
    for key, value in {**arrays, "dones": ends}.items(): file[key] = value'
    check "d4rl.py: another mark of ends is copied" "$PYTHON" "$scripts/d4rl.py" dones.hdf5 dones.npz
    same plain.npz dones.npz
    for target in d4rl.hdf5 d3rlpy_buffer.h5 lerobot.parquet; do
        needs "${target%.*}" "$([ "${target%.*}" = lerobot ] && echo pyarrow || echo h5py)" || continue
        check "${target%.*}.py: ends marked by timeouts" "$PYTHON" "$scripts/${target%.*}.py" timeouts.npz "timeouts-$target"
        check "${target%.*}.py: and back" "$PYTHON" "$scripts/${target%.*}.py" "timeouts-$target" timeouts-again.npz
        same plain.npz timeouts-again.npz
        "$PYTHON" "$scripts/${target%.*}.py" unmarked.npz "unmarked-$target" >out 2>err
        check "${target%.*}.py: a file without marks is an error" [ $? -eq 1 ]
        check "${target%.*}.py: one line says so" grep -q '^unmarked.npz: no array marks the end of an episode' err
        rm -f timeouts-again.npz
    done
fi

for file in "$scripts"/*.py; do
    check "$(basename "$file") is tested here" grep -q "$(basename "$file" .py)" "$root/tests/cli/convert.sh"
    check "$(basename "$file") is short" [ "$(wc -l <"$file")" -lt 60 ]
done
closing_line
