# Functions of the test scripts. Scripts source this file in the root folder of the repository, before they change the
# folder. Sets root, astro (the program in folder BUILD), work (a folder that is removed when the script ends) and the
# counts passed and failed.
BUILD=${BUILD:-build}
root=$(pwd)
astro=$root/$BUILD/astro
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# verdict "what" STATUS [FILE...]: counts a check, which passes if STATUS is 0. Otherwise prints the ends of the files.
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

# refused STATUS "words" command...: the command must exit with this status and write exactly one line "astro: ..." to
# standard error, which must contain the words. Standard error is kept in $work/err.
refused() {
    wanted=$1
    words=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq "$wanted" ] && [ "$(grep -c '^astro: ' "$work/err")" -eq 1 ] && grep -qF -- "$words" "$work/err"
    verdict "exit $got, expected $wanted and one line with '$words': $*" $? "$work/err"
}

# interrupted "what" SIGNAL "begun" command...: when the shell command `begun` succeeds, the signal must end the command
# with exit code 130 and one line on standard error, "astro: interrupted...". Standard error is kept in $work/err.
interrupted() {
    what=$1
    signal=$2
    begun=$3
    shift 3
    # A shell starts background jobs with SIGINT ignored, which the program keeps.
    env --default-signal=INT "$@" >"$work/out" 2>"$work/err" &
    child=$!
    for _ in $(seq 100); do
        sh -c "$begun" >/dev/null 2>&1 && break
        sleep .1
    done
    kill -"$signal" $child
    for _ in $(seq 100); do
        kill -0 $child 2>/dev/null || break
        sleep .1
    done
    kill -9 $child 2>/dev/null
    wait $child
    got=$?
    [ $got -eq 130 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q '^astro: interrupted' "$work/err"
    verdict "SIG$signal, $what: exit $got, expected 130 and one line" $? "$work/err"
}

# suite command...: runs a test program and adds the counts in its last line "N passed, N failed". Sets $line to this
# line and $p to the number of passed checks. It counts as one failure if the line is missing, or if the exit status is
# not 0 although no check failed.
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

# run_suites FILE: runs the suites of FILE, as many at a time as there are processors, prints a line when one ends, and
# adds their counts. Each line of FILE is a name in single quotes and a command; the longest should come first. The ends
# of the logs of failed suites follow.
run_suites() {
    xargs -P "$(nproc)" -L 1 sh tests/one_suite.sh "$work" <"$1"
    while IFS= read -r entry <&3; do
        file=$work/$(echo "$entry" | cut -d "'" -f 2 | tr ' ,' '__')
        suite replay "$file.log" "$(cat "$file.status")"
    done 3<"$1"
}
replay() {  # output and exit status of a suite
    cat "$1"
    return "$2"
}

# Prints the last line of a script. Must be its last command, because it determines the exit status.
closing_line() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# The signals that stop a stage. Under nohup, SIGHUP is ignored by the tests and by all that they start.
stopping_signals() {
    if grep -q '^SigIgn:.*[13579bdf]$' /proc/self/status; then echo INT TERM; else echo INT TERM HUP; fi
}
