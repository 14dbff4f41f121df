"""Common to all peers: they read requests and answer with measurements, one JSON object per line.

request   {"item": NAME, "seconds": MINIMUM TIME, "rounds": MINIMUM REPEATS, ...}
answer    {"item": NAME, "ms_min": ..., "ms_median": ..., "gflop": ..., "repeats": ...} for one update or product
          or {"item": NAME, "missing": true} if the peer does not have this item
The first line is {"versions": {...}}. A peer creates an item at its first request and keeps it until another is requested.
"""
import json
import statistics
import sys
import time


def measure(step, seconds, rounds):
    """Milliseconds of each call, after a warm-up of a quarter of the time and at least one call."""
    begin = time.perf_counter()
    step()
    while time.perf_counter() - begin < 0.25 * seconds:
        step()
    calls, begin = [], time.perf_counter()
    while len(calls) < rounds or time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        step()
        calls.append(1e3 * (time.perf_counter() - before))
    return calls


def parse_gemm(name):
    """gemm-KIND-ROWSxINxOUT: a layer's output (nn), gradient of its input (nt) or of its weights (tn)."""
    kind, shape = name.split("-")[1:]
    rows, inner, outer = (int(n) for n in shape.split("x"))
    return kind, rows, inner, outer


def repeats_of_gemm(rows, inner, outer):
    """Number of products per call, large enough that the resolution of the clock does not matter."""
    return max(1, 200_000_000 // (2 * rows * inner * outer))


def serve(versions, make):
    """make(request) -> (step, units, gflop of a unit or None), or None for an unknown item; units: number of updates in one call."""
    print(json.dumps({"versions": versions}), flush=True)
    made = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["item"]
        if name not in made:
            made.clear()              # keeps one item only, so that items do not share caches and memory
            made[name] = make(request)
        if made[name] is None:
            print(json.dumps({"item": name, "missing": True}), flush=True)
            continue
        step, units, gflop = made[name]
        calls = [ms / units for ms in measure(step, request["seconds"], request["rounds"])]
        print(json.dumps({"item": name, "ms_min": min(calls), "ms_median": statistics.median(calls), "gflop": gflop,
                          "repeats": len(calls)}), flush=True)
