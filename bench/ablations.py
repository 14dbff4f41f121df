"""What each component of the method is worth, and how it compares with rivals: paired runs on small data sets.

For each seed, a base run generates data and trains everything. Each variant removes or replaces one component. It
reuses the base run's data and the checkpoints of the stages that the component does not change, so a difference
between a variant and the base of the same seed is due to the component. An interrupted run continues with the same
command. Needs only Python's standard library.

    python3 bench/ablations.py --bed point --seeds 1,2,3 --folder runs/ablations
    python3 bench/ablations.py --bed point --folder runs/ablations --tables      # only print the tables

More seeds of some variants, without a comparison of policies:

    python3 bench/ablations.py --bed point --seeds 4,5,6 --stitching --folder runs/ablations \
        --variants no-guidance,no-guidance-no-feedback,no-guidance-no-joint

The ant needs data made by OGBench's generator, one folder per seed, and `make deps-ogbench`. Its runs stitch and judge
bridges, but train no policies:

    python3 bench/ablations.py --bed ant --data DIR/{seed}/antmaze-medium-stitch-v0.npz --folder runs/ablations
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time

# Runs that compare data sets: name, policies, arms, options. "+subgoals" rows are search at test time with the policy
# of the same arm.
LATENTS = ["--policy.latents", "--policy.synthetic_share", ".5"]
COMPARISONS = [
    ("base", "states as inputs; all rows of an augmented data set are its own",
     "raw,duplicate,relabel,augmented,augmented_relabel,straight,swap", []),
    ("latents", "states and latents as inputs; half of each batch is recorded (as in configs/antmaze.ini)",
     "raw,relabel,augmented,augmented_relabel,straight", LATENTS),
    ("learners", "value learners: states as inputs; all rows of an augmented data set are its own", "raw,augmented",
     ["--experiment.learners", "iql,td3bc,gcivl,hiql", "--evaluate.subgoals", "0"]),
    ("cql", "CQL, likewise", "raw,augmented", ["--experiment.learners", "cql", "--evaluate.subgoals", "0"]),
]

# Each variant: name, what is changed, options, stages whose checkpoints of the base run are kept.
TDR, DYNAMICS, PLANNER = "tdr", "dynamics", "planner"
UNGUIDED = ["--sampling.final_guidance_steps", "0"]
VARIANTS = [
    ("no-feedback", "planner without the rollout deviation", ["--no-planner.feedback"], [TDR, DYNAMICS]),
    ("no-joint", "planner without the joint loss", ["--planner.joint_weight", "0"], [TDR, DYNAMICS]),
    ("untrained-planner", "an untrained planner: guidance alone", ["--planner.updates", "0"], [TDR, DYNAMICS]),
    ("no-guidance", "no guidance after denoising", UNGUIDED, [TDR, DYNAMICS, PLANNER]),
    ("recurrent", "a recurrent one-step network instead of the dynamics transformer", ["--dynamics.form", "recurrent"],
     [TDR]),
    ("euclid", "Euclid's distance over all columns instead of the TDR", ["--selection.distance", "euclid"],
     [TDR, DYNAMICS, PLANNER]),
    ("no-acceptance", "every bridge is accepted",
     ["--augment.accept_threshold", "1000000", "--augment.plausibility", "1000000"], [TDR, DYNAMICS, PLANNER]),
    ("no-guidance-no-feedback", "neither guidance nor rollout deviation", UNGUIDED + ["--no-planner.feedback"],
     [TDR, DYNAMICS]),
    ("no-guidance-no-joint", "neither guidance nor joint loss", UNGUIDED + ["--planner.joint_weight", "0"],
     [TDR, DYNAMICS]),
    ("random-chains", "random chains", ["--augment.chain", "random"], [TDR, DYNAMICS, PLANNER]),
    ("random-targets", "random targets", ["--selection.selector", "random"], [TDR, DYNAMICS, PLANNER]),
    ("euclid-position", "Euclid's distance over positions instead of the TDR",
     ["--selection.distance", "euclid-position"], [TDR, DYNAMICS, PLANNER]),
    ("no-guidance-neither", "no guidance, rollout deviation or joint loss",
     UNGUIDED + ["--no-planner.feedback", "--planner.joint_weight", "0"], [TDR, DYNAMICS]),
]
# Variants of the ant. In its base run, plans start from the source's own actions and are moved by guidance alone, and
# the dynamics model is recurrent. The transformer is trained for the same time.
FROM_NOISE = ["--planner.updates", "1500", "--sampling.start_level", "1"]
LONGER = ["--augment.targets_per_cut", "1", "--sampling.final_guidance_steps", "120", "--augment.seam", "snap"]
ANT_VARIANTS = [
    ("no-guidance", "the source's own actions, not moved", UNGUIDED, [TDR, DYNAMICS, PLANNER]),
    ("one-target", "one target per cut instead of eight", ["--augment.targets_per_cut", "1"],
     [TDR, DYNAMICS, PLANNER]),
    ("longer", "one target per cut, 120 guidance steps instead of 40, snapped seams", LONGER, [TDR, DYNAMICS, PLANNER]),
    ("ensemble", "the same with three dynamics networks, whose mean deviation guidance reduces",
     LONGER + ["--dynamics.ensemble", "3", "--sampling.guidance_ensemble"], [TDR]),
    ("ensemble-first", "the same three networks, of which guidance reads the first alone",
     LONGER + ["--dynamics.ensemble", "3"], [TDR]),
    ("any-target", "targets in random order, not the nearest first", ["--selection.order", "random"],
     [TDR, DYNAMICS, PLANNER]),
    ("euclid", "Euclid's distance over all columns instead of the TDR", ["--selection.distance", "euclid"],
     [TDR, DYNAMICS, PLANNER]),
    ("untrained-planner", "plans from noise: an untrained planner", ["--sampling.start_level", "1"],
     [TDR, DYNAMICS, PLANNER]),
    ("planner", "plans from noise: a trained planner", FROM_NOISE, [TDR, DYNAMICS]),
    ("no-feedback", "the same without the rollout deviation", FROM_NOISE + ["--no-planner.feedback"], [TDR, DYNAMICS]),
    ("no-joint", "the same without the joint loss", FROM_NOISE + ["--planner.joint_weight", "0"], [TDR, DYNAMICS]),
    ("transformer", "a dynamics transformer instead of the recurrent network",
     ["--dynamics.form", "transformer", "--dynamics.layers", "3", "--dynamics.width", "128", "--dynamics.updates",
      "800"], [TDR]),
]

WITHOUT_GUIDANCE = {name: "no-guidance" for name in ("no-guidance-no-feedback", "no-guidance-no-joint",
                                                     "no-guidance-neither")}
OGBENCH = "exec:build/ogbench-venv/bin/python examples/ogbench/environment.py antmaze-medium-v0"
# What differs between the beds: options of all runs, variants, those that are compared with another one, not with the
# base, and whether policies are trained and evaluated.
BEDS = {
    "point": {"options": [], "variants": VARIANTS, "compared_with": WITHOUT_GUIDANCE, "policies": True},
    "maze2d": {"options": [], "variants": VARIANTS, "compared_with": WITHOUT_GUIDANCE, "policies": True},
    "ant": {"options": ["--env", OGBENCH], "variants": ANT_VARIANTS,
            "compared_with": {"no-feedback": "planner", "no-joint": "planner", "ensemble": "longer",
                              "ensemble-first": "longer"},
            "policies": False},
}

# Options of --stitching: a policy of one update, whose success is not reported.
STITCHING = ["--gcbc.updates", "1", "--evaluate.episodes", "1", "--evaluate.subgoals", "0"]

# Key in results.json, heading, factor, digits.
FIGURES = [
    ("yield", "accepted, %", 100, 1),
    ("validation_arrival_error_median", "arrival error, held-out windows", 1, 2),
    ("true_arrival_error_median", "true arrival error, median", 1, 2),
    ("dvr_bridge_snap_before_acceptance_0.5", "violating, all, %", 100, 1),
    ("dvr_bridge_0.5", "stored, %", 100, 1),
    ("dvr_bridge_snap_0.5", "stored, snapped, %", 100, 1),
    ("success/augmented/gcbc/last", "success, %", 100, 0),
    ("success/augmented/gcbc/steps", "steps", 1, 0),
]
ARM_FIGURES = [("last", "success, %", 100, 0), ("steps", "steps", 1, 0)]

# Two-sided 95 % points of Student's t by degrees of freedom.
STUDENT = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def results_of(folder):
    path, done = os.path.join(folder, "results.json"), os.path.join(folder, "done")
    if not os.path.exists(done) or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    with open(done, encoding="utf-8") as file:
        if "stitching only" in file.read():
            results = {key: value for key, value in results.items() if not key.startswith("success/")}
    return results


def has_policies(results):
    return any(key.startswith("success/") for key in results)


def commands(bed, seed, arms):
    """The commands of one run: the whole pipeline, or all but policies."""
    if bed["policies"]:
        return [["run", "--collect.seed", str(seed), "--experiment.arms", arms]]
    return [["train", stage] for stage in (TDR, DYNAMICS, PLANNER)] + [["augment"]]


def settings_file(path, options):
    """Writes options as a settings file, which every command accepts: "--a.b 1" is "b = 1" in section [a], "--a.b"
    alone "b = true", and "--no-a.b" is "b = false"."""
    with open(path, "w", encoding="utf-8") as file:
        for option, following in zip(options, options[1:] + ["--"]):
            if not option.startswith("--"):
                continue  # the value of the option before
            negated = option.startswith("--no-")
            section, key = option.removeprefix("--no-").removeprefix("--").split(".")
            value = "false" if negated else "true" if following.startswith("--") else following
            file.write(f"[{section}]\n{key} = {value}\n")
    return path


def run(arguments, config, folder, seed, data, arms, options, kept_from=None, kept=()):
    """Runs one experiment to its end, unless it is done. The file `done` marks a finished folder."""
    bed = BEDS[arguments.bed]
    if (results := results_of(folder)) is not None:
        if bed["policies"] and not arguments.stitching and not has_policies(results):
            sys.exit(f"ablations: {folder} was made with --stitching, without policies; choose another --folder")
        return
    if kept_from and not os.path.exists(folder):
        os.makedirs(folder)
        shutil.copy(os.path.join(kept_from, "manifest.json"), folder)  # marks a run folder
        for stage in kept:
            source = os.path.join(kept_from, "checkpoints", stage)
            shutil.copytree(source, os.path.join(folder, "checkpoints", stage))
    common = ["--config", config, "--run", folder, "--seed", str(seed), "--threads", str(arguments.threads),
              "--resume", "--quiet"] + (["--data", data] if data else [])
    started = time.time()
    if arguments.stitching:
        options = options + STITCHING
    if not bed["policies"]:
        options = ["--config", settings_file(folder + ".ini", options)]
    for command in commands(bed, seed, arms):
        line = [arguments.astro] + command + common + bed["options"] + options
        with open(folder + ".log", "a", encoding="utf-8") as log:
            status = subprocess.call(line, stdout=log, stderr=log)
        if status:
            sys.exit(f"ablations: exit code {status} of {' '.join(line)}; see {folder}.log")
    with open(os.path.join(folder, "done"), "w", encoding="utf-8") as file:
        file.write(f"{time.time() - started:.1f}\n" + ("stitching only\n" if arguments.stitching else ""))


def data_of(arguments, seed, folder):
    """The file of a seed: the given one, or the one that its base run generated."""
    if arguments.data:
        return arguments.data.replace("{seed}", str(seed))
    generated = os.path.join(folder, "data")
    files = sorted(name for name in os.listdir(generated) if name.endswith(".npz") and not name.endswith("-val.npz"))
    return os.path.join(generated, files[0])


def summary(values, factor, digits):
    """Mean and range of the values of the seeds."""
    values = [v * factor for v in values]
    if not values:
        return ""
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def difference(pairs, factor, digits):
    """Mean of the paired differences and half the width of its 95 % interval (Student's t)."""
    d = [(variant - base) * factor for base, variant in pairs]
    if len(d) < 2:
        return f"{d[0]:+.{digits}f}" if d else ""
    mean = sum(d) / len(d)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in d) / (len(d) - 1))
    return f"{mean:+.{digits}f} ± {STUDENT[len(d) - 1] * deviation / math.sqrt(len(d)):.{digits}f}"


