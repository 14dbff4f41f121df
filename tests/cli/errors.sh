#!/bin/sh
# Invalid input gives one line and exit code 1, 2 or 3. No incomplete file is written.
. tests/shell.sh
fixtures=$root/tests/fixtures/npz
cd "$work" || exit 1

"$astro" data collect --env pointmaze-medium-v0 --episodes 20 --out d.npz >/dev/null || exit 1
refused 2 "did you mean 'augment'" "$astro" augmnt
refused 2 "--episodes" "$astro" data collect --episods 3 --out x.npz
# An existing data set is not overwritten. This is known before anything is generated.
cp d.npz moved-val.npz && mkdir kept && cp d*.npz kept
for seed in 0 1; do
    refused 2 "--out d.npz: d.npz and d-val.npz would be overwritten" timeout 20 "$astro" data collect --episodes 1000000 --seed $seed --out d.npz
done
refused 2 "--out moved.npz: moved-val.npz would be overwritten" timeout 20 "$astro" data collect --episodes 1000000 --out moved.npz
check "the files remain" sh -c "cmp d.npz kept/d.npz && cmp d-val.npz kept/d-val.npz && cmp moved-val.npz kept/d.npz && [ ! -e moved.npz ]"
refused 2 "pointmaze-medium-v0" "$astro" data collect --env pointmaze-huge-v0 --out x.npz
refused 2 "12abc" "$astro" data collect --episodes 12abc --out x.npz
refused 2 "expected FILE" "$astro" data inspect
refused 2 "run" "$astro" train tdr --data d.npz
refused 1 "no-such.npz" "$astro" data verify no-such.npz --env pointmaze-medium-v0
refused 2 "hint" "$astro" data verify d.npz
refused 2 "antmaze" "$astro" data verify d.npz --env antmaze-large-v0
refused 1 "no-such.npz" "$astro" train tdr --data no-such.npz --run r
head -c 3000 d.npz >truncated.npz
refused 3 "truncated.npz" "$astro" train tdr --data truncated.npz --run r1
printf 'hello' >text.npz
refused 3 "text.npz" "$astro" data verify text.npz --env pointmaze-medium-v0
# Other formats, also by a name without a folder.
printf '\211HDF\r\n\032\n' >mine.hdf5
printf 'PAR1' >mine.parquet
printf 'x,y,u,v\n1,2,3,4\n' >mine.csv
for command in "data inspect" "train tdr --run r1 --data"; do
    # shellcheck disable=SC2086
    refused 3 "an HDF5 file, expected .npz; hint: examples/convert/d4rl.py" "$astro" $command mine.hdf5
    # shellcheck disable=SC2086
    refused 3 "a Parquet file, expected .npz; hint: examples/convert/lerobot.py" "$astro" $command mine.parquet
    # shellcheck disable=SC2086
    refused 3 "a text file, expected .npz; hint: " "$astro" $command mine.csv
done
refused 1 "no file other.hdf5" "$astro" train tdr --data other.hdf5 --run r1
# Three bytes are changed in the middle of the compressed observations.
cp d.npz flipped.npz
printf '\377\377\377' | dd of=flipped.npz bs=1 seek=2000 conv=notrunc 2>/dev/null
refused 3 "flipped.npz" "$astro" data verify flipped.npz --env pointmaze-medium-v0
refused 3 "observations" "$astro" data verify "$fixtures/odd_dtypes.npz" --env pointmaze-medium-v0
# States with three columns do not fit a maze. Every command that reads them rejects the file in one line.
three=$fixtures/three_columns.npz
for command in "data verify $three" "train tdr --preset tiny --data $three --run r4" "train policy --preset tiny --data $three --run r5" \
    "evaluate --preset tiny --data $three --run r6"; do
    # shellcheck disable=SC2086
    refused 3 "have 3 and 2 columns, those of pointmaze-medium-v0 have 2 and 2" "$astro" $command --env pointmaze-medium-v0
done
refused 3 "expected 2 and 2 as in the data" "$astro" train policy --preset tiny --data d.npz --arm augmented --augmented "$three" --run r7
refused 2 "use iql, td3bc or cql" "$astro" train policy --data d.npz --policy.protocol single-task --run r8
refused 2 "use iql, td3bc or cql" "$astro" run --data d.npz --experiment.learners iql,gcbc --policy.protocol single-task --run r9
refused 2 "not trained" "$astro" train dynamics --data d.npz --run r2
refused 2 "not trained" "$astro" augment --data d.npz --run r3
refused 1 "/proc" "$astro" train tdr --data d.npz --run /proc/astro
refused 1 "/proc" "$astro" data collect --episodes 2 --out /proc/x.npz
mkdir foreign && touch foreign/file
refused 2 "foreign" "$astro" train tdr --data d.npz --run foreign
# Policies that learn one task need an environment with rewards. That is known before anything is trained.
cp d.npz own.npz
for command in "run --experiment.learners iql" "train policy --policy.learner iql"; do
    # shellcheck disable=SC2086
    refused 2 "single-task policies learn from the rewards of an environment" "$astro" $command --preset tiny --data own.npz \
        --policy.protocol single-task --run early
done
# Settings that do not fit data which are about to be generated.
generated() {  # "words" STATUS OPTION...
    words=$1
    code=$2
    shift 2
    refused "$code" "$words" timeout 100 "$astro" run --preset tiny --run early "$@"
    check "nothing is generated for $*" [ ! -e early ]
}
generated "the longest episode has 201 rows, a planner's window 3" 3 --planner.gap 300
generated "the longest episode has 201 rows, a planner's window" 3 --planner.gap 300 --collect.env pointmaze-large-v0
generated "the longest episode has 151 rows, a planner's window" 3 --planner.gap 200 --collect.env maze2d-umaze-v1 --collect.episode_rows 151
generated "--augment.start_arrival 50" 3 --augment.start_arrival 300
generated "there is no task 9 in pointmaze-" 2 --evaluate.tasks 9
generated "metrics.position names column 5" 2 --metrics.position 0,5
generated "a single episode cannot be stitched" 2 --collect.episodes 1
generated "20 transitions, too few to learn from" 2 --collect.episode_rows 11 --collect.episodes 2 --planner.gap 1 --planner.context 2
generated "unknown type of data 'walk'" 2 --collect.type walk
# Data in a run folder are not used for other settings.
"$astro" run --preset tiny --collect.episodes 5 --stop-after 1 --quiet --run generated >/dev/null 2>&1
refused 2 "other settings of [collect]" "$astro" run --preset tiny --collect.episodes 6 --stop-after 1 --quiet --run generated --resume
# Training of a policy is not resumed with another spliced file.
"$astro" train policy --preset tiny --data d.npz --arm augmented --augmented d.npz --gcbc.updates 2 --evaluate.episodes 1 --quiet --run policy >/dev/null 2>&1
refused 2 "other settings or data" "$astro" train policy --preset tiny --data d.npz --arm augmented --augmented d-val.npz --gcbc.updates 2 \
    --evaluate.episodes 1 --quiet --run policy --resume
# A file-size limit of 8 blocks simulates a full disk.
refused 1 "full.npz" sh -c "ulimit -f 8; trap '' XFSZ; exec $astro data collect --episodes 50 --out full.npz"
check "no temporary file is left" sh -c "! ls -A | grep partial"
check "full.npz is not left" [ ! -e full.npz ]
# Data of one maze do not agree with another maze.
"$astro" data verify d.npz --env pointmaze-large-v0 >out 2>err
check "data of the medium maze do not agree with the large one" [ $? -eq 3 ]

closing_line
