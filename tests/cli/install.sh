#!/bin/sh
# The man page, completion in bash and zsh, and installation into a folder.
. tests/shell.sh

make -s CUDA=0 BUILD="$BUILD" -o "$BUILD/astro" install DESTDIR="$work/root" PREFIX=/usr >"$work/out" 2>&1
verdict "make install" $? "$work/out"
share=$work/root/usr/share
for file in man/man1/astro.1 bash-completion/completions/astro zsh/site-functions/_astro doc/astro/README.md astro/configs/demo.ini; do
    check "$file is installed" [ -s "$share/$file" ]
done
check "the installed program works" "$work/root/usr/bin/astro" version

page=$share/man/man1/astro.1
check "the man page has every command" sh -c "'$astro' help | grep -oE '^  [a-z]+( [a-z]+)?  ' | sed 's/ *\$//; s/^ *//' |
    while read -r command; do grep -q \"^.SS astro \$command\" '$page' || { echo \"\$command\"; exit 1; }; done"
check "and every option and setting of docs/cli.md" [ "$(grep -c '^\.TP' "$page")" -eq "$(grep -c '^- `' docs/cli.md)" ]
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww -z "$page" >"$work/groff" 2>&1
    check "groff finds no fault in it" [ ! -s "$work/groff" ]
fi

# completes SCRIPT WORDS...: the suggestions for the last word.
if command -v bash >/dev/null; then
    completes() {
        bash -c '. "$0"; COMP_WORDS=(astro "$@"); COMP_CWORD=$#; _astro; echo "${COMPREPLY[*]}"' \
            "$share/bash-completion/completions/astro" "$@"
    }
    check "commands are completed" [ "$(completes rep)" = report ]
    check "of two words, too" [ "$(completes train p)" = "planner policy" ]
    check "options are completed" [ "$(completes train tdr --tdr.exp)" = --tdr.expectile ]
    check "those of the command itself" [ "$(completes act --pol)" = --policy ]
    check "but not those of other commands" [ -z "$(completes train tdr --gcbc.)" ]
    check "words that an option takes are completed" [ "$(completes run --policy.learner td)" = td3bc ]
    check "other arguments are names of files" [ -z "$(completes data inspect '')" ]
fi
if command -v zsh >/dev/null; then
    check "zsh accepts the script" zsh -n "$share/zsh/site-functions/_astro"
fi
closing_line
