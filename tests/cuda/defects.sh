#!/bin/sh
# Plants the defects of tests/cuda/defects.txt one at a time in a copy of the kernels' sources, builds the emulated tests
# with it and shows that they fail. The unchanged sources passing the same tests is the control (tests/cuda/run.sh).
#
#     BUILD=build CXX=g++ sh tests/cuda/defects.sh [WORDS]     only those whose heading holds WORDS
#
# Closes with "N passed, N failed".
BUILD=${BUILD:-build}
export BUILD CXX
folder=$BUILD/defects
list=tests/cuda/defects.txt

# One defect: the lines behind "-" (compared without their indentation) must stand in the source once, one after
# another; those behind "+" take their place.
plant() {  # description, source, changed copy
    awk -v description="$1" '
        function trimmed(line) { sub(/^[ \t]+/, "", line); sub(/[ \t]+$/, "", line); return line }
        BEGIN {
            while ((getline line < description) > 0) {
                if (line ~ /^-/) old[++olds] = trimmed(substr(line, 2))
                if (line ~ /^\+/) new[++news] = substr(line, 2)
            }
        }
        { lines[NR] = $0 }
        END {
            for (i = 1; i <= NR; ++i) {
                for (k = 1; k <= olds && trimmed(lines[i + k - 1]) == old[k]; ++k) ;
                if (k > olds) { places++; place = i }
            }
            if (places != 1) { print places + 0 " places" > "/dev/stderr"; exit 1 }
            for (i = 1; i <= NR; ++i) {
                if (i == place) for (k = 1; k <= news; ++k) print new[k]
                if (i < place || i >= place + olds) print lines[i]
            }
        }' "$2" >"$3"
}

one() {  # number: leaves one line in RESULT
    here=$folder/$1
    heading=$(sed -n 's/^@ *//p' "$here/description")
    kind=$(echo "$heading" | cut -d ';' -f 1)
    mode=$(echo "$heading" | cut -d ';' -f 2 | tr -d ' ')
    kernel=$(echo "$heading" | cut -d ';' -f 3 | tr -d ' ')
    source=tensor/cuda/$(echo "$heading" | cut -d ';' -f 4 | tr -d ' ')
    tests=$(echo "$heading" | cut -d ';' -f 5 | sed 's/^ *//')
    copy=$here/$(basename "$source")
    if ! plant "$here/description" "$source" "$copy" 2>"$here/log"; then
        verdict="FAILED: not planted, $(cat "$here/log") in $source"
    elif ! ${MAKE:-make} -s CUDA=0 defect MODE="$mode" CHANGED="$copy" ORIGINAL="$source" OUT="$here/cuda_tests" >"$here/log" 2>&1; then
        verdict="FAILED: does not compile: $(grep -m 1 error "$here/log")"
    elif timeout 300 "$here/cuda_tests" -tc="$tests" -aa=1 >"$here/log" 2>&1; then
        verdict="FAILED: not caught"
    elif grep -q 'test cases: *0 ' "$here/log"; then
        verdict="FAILED: no test is called $tests"
    else
        found=$(grep -oE '^emulation: [a-z ]+:' "$here/log" | sort -u | sed 's/emulation: //; s/://' | tr '\n' ' ' | sed 's/ $//')
        verdict="caught (${found:-wrong result})"
    fi
    rm -f "$here/cuda_tests" "$here/cuda_tests.o"
    echo "$kind; $mode; $kernel: $verdict" >"$here/result"
}

if [ "$1" = one ]; then
    one "$2"
    exit 0
fi

rm -rf "$folder"
mkdir -p "$folder"
awk -v folder="$folder" -v words="$1" '
    /^@/ { wanted = index($0, words) > 0 || words == ""
           if (wanted) { file = sprintf("%s/%02d", folder, ++n); system("mkdir -p " file); file = file "/description" } }
    wanted && /^[-+@]/ { print > file }' $list
ls "$folder" | xargs -P "$(nproc)" -n 1 sh tests/cuda/defects.sh one
cat "$folder"/*/result
caught=$(cat "$folder"/*/result | grep -c ': caught')
all=$(ls "$folder" | wc -l)
kernels=$(cut -d ';' -f 3 "$folder"/*/result | sed 's/:.*//' | sort -u | wc -l)
echo "$all defects in $kernels kernels and functions, $caught caught"
echo "$caught passed, $((all - caught)) failed"
[ "$all" -gt 0 ] && [ "$caught" -eq "$all" ]