def print_arms(what, runs, arms):
    """Success and steps of the policies of each arm."""
    print(f"\nPolicies: {what}; {len(runs)} seeds.\n")
    print("| policy trained on | " + " | ".join(h for _, h, _, _ in ARM_FIGURES) + " |")
    print("|---|" + "--:|" * len(ARM_FIGURES))
    learners = sorted({key.split("/")[2] for r in runs for key in r if key.startswith("success/")})
    for learner in learners:
        for arm in arms.split(","):
            for name in (arm, arm + "+subgoals"):
                keys = [(f"success/{name}/{learner}/{key}", factor, digits) for key, _, factor, digits in ARM_FIGURES]
                cells = [summary([r[k] for r in runs if k in r], f, d) for k, f, d in keys]
                if any(cells):
                    print(f"| {learner}, {name} | " + " | ".join(cells) + " |")


def tables(folder, bed, seeds):
    base = {s: r for s in seeds if (r := results_of(os.path.join(folder, f"{bed}-{s}-base"))) is not None}
    if not base:
        sys.exit(f"ablations: no finished base run in {folder}")
    print(f"{bed}: seeds {', '.join(map(str, base))}; mean and range")
    for name, what, arms, _ in COMPARISONS:
        runs = [r for s in seeds if (r := results_of(os.path.join(folder, f"{bed}-{s}-{name}"))) and has_policies(r)]
        if runs:
            print_arms(what, runs, arms)
    print("\nMean and range, and below it the mean paired difference from the base, or from the named variant, with "
          "its 95 % interval.\n")
    print("| change | " + " | ".join(h for _, h, _, _ in FIGURES) + " |")
    print("|---|" + "--:|" * len(FIGURES))
    print("| none (base) | " + " | ".join(summary([r[k] for r in base.values() if k in r], f, d)
                                          for k, _, f, d in FIGURES) + " |")
    for name, what, _, _ in BEDS[bed]["variants"]:
        runs = {s: r for s in base if (r := results_of(os.path.join(folder, f"{bed}-{s}-{name}"))) is not None}
        if not runs:
            continue
        print(f"| {what} | " + " | ".join(summary([r[k] for r in runs.values() if k in r], f, d)
                                          for k, _, f, d in FIGURES) + " |")
        reference = BEDS[bed]["compared_with"].get(name, "base")
        other = {s: results_of(os.path.join(folder, f"{bed}-{s}-{reference}")) or {} for s in runs}
        what = "" if reference == "base" else "from " + reference
        pairs = {k: [(other[s][k], r[k]) for s, r in runs.items() if k in r and k in other[s]]
                 for k, _, _, _ in FIGURES}
        print(f"| {what} | " + " | ".join(difference(pairs[k], f, d) for k, _, f, d in FIGURES) + " |")


