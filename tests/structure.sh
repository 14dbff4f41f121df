#!/bin/sh
# Checks the source tree with grep: includes between layers, completeness of the op table, lengths of files.
# Prints one line per finding. The last line is "N passed, N failed".
. tests/shell.sh
# none "rule" command...: the command must print nothing.
none() {
    rule=$1
    shift
    "$@" >"$work/found" 2>/dev/null
    [ ! -s "$work/found" ]
    verdict "$rule" $? "$work/found"
}
# Files with C++ or CUDA code, as options of grep.
sources="--include=*.h --include=*.cpp --include=*.inl --include=*.cu --include=*.cuh"
includes() {  # folder, pattern of the folders that it must not include
    grep -rnE "#include \"($2)/" $sources "$1"
}
none "tensor includes tensor only" includes tensor 'nn|diffusion|data|astro|apps'
none "nn includes tensor and nn only" includes nn 'diffusion|data|astro|apps'
none "diffusion includes tensor and nn only" includes diffusion 'data|astro|apps'
none "data includes tensor only" includes data 'nn|diffusion|astro|apps'
none "astro does not include apps" includes astro apps
none "the program includes no tests" sh -c "grep -rnE '#include [\"<](\.\./)*tests/' $sources tensor nn diffusion data astro apps"
none "learners do not include diffusion or the planner" sh -c "grep -rnE '#include \"(diffusion/|astro/(planner|dynamics|chains|target_selection|temporal))' astro/learners"
none "names of arms occur in their table only" sh -c "grep -rnE '\"(duplicate|augmented|straight|swap)\"' $sources astro apps | grep -vE '^astro/augmenters/|v\(.augmented., augmented,|section\('"
none "point mazes are used by data/environments only (and by a bench item)" sh -c "grep -rnE 'maze::|include \"data/environments/' $sources tensor nn diffusion data astro apps | grep -vE '^(data/environments/|apps/bench/maze.cpp:)'"
none "zlib only in data/zip*.cpp" sh -c "grep -rln 'zlib.h' $sources tensor nn diffusion data astro apps | grep -vE '^data/zip(_writer)?\.cpp$'"
none "no iostream outside apps" sh -c "grep -rln '<iostream>' tensor nn diffusion data astro"
none "libraries neither print nor exit" sh -c "grep -rnE '(^|[^a-z_f])(printf|exit|abort) *\(' $sources tensor nn diffusion data astro | grep -vE 'snprintf|//'"
none "everything cited in comments and documents exists" sh tests/citations.sh
none "no markers of unfinished work" sh -c "grep -rnE '(TO)DO|FIX(ME)|\bXX(X)\b|HAC(K)' $sources --include='*.sh' --include='*.py' --exclude-dir=build ."
none "only two headers test for the compiler" sh -c "grep -rnE '^ *#.*\b(__CUDA|ASTRO_CUDA)' tensor nn diffusion data astro apps | grep -vE '^tensor/(host_device.h|cuda/launch.cuh):'"
none "no symbolic links" sh -c "git ls-files -s 2>/dev/null | grep '^120000'"
none "no machine-specific absolute paths" sh -c "git grep -nIE '(^|[^A-Za-z0-9_.])/(work|root|home|opt)/' -- . 2>/dev/null"
# Prints each hint in a string of the sources whose first 40 characters no command in tests/cli/hints*.sh contains.
# Strings that follow one another are joined; comments are not read.
hints_without_test() {
    grep -hv '^ *#' tests/cli/hints*.sh >"$work/commands"
    for file in $(grep -rl 'hint: ' $sources tensor nn diffusion data astro apps); do
        grep -v '^ *//' "$file" | tr '\n' ' ' | sed 's/" *"//g; s/\\"/"/g' | grep -oE 'hint: [^";]*' | cut -c 7-46 | sed 's/ *$//' |
            while read -r words; do
                grep -qF -- "$words" "$work/commands" || echo "$file: $words"
            done
    done
}
none "every hint is followed in tests/cli/hints.sh" hints_without_test
none "files of at most 400 lines" sh -c "find tensor nn diffusion data astro apps tests -name '*.cpp' -o -name '*.h' -o -name '*.inl' -o -name '*.cu' -o -name '*.cuh' | xargs wc -l | awk '\$2 != \"total\" && \$1 > 400'"
# Characters, not bytes: continuation bytes of UTF-8 are removed before lines are measured.
long_lines() {
    for document in README.md CONTRIBUTING.md docs/*.md docs/course/*.md tests/*/README.md; do
        sed 's/<!--[^>]*-->//g' "$document" | LC_ALL=C tr -d '\200-\277' | awk -v name="$document" '
            name == "README.md" && /^    / { next }  # command lines
            length($0) > 120 { print name ":" NR ": " length($0) " characters" }'
    done
}
none "document lines of at most 120 characters" long_lines
# Every op that ops.h declares has a row in the op table.
ops=$(grep -oE '^Tensor [a-z_]+\(' tensor/ops.h | sed 's/Tensor //; s/(//' | sort -u)
for op in $ops; do
    none "op $op is in the op table" sh -c "grep -q '\"$op\"' tensor/check/op_cases.cpp || echo missing"
done
# The folder of every layer is in both build files.
for layer in tensor nn diffusion data astro apps; do
    none "$layer is built by make and by CMake" sh -c "grep -q '^LAYERS.* $layer' Makefile && grep -qE '(^|[ (])$layer/\*\.cpp' CMakeLists.txt || echo missing"
done
closing_line
