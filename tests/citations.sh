#!/bin/sh
# Checks that everything cited exists: documents, sections and equations named in comments and documents; relative links
# in documents, their anchors, and the names of code in them. Prints one line per finding.
sources="--include=*.h --include=*.cpp --include=*.inl --include=*.cu --include=*.cuh --include=*.sh --include=*.py"
folders="tensor nn diffusion data astro apps tests examples bench"
# Citations of notes that are not in the repository.
grep -rnE '(method|environments) notes|notes [A-D][0-9]' $sources $folders | grep -v '^tests/citations.sh:'
# Paths of documents, and of other files named in comments. A comment may name several files at once (X.*, X_*.inl).
grep -rnoE '(^|[^A-Za-z0-9_/])docs/[a-z-]+\.md' $sources $folders | while IFS= read -r hit; do
    document=$(printf '%s' "$hit" | sed 's/.*\(docs\/[a-z-]*\.md\)$/\1/')
    [ -e "$document" ] || echo "$hit: no such document"
done
grep -rnE '(//|#) ' $sources $folders | grep -vE ':[0-9]+: *# *include' |
    grep -oE "^[^:]*:[0-9]+:|(^|[^A-Za-z0-9_/.-])(docs|examples|configs|$(echo $folders | tr ' ' '|'))/[A-Za-z0-9_/*-]+\.[a-z*]+" |
    while IFS= read -r hit; do
        case $hit in *:[0-9]*:) place=$hit; continue ;; esac
        path=$(printf '%s' "$hit" | sed 's/^[^A-Za-z]//')
        # shellcheck disable=SC2086
        ls $path >/dev/null 2>&1 || echo "$place $path: no such file"
    done
# Sections and equations of the method: docs/method.md 8.3, a heading "## 8" or "### 8.3"; (8.3), a \tag{8.3}. A
# citation may be wrapped, so lines are joined first: of a comment, of a string, of a docstring, of a paragraph.
sections=$(sed -nE 's/^#+ ([0-9]+(\.[0-9]+)?)[. ].*/\1/p' docs/method.md | tr '\n' ' ')
equations=$(grep -oE '\\tag\{[0-9.]+\}' docs/method.md | tr -dc '0-9.\n' | tr '\n' ' ')
find_wrong_numbers() {
    awk -v sections=" $sections" -v equations=" $equations" '
        function find(rest, pattern, kind, known, numbers, number) {
            while (match(rest, pattern)) {
                numbers = substr(rest, RSTART, RLENGTH)
                rest = substr(rest, RSTART + RLENGTH)
                while (match(numbers, /[0-9]+(\.[0-9]+)?/)) {
                    number = substr(numbers, RSTART, RLENGTH)
                    numbers = substr(numbers, RSTART + RLENGTH)
                    if (index(known, " " number " ") == 0) print place ": no " kind " " number
                }
            }
        }
        function flush() {
            find(text, (document ? "[Ss]ections? " : "docs/method\\.md ") list, "section", sections)
            if (!document || place ~ /^docs\/(method|course)/)
                find(text, "(^|[^A-Za-z0-9_>])\\([1-9][0-9]*\\.[0-9]+\\)", "equation", equations)
            text = ""
        }
        BEGIN { list = "[0-9]+(\\.[0-9]+)?((, | and | to )[0-9]+(\\.[0-9]+)?)*" }
        FNR == 1 {
            flush()
            document = FILENAME ~ /\.md$/
            mark = FILENAME ~ /\.(py|sh)$/ ? "^[ \t]*#+ ?" : "^[ \t]*//+ ?"
            docstring = 0
        }
        {
            line = $0
            if (document || docstring) joined = line != "" && text != ""
            else if (line ~ mark) { sub(mark, "", line); joined = text != "" }
            else if (joined = (line ~ /^[ \t]*"/ && text ~ /"$/)) { sub(/"$/, "", text); sub(/^[ \t]*"/, "", line) }
            if (joined) sub(/^[ \t]+/, "", line)
            else { flush(); place = FILENAME ":" FNR }
            text = joined ? text (text ~ / $/ ? "" : " ") line : line
            if (FILENAME ~ /\.py$/ && gsub(/"""/, "", line) == 1) docstring = !docstring
        }
        END { flush() }' "$@"
}
find_wrong_numbers $(grep -rlE 'docs/method\.md|\([1-9][0-9]*\.[0-9]+\)' $sources $folders) docs/*.md docs/course/*.md
# Names of code in links of documents, [`in_batch_loss`](../astro/temporal_distance.cpp): the file names each part.
for document in docs/*.md docs/course/*.md; do
    tr '\n' ' ' <"$document" | grep -oE '\[`[A-Za-z_]+(::[A-Za-z_]+)*`\]\([^)#: &]+\)' | sort -u | while IFS= read -r link; do
        file=$(dirname "$document")/$(printf '%s' "$link" | sed 's/.*(//; s/)//')
        [ -f "$file" ] || continue
        for name in $(printf '%s' "$link" | sed 's/`\].*//; s/^\[`//; s/::/ /g'); do
            grep -qw -- "$name" "$file" || echo "$document: $link, but the file does not contain $name"
        done
    done
done
# Relative links of documents, [words](path#anchor) or [words]: path#anchor. An anchor is a heading in small letters,
# without punctuation and with hyphens for spaces.
for document in README.md CONTRIBUTING.md docs/*.md docs/course/*.md; do
    folder=$(dirname "$document")
    {
        grep -oE '\]\([^): &]+\)' "$document" | sed 's/^](//; s/)$//'
        sed -nE 's/^\[[^]]+\]: ([^: &]+)$/\1/p' "$document"
    } | sort -u | while IFS= read -r link; do
        file=$folder/${link%%#*}
        [ -n "${link%%#*}" ] || file=$document
        if [ ! -e "$file" ]; then
            echo "$document: link to $link, which does not exist"
            continue
        fi
        case $link in *"#"*) ;; *) continue ;; esac
        sed -nE 's/^#+ //p' "$file" | tr 'A-Z ' 'a-z-' | tr -d "\`.,:;=()'/+?!" | grep -qxF -- "${link#*#}" ||
            echo "$document: link to $link, but there is no such heading"
    done
done
