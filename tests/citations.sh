#!/bin/sh
# Checks that everything cited exists: documents and sections named in comments; relative links in documents and the
# names of code in them. Prints one line per finding.
sources="--include=*.h --include=*.cpp --include=*.inl --include=*.cu --include=*.cuh --include=*.sh --include=*.py"
folders="tensor nn diffusion data astro apps tests examples bench"
# Citations of notes that are not in the repository.
grep -rnE '(method|environments) notes|notes [A-D][0-9]' $sources $folders | grep -v '^tests/citations.sh:'
# Paths of documents.
grep -rnoE '(^|[^A-Za-z0-9_/])docs/[a-z-]+\.md' $sources $folders | while IFS= read -r hit; do
    document=$(printf '%s' "$hit" | sed 's/.*\(docs\/[a-z-]*\.md\)$/\1/')
    [ -e "$document" ] || echo "$hit: no such document"
done
# Sections of the method: docs/method.md 8.3, a heading "## 8" or "### 8.3".
grep -rnoE 'docs/method\.md [0-9]+(\.[0-9]+)?(, [0-9]+(\.[0-9]+)?)*' $sources $folders | while IFS= read -r hit; do
    for section in $(printf '%s' "$hit" | sed 's/.*method\.md //; s/,//g'); do
        grep -qE "^#+ $section[. ]" docs/method.md || echo "$hit: no section $section"
    done
done
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
# Relative links of documents.
for document in README.md CONTRIBUTING.md docs/*.md docs/course/*.md; do
    folder=$(dirname "$document")
    grep -oE '\]\([^)#: &]+(#[^)]*)?\)' "$document" | sed 's/^](//; s/)$//; s/#.*//' | sort -u | while IFS= read -r link; do
        [ -z "$link" ] || [ -e "$folder/$link" ] || echo "$document: link to $link, which does not exist"
    done
done
