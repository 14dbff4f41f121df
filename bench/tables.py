"""Tables of a result of bench/run.py, as text or Markdown.

    python3 bench/tables.py build/bench.json [--markdown]
"""
import json
import sys

PEERS = {"torch": "PyTorch", "numpy": "NumPy"}


def table(heads, rows, markdown):
    if markdown:
        lines = [heads, ["---"] + ["--:"] * (len(heads) - 1)] + rows
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(len(line[i]) for line in [heads] + rows) for i in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths)))
                     for line in [heads] + rows)


def number(x):
    """Three significant digits, without an exponent."""
    return "%.0f" % x if x >= 100 else "%.1f" % x if x >= 10 else "%.2f" % x if x >= 1 else "%.3g" % x


def ratio(theirs, ours, key):
    return "%.2f" % (theirs[key] / ours[key]) if theirs else "-"


def times(answer):
    return "%s / %s" % (number(answer["ms_min"]), number(answer["ms_median"])) if answer else "-"


def rate(answer, gflop):
    return number(1e3 * gflop / answer["ms_min"]) if answer else "-"


def of_peak(answer):
    return "%.0f%%" % (100 * answer["gflop_per_s"] / answer["peak_gflop_per_s"])


def of_product(answer, product):
    return "%.0f%%" % (1e5 * answer["gflop"] / answer["ms_min"] / product) if product else "-"


def one_line(record):
    return "%s: %s" % (record["name"], ", ".join("%s %s ms" % (side, times(answer)) for side, answer in record["sides"].items()))


PRODUCT = "gemm-nn-1024x1024x1024"  # the rate of whole steps is compared with this product, if it was measured


def steps_table(records, products, markdown):
    """products: {threads: our best rate of PRODUCT in the same run}; may be empty."""
    rows = []
    for record in records:
        ours, torch = record["sides"]["astro"], record["sides"].get("torch")
        rows.append([record["name"], str(record["threads"]), times(ours), times(torch), ratio(torch, ours, "ms_min"),
                     ratio(torch, ours, "ms_median"), number(ours["gflop"]), number(torch["gflop"]) if torch else "-",
                     rate(ours, ours["gflop"]), of_peak(ours), of_product(ours, products.get(record["threads"]))])
    return table(["step", "threads", "ours, ms", "PyTorch, ms", "ratio of minima", "of medians", "GFLOP ours", "PyTorch",
                  "ours GFLOP/s", "of peak", "of a product"], rows, markdown)


def scaling_table(records, markdown):
    """Speed-up of the largest number of threads over one thread."""
    names, most = list(dict.fromkeys(record["name"] for record in records)), max(record["threads"] for record in records)
    of = {(record["name"], record["threads"]): record["sides"] for record in records}
    rows = []
    for name in names:
        one, many = of.get((name, 1)), of.get((name, most))
        if one and many:
            rows.append([name] + ["%.2f" % (one[side]["ms_min"] / many[side]["ms_min"]) if side in one else "-"
                                  for side in ("astro", "torch")])
    return table(["%d threads over 1" % most, "ours", "PyTorch"], rows, markdown) if rows and most > 1 else ""


def gemm_table(records, markdown):
    rows, behind = [], []
    for record in records:
        ours, peers = record["sides"]["astro"], [record["sides"].get(peer) for peer in PEERS]
        present = [peer for peer in peers if peer]
        best = {key: min(peer[key] for peer in present) for key in ("ms_min", "ms_median")} if present else None
        if best and best["ms_min"] < ours["ms_min"]:
            behind.append(record["name"])
        rows.append([record["name"], str(record["threads"]), rate(ours, ours["gflop"]), of_peak(ours)]
                    + [rate(peer, ours["gflop"]) for peer in peers] + [ratio(best, ours, "ms_min"), ratio(best, ours, "ms_median")])
    text = table(["product, GFLOP/s", "threads", "ours", "of peak", "PyTorch", "NumPy", "to the faster: minima", "medians"], rows, markdown)
    return text + "\n\nOurs is the fastest in %d of %d products." % (len(rows) - len(behind), len(rows))


def npz_table(records, markdown):
    rows = []
    for record in records:
        ours, numpy = record["sides"]["astro"], record["sides"]["numpy"]
        rows.append([record["name"], str(record["threads"]), "%.0f" % record["megabytes"], times(ours), times(numpy),
                     ratio(numpy, ours, "ms_min"), ratio(numpy, ours, "ms_median")])
    return table(["file", "threads", "MB", "ours, ms", "NumPy, ms", "ratio of minima", "of medians"], rows, markdown)


def flop_notice(records):
    """Lists items whose FLOP counts differ, because the sides do different work."""
    found = []
    for record in records:
        ours, torch = record["sides"]["astro"], record["sides"].get("torch")
        if torch and abs(ours["gflop"] / torch["gflop"] - 1) > 0.01 and record["name"] not in found:
            found.append(record["name"])
    return "Different work (GFLOP): " + ", ".join(found) + "; see docs/performance.md." if found else ""


def heading(result):
    machine = result["machine"]
    versions = "; ".join("%s: %s" % (side, ", ".join("%s %s" % pair for pair in values.items())) for side, values in result["versions"].items())
    return ("%s, %s, %d cores, %s, instruction set %s, load before %s\n%s\nms: minimum / median of an update; ratios: theirs over ours"
            % (machine["date"], machine["cpu"], machine["cores"], machine["system"], result["isa"], machine["load_before"], versions))


def render(result, markdown):
    of = lambda *groups: [record for record in result["records"] if record["group"] in groups]
    parts, steps = [heading(result)], of("steps", "samplers")
    if steps:
        products = {record["threads"]: 1e3 * record["sides"]["astro"]["gflop"] / record["sides"]["astro"]["ms_min"]
                    for record in of("gemm") if record["name"] == PRODUCT}
        parts += [steps_table(steps, products, markdown), flop_notice(steps), scaling_table(steps, markdown)]
    if of("gemm"):
        parts.append(gemm_table(of("gemm"), markdown))
    if of("npz"):
        parts.append(npz_table(of("npz"), markdown))
    stolen = sum(record["stolen_ms"] for record in result["records"])
    parts.append("The hypervisor took %d ms in total." % stolen)
    return "\n\n".join(part for part in parts if part)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(render(json.load(file), "--markdown" in sys.argv))
