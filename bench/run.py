#!/usr/bin/env python3
"""Compares astro with PyTorch and NumPy. Each item is measured in alternation: astro, peer, astro, peer, ... Uses only the
standard library.

    make bench                                                # all items, about a quarter of an hour
    python3 bench/run.py --items tdr,iql --threads 2          # items or groups: steps, samplers, gemm, npz
    python3 bench/run.py --isa avx2 --markdown                # all sides restricted to AVX2

Each turn begins with a warm-up, then repeats the item for at least the time of its group. The minimum is over all turns;
the median is the median of the medians of the turns. All measurements are written to the file given by --out.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import machine
import tables
from sides import PEERS, Astro, Failure, Peer

# group: (minimum seconds per turn, turns of each side, peers)
GROUPS = {"steps": (0.5, 5, ["torch"]), "samplers": (0.01, 3, ["torch"]), "gemm": (0.06, 3, ["torch", "numpy"])}
# Other variants of the sampler are measured only if requested.
DEFAULT = ["steps", "sampler", "sampler-short", "gemm", "npz"]
NPZ_ARRAYS = {"all": None, "observations,actions,terminals": ["observations", "actions", "terminals"]}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--astro", default="build/astro", help="the program (default %(default)s)")
    parser.add_argument("--items", default=",".join(DEFAULT), help="items or groups (default %(default)s)")
    parser.add_argument("--threads", default="2,1", help="numbers of threads (default %(default)s)")
    parser.add_argument("--turns", type=int, help="number of turns of each side (default: depends on the group)")
    parser.add_argument("--isa", choices=["best", "avx2"], default="best", help="instruction set of all sides (default %(default)s)")
    parser.add_argument("--out", default="build/bench.json", help="file for all measurements (default %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of tables")
    return parser.parse_args()


def note(text):
    print(text, file=sys.stderr, flush=True)


def start_sides(options, threads):
    """Starts astro and the available peers; prints a notice for the others."""
    sides = {"astro": Astro(options.astro, threads, options.isa)}
    for peer in ("torch", "numpy"):
        try:
            sides[peer] = Peer(peer, threads, options.isa)
        except Failure as failure:
            note("notice: %s is not measured: %s" % (peer, failure))
    return sides


def combine(answers):
    """Combines the turns of one side: minimum and median of medians; other values are taken from the best turn."""
    best = dict(min(answers, key=lambda a: a["ms_min"]))
    best["ms_median"] = statistics.median(a["ms_median"] for a in answers)
    best["repeats"] = sum(a["repeats"] for a in answers)
    if "peak_gflop_per_s" in best:
        best["peak_gflop_per_s"] = max(a["peak_gflop_per_s"] for a in answers)
    best["turns"] = [[a["ms_min"], a["ms_median"]] for a in answers]
    return best


def alternate(sides, names, request, turns):
    """({side: combined answer}, stolen milliseconds); peers without this item are left out."""
    answers, stolen = {name: [] for name in names if name in sides}, machine.stolen_ms()
    for _ in range(turns):
        for name in answers:
            answer = sides[name].turn(request)
            if "missing" not in answer:
                answers[name].append(answer)
    return {name: combine(found) for name, found in answers.items() if found}, machine.stolen_ms() - stolen


def measure_item(sides, item, options):
    seconds, turns, peers = GROUPS[item["group"]]
    request = {"item": item["name"], "seconds": seconds, "rounds": 1}
    found, stolen = alternate(sides, ["astro"] + peers, request, options.turns or turns)
    return {**item, "stolen_ms": stolen, "sides": found}


def from_seconds(answer):
    return {"ms_min": 1e3 * answer["seconds_min"], "ms_median": 1e3 * answer["seconds_median"], "repeats": answer["repeats"]}


def measure_npz(sides, options):
    """Measures files with OGBench's layout, written by NumPy, so that both sides load the same bytes."""
    records, turns = [], options.turns or 3
    for kind in ("point", "ant"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, os.path.join(PEERS, "numpy_twin.py"), "--make", kind, folder], check=True)
            for item, how in (("npz-load", "compressed"), ("npz-load", "stored"), ("npz-write", "compressed")):
                path, found = os.path.join(folder, how + ".npz"), {}
                request = {"item": item, "file": path, "seconds": 0.01, "rounds": 1}
                stolen = machine.stolen_ms()
                for _ in range(turns):
                    for ours in sides["astro"].turn(request):
                        both = found.setdefault(ours["arrays"], {"astro": [], "numpy": [], "mb": ours["array_mb"]})
                        both["astro"].append(from_seconds(ours))
                        keys = NPZ_ARRAYS[ours["arrays"]]
                        name = "-".join([item, kind, how, ours["arrays"]])
                        both["numpy"].append(sides["numpy"].turn({**request, "item": name, "arrays": keys}))
                for arrays, both in found.items():
                    records.append({"group": "npz", "name": "%s %s %s: %s" % (item, kind, how, arrays), "megabytes": both["mb"],
                                    "stolen_ms": machine.stolen_ms() - stolen,
                                    "sides": {side: combine(both[side]) for side in ("astro", "numpy")}})
    return records


def choose(items, wanted):
    measured = [item for item in items if item["group"] in GROUPS]
    groups = {item["group"] for item in measured} | {"npz"}
    names = groups | {item["name"] for item in measured}
    for word in wanted:
        if word in {item["name"] for item in items} | {item["group"] for item in items} and word not in names:
            raise Failure("'%s' has no peer to compare with; hint: astro bench --items %s" % (word, word))
        if word not in names:
            raise Failure("unknown item '%s'; groups: %s; items: astro bench --list" % (word, ", ".join(sorted(groups))))
    return [item for item in measured if item["group"] in wanted or item["name"] in wanted]


def measure(options):
    result, wanted = {"machine": machine.describe(), "isa": options.isa, "versions": {}, "records": []}, options.items.split(",")
    for threads in [int(n) for n in options.threads.split(",")]:
        sides = start_sides(options, threads)
        result["versions"] = {name: side.versions for name, side in sides.items()}
        known = sides["astro"].items()
        records = []
        for item in choose(known, wanted):
            records.append(measure_item(sides, item, options))
            note("%d threads: %s" % (threads, tables.one_line(records[-1])))
        if "npz" in wanted and "numpy" in sides:
            records += measure_npz(sides, options)
        elif "npz" in wanted:
            note("notice: the npz files are written by NumPy, which is missing; astro alone: astro bench --items npz")
        result["records"] += [{"threads": threads, **record} for record in records]
        for side in sides.values():
            side.close()
    return result


def main():
    options = arguments()
    try:
        result = measure(options)
    except Failure as failure:
        sys.exit("bench: %s" % failure)
    os.makedirs(os.path.dirname(options.out) or ".", exist_ok=True)
    with open(options.out, "w") as file:
        json.dump(result, file, indent=1)
    if options.json:
        print(json.dumps(result))
    else:
        print(tables.render(result, options.markdown))
        print("all figures: %s" % options.out)


if __name__ == "__main__":
    main()