def save(folder, bed, seeds, path):
    """Writes the figures of all finished runs to one JSON file."""
    kept = {}
    for s in seeds:
        for name in [c[0] for c in COMPARISONS] + [v[0] for v in BEDS[bed]["variants"]]:
            results = results_of(os.path.join(folder, f"{bed}-{s}-{name}"))
            if results is not None:
                kept[f"{s}/{name}"] = {k: v for k, v in results.items()
                                       if isinstance(v, (int, float)) and not k.startswith(("joins", "explained"))}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"bed": bed, "runs": kept}, file, indent=0, sort_keys=True)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--astro", default="build/astro", help="the program")
    parser.add_argument("--bed", required=True, choices=list(BEDS), help="configs/ablations-BED.ini")
    parser.add_argument("--data", default="", help="data set of each seed, with {seed} in its path; empty: generated")
    parser.add_argument("--seeds", default="1,2,3", help="seeds of data and training")
    parser.add_argument("--variants", default="", help="names of variants; empty: all")
    parser.add_argument("--folder", default="runs/ablations", help="folder of the runs")
    parser.add_argument("--threads", type=int, default=0, help="threads; 0: all processors")
    parser.add_argument("--stitching", action="store_true",
                        help="compare no policies: more seeds of the figures of stitching")
    parser.add_argument("--tables", action="store_true", help="only print the tables of finished runs")
    parser.add_argument("--save", default="", help="also write the figures to this JSON file")
    arguments = parser.parse_args()
    seeds = [int(s) for s in arguments.seeds.split(",")]
    wanted = [v for v in arguments.variants.split(",") if v]
    bed = BEDS[arguments.bed]
    known = [v[0] for v in bed["variants"]] + [c[0] for c in COMPARISONS[1:] if bed["policies"]]
    if set(wanted) - set(known):
        unknown = ", ".join(sorted(set(wanted) - set(known)))
        sys.exit(f"ablations: unknown variants {unknown}; known: {', '.join(known)}")
    config = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "configs", f"ablations-{arguments.bed}.ini")
    if not arguments.tables:
        os.makedirs(arguments.folder, exist_ok=True)
        variants = [v for v in bed["variants"] if not wanted or v[0] in wanted]
        comparisons = [c for c in COMPARISONS[1:] if bed["policies"] and (not wanted or c[0] in wanted)]
        if arguments.stitching:
            comparisons = []
        each = (4, 0, 2) if arguments.stitching else (9, 5, 3)  # minutes: a base run, a comparison, a variant
        minutes = len(seeds) * (each[0] + each[1] * len(comparisons) + each[2] * len(variants))
        print(f"{len(seeds)} seeds: a base run, {len(comparisons)} comparisons, {len(variants)} variants each; about "
              f"{each[0]}, {each[1]} and {each[2]} minutes on one core, {minutes} minutes in all", flush=True)

        def base_of(s):
            return os.path.join(arguments.folder, f"{arguments.bed}-{s}-base")

        for s in seeds:
            print(f"seed {s}: base", flush=True)
            given = data_of(arguments, s, "") if arguments.data else None
            run(arguments, config, base_of(s), s, given, "augmented" if arguments.stitching else COMPARISONS[0][2], [])
        for name, what, arms, options in comparisons:
            for s in seeds:
                print(f"seed {s}: {what}", flush=True)
                run(arguments, config, os.path.join(arguments.folder, f"{arguments.bed}-{s}-{name}"), s,
                    data_of(arguments, s, base_of(s)), arms, options, base_of(s), [TDR, DYNAMICS, PLANNER])
        for name, what, options, kept in variants:
            for s in seeds:
                print(f"seed {s}: {what}", flush=True)
                folder = os.path.join(arguments.folder, f"{arguments.bed}-{s}-{name}")
                alone = ["--evaluate.subgoals", "0"] if bed["policies"] and not arguments.stitching else []
                run(arguments, config, folder, s, data_of(arguments, s, base_of(s)), "augmented", options + alone,
                    base_of(s), kept)
    tables(arguments.folder, arguments.bed, seeds)
    if arguments.save:
        save(arguments.folder, arguments.bed, seeds, arguments.save)


if __name__ == "__main__":
    main()
