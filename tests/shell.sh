# What the test scripts share: sourced by them, from the root of the tree and before they change the folder.
# Gives root, astro (the program of folder BUILD), work (a folder that goes when the script ends) and the counts.
BUILD=${BUILD:-build}
root=$(pwd)
astro=$root/$BUILD/astro
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# verdict "what" STATUS [FILE...]: one check, passed when STATUS is 0; otherwise the files' ends say why.
verdict() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "FAILED: $1"
    shift 2
    for file in "$@"; do tail -n 8 "$file"; done
}

# check "what" command...: the command must succeed.
check() {
    what=$1
    shift
    "$@" >"$work/check.log" 2>&1
    verdict "$what" $? "$work/check.log"
}

# refused STATUS "words" command...: the command must end with that status and one line "astro: ..." that holds the
# words. What it said on standard error stays in $work/err.
refused() {
    wanted=$1
    words=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq "$wanted" ] && [ "$(grep -c '^astro: ' "$work/err")" -eq 1 ] && grep -qF -- "$words" "$work/err"
    verdict "exit $got, expected $wanted and one line with '$words': $*" $? "$work/err"
}

# suite command...: a test program, counted by its own closing line "N passed, N failed" (left in $line, the number of
# passed ones in $p); without one, or with an exit status that its counts do not explain, it failed.
suite() {
    "$@" >"$work/suite.log" 2>&1
    status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/suite.log" | tail -n 1)
    p=${line%% passed*}
    f=${line##*, }
    f=${f%% failed*}
    if [ -z "$line" ]; then p=0; f=1; fi
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    [ "$f" -eq 0 ] || tail -n 60 "$work/suite.log"
    passed=$((passed + p))
    failed=$((failed + f))
    [ "$f" -eq 0 ]
}

# The script's own closing line; its last command, so that the status is the script's.
closing_line() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
