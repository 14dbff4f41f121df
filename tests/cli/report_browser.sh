#!/bin/sh
# Reports of tiny runs in a real browser, driven by mouse and keyboard. Without Chromium and python3 only a notice.
. tests/shell.sh
export PYTHONDONTWRITEBYTECODE=1
if ! command -v python3 >/dev/null; then
    echo "notice: no python3, so reports were not tested in a browser"
    passed=1
    closing_line
    exit
fi
python3 - <<'EOF'
import sys
sys.path.insert(0, "tests/python")
from browser import find_browser
sys.exit(0 if find_browser() else 77)
EOF
if [ $? -eq 77 ]; then
    echo "notice: no Chromium (make deps-browser installs it; CHROMIUM names another), so reports were not tested in a browser"
    passed=1
    closing_line
    exit
fi
python="$root/tests/python/check_report.py"
ASTRO_CASES="$work" "$root/$BUILD/astro_tests" --no-skip --test-case='cases: write the files' >"$work/made" 2>&1 || {
    cat "$work/made"
    exit 1
}
cd "$work" || exit 1
"$astro" data collect --env pointmaze-medium-v0 --type stitch --episodes 60 --seed 3 --out point.npz >/dev/null
short="--preset tiny --quiet --experiment.arms raw,augmented --augment.accept_threshold 50 --augment.plausibility 50 --planner.updates 60"
maze="$short --data point.npz --env pointmaze-medium-v0 --tdr.updates 400 --dynamics.updates 60 --gcbc.updates 40 --evaluate.episodes 2"
# shellcheck disable=SC2086
for seed in 0 1; do
    check "a run in a maze" "$astro" run --run "maze-$seed" $maze --seed $seed --data.arrival_steps 3
done
# shellcheck disable=SC2086
check "a run without positions" "$astro" run --run latents $short --data plain.npz --tdr.updates 300 --dynamics.updates 150 --gcbc.updates 20 \
    --one_step.updates 60 --selection.selector random --augment.chain random --data.arrival_steps 1 --augment.start_arrival 10
check "a report on two runs" "$astro" report maze-0 maze-1 --out several.html
suite python3 "$python" maze-0/report.html latents/report.html several.html
closing_line
