#!/bin/sh
# Checks the course (docs/course) without running it: extracts of code, numbers, figures, commands, exercises, and the
# page. The numbers are compared with the committed results; `make course` compares them with a new run.
. tests/shell.sh
course=docs/course
set -- $course/0[1-8]-*.md
check "there are eight chapters" [ $# -eq 8 ]
check "numbers of the text are those of the results" sh tests/course_numbers.sh $course/results/course.json "$@"

# Extracts: the lines of a block of code after a comment are consecutive lines of that file, indented in any way.
extracts() {
    awk -v name="$1" '
        function bare(line) { gsub(/^[ \t]+|[ \t]+$/, "", line); return line }
        function search(    i, j, line, source, rows) {
            rows = 0
            while ((getline line < file) > 0) source[++rows] = bare(line)
            close(file)
            for (i = 0; i + count <= rows; ++i) {
                for (j = 1; j <= count && source[i + j] == block[j]; ++j);
                if (j > count) return 1
            }
            return 0
        }
        /^<!-- extract: / { file = $3; next }
        /^```/ && !inside { inside = 1; count = 0; next }
        /^```/ {
            if (file != "") { print "extract"; if (!search()) print name ":" NR ": not in " file }
            else if (count > 0 && block[1] ~ /[;{]$/) print name ":" NR ": code without the name of its file"
            inside = 0; file = ""; next
        }
        inside { block[++count] = bare($0) }' "$1"
}
for chapter; do
    extracts "$chapter" >"$work/extracts"
    check "$chapter: extracts equal the source" sh -c "! grep -v '^extract' $work/extracts"
    check "$chapter: shows code" grep -q '^extract' "$work/extracts"
    check "$chapter: at most 120 lines" [ "$(wc -l <"$chapter")" -le 120 ]
    check "$chapter: cites equations of the method" grep -qE '\([0-9]+\.[0-9]+' "$chapter"
    check "$chapter: has two exercises, each with a checked answer" \
        [ "$(grep -c '^<summary>Answer</summary>' "$chapter")" -eq 2 ]
    awk '/^<summary>Answer/ { inside = 1; marked = 0 } inside && /[0-9]<!--/ { marked = 1 }
         /^<\/details>/ && inside { if (!marked) print "line " NR; inside = 0 }' "$chapter" >"$work/answers"
    check "$chapter: each answer has a number that is checked" [ ! -s "$work/answers" ]
    predict=$(grep -n '^\*\*Predict' "$chapter" | head -1 | cut -d: -f1)
    figure=$(grep -n '^!\[' "$chapter" | sed -n 's/:.*//p' | head -1)
    check "$chapter: asks for a prediction before a figure" [ "${predict:-999}" -lt "$(grep -n '^!\[' "$chapter" | tail -1 | cut -d: -f1)" ]
    check "$chapter: has a figure" [ -n "$figure" ]
    check "$chapter: says what could have refuted it" grep -q '^## What could have refuted this' "$chapter"
    check "$chapter: says which run made its figures" grep -qF '([results](results/course.json))' "$chapter"
    check "$chapter: is in the index" grep -qF "($(basename "$chapter"))" $course/README.md
done

# Figures: each is shown, and is well-formed. Tags are balanced, and nothing but elements and text occurs.
grep -ohE '\]\(figures/[^)]+\)' "$@" $course/README.md | sed 's/](//; s/)//' | sort -u >"$work/shown"
check "figures are shown" [ "$(wc -l <"$work/shown")" -ge 12 ]
while read -r figure; do check "$figure exists" [ -s "$course/$figure" ]; done <"$work/shown"
for file in $course/figures/*.svg; do
    check "$file is shown in a chapter" grep -qF "figures/$(basename "$file")" "$work/shown"
    check "$file is well-formed" sh tests/well_formed.sh "$file"
done

# The page: all chapters and figures, and nothing from elsewhere.
"$BUILD/examples/course" page $course $course "$work/course.html" >"$work/out" 2>&1
verdict "the page is made" $? "$work/out"
check "the page has all figures" [ "$(grep -c '<svg ' "$work/course.html")" -ge "$(wc -l <"$work/shown")" ]
check "the page has all chapters" [ "$(grep -c '<article ' "$work/course.html")" -eq 9 ]
check "the page loads nothing" sh -c "! grep -nE '(src|href)=\"(https?:)?//|@import|<script|<link' $work/course.html | grep -v '<a href'"
check "no Markdown is left in the page" sh -c "! sed 's/<pre>.*//; s/<code>[^<]*<.code>//g' $work/course.html | grep -nE '\]\(|^\||\*\*|^#'"
check "the page is well-formed" sh tests/well_formed.sh "$work/course.html"

# Commands, with a small run in the place of runs/course.
mkdir "$work/place" "$work/place/build" && cd "$work/place" || exit 1
ln -s "$root/configs" configs
ln -s "$root/docs" docs
ln -s "$astro" build/astro
ln -s "$root/$BUILD/examples" build/examples
small="--preset tiny --collect.episodes 60 --tdr.updates 100 --dynamics.updates 20 --planner.updates 20 --gcbc.updates 20 --value.updates 4
    --evaluate.episodes 1 --augment.accept_threshold 1000 --augment.plausibility 1000 --selection.selector random --augment.chain random
    --augment.start_arrival 5 --augment.ratio .1 --graph.landmarks 50 --quiet"
# shellcheck disable=SC2086
"$astro" run --config configs/course.ini --run runs/course $small >"$work/out" 2>&1
verdict "a small run of the course" $? "$work/out"
for chapter in README.md "$@"; do
    sed -n 's/^    \(build\/.*astro .*\|build\/examples\/.*\)$/\1/p' "$root/$course/$(basename "$chapter")"
done | sed 's/ #.*//; s/  *$//' | sort -u >commands
check "the course shows commands" [ "$(wc -l <commands)" -ge 8 ]
while read -r command; do
    case "$command" in
        "build/astro run "*"--run runs/course") more="--resume $small" ;;
        "build/astro run "*) more="--stop-after 1 --quiet --preset tiny --collect.episodes 60" ;;
        *) more="" ;;
    esac
    rm -rf runs/medium
    case "$command" in *"astro report "*) cp -r runs/course runs/medium ;; esac
    # shellcheck disable=SC2086
    $command $more >"$work/out" 2>&1
    code=$?
    # 0: completed; 130: stopped after the first update; 3: data verify finds violations.
    [ "$code" -eq 0 ] || [ "$code" -eq 130 ] || { [ "$code" -eq 3 ] && [ "${command#*data verify}" != "$command" ]; }
    verdict "exit $code of: $command" $? "$work/out"
done <commands
closing_line
