#!/bin/sh
# sh tests/course_numbers.sh RESULTS.json CHAPTER.md...
# Compares the numbers in the chapters of the course with results. A number before a comment is marked:
#     12.5<!--1/success_percent-->    the value of this key, rounded to as many decimals as the text has
#     69.0<!--= log(.5) / log(.99)--> the value of this expression of awk
# Prints one line for each number that differs, for each unknown key, and for each number with a decimal point or a
# percent sign that is not marked. The exit status is 1 if there is a line.
results=$1
shift
# Without comments; code, addresses of links, and the numbers of equations, sections and dates are no results.
unmarked() {
    awk -v name="$1" '
        /^```/ { code = !code; next }
        code || /^    / { next }
        {
            gsub(/[-−]?[0-9.,]+<!--[^>]*-->( *%)?/, " "); gsub(/<!--[^>]*-->/, ""); gsub(/`[^`]*`/, "")
            gsub(/\]\([^)]*\)/, ""); gsub(/\([0-9]+\.[0-9]+(,? (and |to )?[0-9]+\.[0-9]+)*\)/, "")
            gsub(/[Ss]ections? [0-9]+\.[0-9]+((,| and| to) [0-9]+\.[0-9]+)*/, "")
            if (match($0, /[0-9]*\.[0-9]+|[0-9]+ %/))
                print name ":" NR ": " substr($0, RSTART, RLENGTH) " is not marked with its key"
        }' "$1"
}
marked() {
    awk -v name="$1" -v results="$results" '
        function plain(text) {
            gsub(/,/, "", text); sub(/^−/, "-", text); sub(/^-0*\./, "-.", text); sub(/^0*\./, ".", text)
            return text
        }
        BEGIN {
            while ((getline line < results) > 0)
                if (match(line, /"[^"]+": /)) {
                    key = substr(line, RSTART + 1, RLENGTH - 4)
                    value = substr(line, RSTART + RLENGTH); sub(/,$/, "", value)
                    known[key] = value
                }
        }
        {
            rest = $0
            while (match(rest, /[-−]?[0-9][0-9.,]*<!--[^>]*-->|[-−]?\.[0-9]+<!--[^>]*-->/)) {
                mark = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
                text = mark; sub(/<!--.*/, "", text)
                key = mark; sub(/^[^<]*<!-- */, "", key); sub(/ *-->$/, "", key)
                if (key ~ /^=/) {
                    command = "awk \"BEGIN { printf \\\"%.12g\\\", " substr(key, 2) " }\""
                    value = ""; command | getline value; close(command)
                } else if (key in known) value = known[key]
                else { print name ":" NR ": there is no " key; continue }
                digits = index(text, ".") ? length(text) - index(text, ".") : 0
                if (value !~ /^-?[0-9.]/ || plain(sprintf("%." digits "f", value)) != plain(text))
                    print name ":" NR ": " text ", but " key " is " value
            }
        }' "$1"
}
found=$(for chapter; do marked "$chapter"; unmarked "$chapter"; done)
[ -z "$found" ] && exit 0
printf '%s\n' "$found"
exit 1
