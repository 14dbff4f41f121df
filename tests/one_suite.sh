# One suite of several at a time, for run_suites in tests/shell.sh: folder, name, command... Writes the output to
# FOLDER/NAME.log and the exit status to FOLDER/NAME.status, and prints the closing line and the seconds.
name=$2
file=$1/$(echo "$name" | tr ' ,' '__')
begun=$(date +%s)
shift 2
"$@" >"$file.log" 2>&1
echo "$?" >"$file.status"
echo "== $name: $(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$file.log" | tail -n 1) ($(($(date +%s) - begun)) s)"
exit 0
