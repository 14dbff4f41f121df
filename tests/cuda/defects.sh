#!/bin/sh
# Plants the defects of tests/cuda/defects.txt, one at a time, in a copy of a kernel source, builds the emulated tests with
# it and checks that they fail, by a failed check of a test or a finding of the emulator. A crash or timeout alone counts
# as not caught. As a control, an unchanged copy must pass the same tests once per mode.
#
#     BUILD=build CXX=g++ sh tests/cuda/defects.sh [WORDS]     only defects whose heading contains WORDS
#
# Ends with "N passed, N failed".
BUILD=${BUILD:-build}
export BUILD CXX
folder=$BUILD/defects
list=tests/cuda/defects.txt

# A defect: the lines with "-" (compared without indentation) must occur exactly once in the source, consecutively. The
# lines with "+" replace them.
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

# Prints the evidence that a program failed because of the defect: kinds of findings, or a failed check. Empty if none.
evidence() {  # log
    found=$(grep -oE '^emulation: [a-z ]+:' "$1" | sort -u | sed 's/emulation: //; s/://' | tr '\n' ' ' | sed 's/ $//')
    if [ -n "$found" ]; then
        echo "$found"
    elif grep -qE '^\[doctest\] assertions:.* [1-9][0-9]* failed|ERROR: test case THREW exception' "$1"; then
        echo "wrong result"
    fi
}

one() {  # folder with a description; writes one line to "result"
    here=$folder/$1
    heading=$(sed -n 's/^@ *//p' "$here/description")
    kind=$(echo "$heading" | cut -d ';' -f 1)
    mode=$(echo "$heading" | cut -d ';' -f 2 | tr -d ' ')
    kernel=$(echo "$heading" | cut -d ';' -f 3 | sed 's/^ *//')
    source=tensor/cuda/$(echo "$heading" | cut -d ';' -f 4 | tr -d ' ')
    tests=$(echo "$heading" | cut -d ';' -f 5 | sed 's/^ *//')
    copy=$here/$(basename "$source")
    log=$here/log
    if [ "$kind" = control ]; then cp "$source" "$copy"; else plant "$here/description" "$source" "$copy" 2>"$log"; fi
    if [ $? -ne 0 ]; then
        verdict="FAILED: not planted, $(cat "$log") in $source"
    elif ! ${MAKE:-make} -s CUDA=0 defect MODE="$mode" CHANGED="$copy" ORIGINAL="$source" OUT="$here/cuda_tests" >"$log" 2>&1; then
        verdict="FAILED: does not compile: $(grep -m 1 error "$log")"
    else
        timeout 300 "$here/cuda_tests" -tc="$tests" -aa=1 >"$log" 2>&1
        status=$?
        shown=$(evidence "$log")
        if grep -q 'test cases: *0 ' "$log"; then
            verdict="FAILED: no test is called $tests"
        elif [ "$kind" = control ]; then
            if [ "$status" -eq 0 ]; then verdict="passes"; else verdict="FAILED: status $status, $shown"; fi
        elif [ "$status" -eq 0 ]; then
            verdict="FAILED: not caught"
        elif [ -n "$shown" ]; then
            verdict="caught ($shown)"
        elif [ "$status" -eq 124 ]; then
            verdict="FAILED: no end within 300 s"
        else
            verdict="FAILED: status $status, but neither a failed check nor a finding: $(tail -n 1 "$log")"
        fi
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
# One folder per defect. The control of a mode uses the source of its first defect and the tests of the defects in it.
awk -v folder="$folder" -v words="$1" '
    function describe(name) { system("mkdir -p " folder "/" name); file = folder "/" name "/description" }
    /^@/ {
        wanted = index($0, words) > 0 || words == ""
        if (!wanted) next
        describe(sprintf("%02d", ++n))
        split($0, part, / *; */)
        if (!(part[2] in source)) source[part[2]] = part[4]
        if (source[part[2]] == part[4]) tests[part[2]] = tests[part[2]] "," part[5]
    }
    wanted && /^[-+@]/ { print > file }
    END {
        for (mode in source) {
            describe("control-" mode)
            print "@ control; " mode "; the unchanged " source[mode] "; " source[mode] "; " substr(tests[mode], 2) > file
        }
    }' $list
ls -r "$folder" | xargs -P "$(nproc)" -n 1 sh tests/cuda/defects.sh one
cat "$folder"/[0-9]*/result "$folder"/control-*/result
caught=$(cat "$folder"/[0-9]*/result | grep -c ': caught')
planted=$(ls -d "$folder"/[0-9]* | wc -l)
passing=$(cat "$folder"/control-*/result | grep -c ': passes$')
controls=$(ls -d "$folder"/control-* | wc -l)
kernels=$(cut -d ';' -f 3 "$folder"/[0-9]*/result | sed 's/:.*//' | sort -u | wc -l)
echo "$planted defects in $kernels kernels and functions, $caught caught; $passing of $controls controls pass"
failed=$((planted - caught + controls - passing))
echo "$((caught + passing)) passed, $failed failed"
[ "$planted" -gt 0 ] && [ "$failed" -eq 0 ]
