#!/bin/sh
# sh tests/well_formed.sh FILE: succeeds if the tags of an SVG or HTML file are balanced, attributes are quoted, and no
# character is left unescaped. Prints the first problem.
tr '\n' ' ' <"$1" | sed 's/<!DOCTYPE html>//; s/<style>[^<]*<\/style>//; s/<meta [^>]*>//g; s/</\n</g' | awk '
    function bad(what) { print what ": " substr($0, 1, 100); failed = 1; exit 1 }
    NR == 1 { if ($0 !~ /^ *$/) bad("text before the first tag"); next }
    {
        if (!match($0, /^<[^>]*>/)) bad("a tag does not end")
        tag = substr($0, 2, RLENGTH - 2); text = substr($0, RLENGTH + 1)
        if (text ~ />/ && text !~ /&gt;/) bad("an unescaped >")
        gsub(/&(lt|gt|amp|quot|#[0-9]+);/, "", text)
        if (text ~ /&/) bad("an unescaped &")
        name = tag; sub(/^\//, "", name); sub(/[ \/].*/, "", name)
        if (name !~ /^[A-Za-z][A-Za-z0-9]*$/) bad("no name of a tag")
        attributes = tag; sub(/^[^ ]*/, "", attributes); gsub(/ [A-Za-z0-9:-]+="[^"<]*"/, "", attributes)
        if (tag !~ /^\// && attributes !~ /^ *\/?$/) bad("an attribute is not quoted")
        if (tag ~ /^\//) { if (depth == 0 || open[depth] != name) bad("</" name "> closes nothing"); --depth }
        else if (tag !~ /\/$/) open[++depth] = name
    }
    END { if (!failed && depth > 0) { print "<" open[depth] "> is not closed"; exit 1 } exit failed }'
