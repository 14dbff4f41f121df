"""Drives reports of astro in a browser as a reader would: mouse, keyboard, print, no scripts, dark and narrow windows.

Usage: python3 tests/python/check_report.py MAZE.html LATENTS.html SEVERAL.html [PICTURES]
MAZE: a run in a maze. LATENTS: a run whose states have no position. SEVERAL: two runs of one environment.
PICTURES: a folder for screenshots. One line for each failure; the last line is "N passed, N failed".
Exit code 77 if there is no browser.
"""

import base64
import json
import os
import struct
import sys
import time

from browser import Page, find_browser

passed, failed = 0, 0
place = ""  # the page and the panel, for messages


def check(what, good, *seen):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAILED:", place, what, *seen)


def unpack(table):
    """The numbers of packed() in apps/report/play.h."""
    data, wide = base64.b64decode(table["data"]), table["bits"] == 16
    integers = struct.unpack(f"<{len(data) // (2 if wide else 1)}{'H' if wide else 'B'}", data)
    most = 2 ** table["bits"] - 1
    return [None if i == most else table["low"] + (table["high"] - table["low"]) * i / (most - 1) for i in integers]


def digits(value):
    """A number as the page says it: three significant digits."""
    return f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".")


def data_of(page, run=0):
    return json.loads(page.evaluate(f"document.getElementById('data-{run}').textContent"))


def labelled(page, panel, words):
    """Focuses the control with this label in a panel; returns a JavaScript expression for it."""
    found = f"""[...document.querySelectorAll('.panel')[{panel}].querySelectorAll('.control, button')].map((node) =>
        node.textContent.startsWith({json.dumps(words)}) || (node.querySelector('label') || {{}}).textContent === {json.dumps(words)}
        ? (node.matches('button') ? node : node.querySelector('select, input')) : null).find((node) => node)"""
    page.evaluate(found + ".focus()")
    return found


def said(page, panel):
    return page.evaluate(f"document.querySelectorAll('.panel')[{panel}].querySelector('.status').textContent")


def count(page, selector):
    return page.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length")


def shown(page, selector):
    return page.evaluate(f"""[...document.querySelectorAll({json.dumps(selector)})].filter((n) => n.getClientRects().length).length""")


def wait(page, condition, seconds=6):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if page.evaluate(condition):
            return True
        time.sleep(.05)
    return False


def check_labels(page, name):
    """No label leaves its chart, and no two labels of a chart overlap."""
    bad = page.evaluate("""[...document.querySelectorAll('svg.chart, svg.plot')].filter((s) => s.getClientRects().length).flatMap((svg) => {
        const box = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')], found = [];
        const boxes = texts.map((t) => t.getBoundingClientRect());
        boxes.forEach((b, i) => {
            if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || b.bottom > box.bottom + 1)
                found.push('leaves: ' + texts[i].textContent);
            boxes.slice(i + 1).forEach((c, j) => {
                if (b.left < c.right - 1 && c.left < b.right - 1 && b.top < c.bottom - 2 && c.top < b.bottom - 2)
                    found.push('overlap: ' + texts[i].textContent + ' | ' + texts[i + 1 + j].textContent);
            });
        });
        return found; })""")
    check(f"{name}: labels lie within their charts and apart", not bad, bad[:5])


def check_map(page, data):
    places, learnt = data["places"], unpack(data["places"]["learnt"])
    exact = unpack(places["exact"]) if "exact" in places else None
    svg = ".panel:nth-of-type(1) svg.world"
    fills = "[...document.querySelectorAll('.panel svg.world')[0].querySelectorAll('g g:first-child > *')].map((c) => c.getAttribute('fill'))"
    before = page.evaluate(fills)
    check("map: all places are coloured", len(before) == len(unpack(places["xy"])) // 2 and len(set(before)) > 5)
    x, y = page.middle(svg)
    page.move(5, 5)
    start = page.picture()
    page.click(x + 60, y + 40)
    after = page.evaluate(fills)
    check("map: a click changes the distances", before != after)
    page.move(5, 5)
    other = page.picture()
    check("map: a click changes the picture", start != other)
    page.click(x - 60, y - 40)
    page.move(x + 60, y + 40)
    words = said(page, 0)
    page.click(x + 60, y + 40)
    check("map: clicking a place again gives the same colours", page.evaluate(fills) == after)
    check("map: distances are said in words", "steps learnt" in words and ("units in truth" in words) == bool(exact), words)
    # The words agree with the table, read here by other means.
    page.move(x - 70, y - 50)
    at = page.evaluate("""[...document.querySelectorAll('.panel svg.world')[0].querySelectorAll('circle[class^=start], circle[class^=goal]')]
        .map((c) => [Number(c.getAttribute('cx')), Number(c.getAttribute('cy'))])""")
    xy = unpack(places["xy"])
    points = list(zip(xy[::2], xy[1::2]))
    i, j = (min(range(len(points)), key=lambda k: (points[k][0] - p[0]) ** 2 + (points[k][1] - p[1]) ** 2) for p in at)
    high, low = max(i, j), min(i, j)
    check("map: two places are marked", i != j)
    words = said(page, 0)
    said_learnt = words.split("second place: ")[1].split(" ")[0]
    value = 0 if i == j else learnt[high * (high - 1) // 2 + low]
    check("map: the words agree with the table", (said_learnt == "no") == (value is None) and
          (value is None or abs(float(said_learnt) - value) <= .006 * abs(value) + .01), words, value)
    page.evaluate("document.querySelectorAll('.panel svg.world')[0].focus()")
    before = page.evaluate(fills)
    page.press("ArrowLeft")
    if page.evaluate(fills) == before:
        page.press("ArrowRight")
    check("map: arrow keys move the place", page.evaluate(fills) != before)
    words = said(page, 0)
    for key in ("ArrowUp", "ArrowRight"):
        page.press(key, shift=True)
    check("map: with Shift, they move the second place", said(page, 0) != words)


def check_paths(page, data):
    def selected():
        return page.evaluate(path + ".selectedIndex")

    paths = data["paths"][0]
    path = labelled(page, 1, "Path")
    entries = page.evaluate(path + ".options.length")
    check("paths: every chain is in the list", entries == len(paths["start"]), entries)
    page.press("ArrowDown")
    check("paths: the arrow keys choose the next chain", selected() == 1)
    check("paths: words say which", said(page, 1).startswith("chain 2: "), said(page, 1))
    for words, key in (("Next", 2), ("Previous", 1)):
        labelled(page, 1, words)
        page.press(" ")
        check(f"paths: {words}", selected() == key, selected())
    row = labelled(page, 1, "Row")
    page.press("End")
    last = page.evaluate(row + ".max")
    check("paths: a chain is followed to its end", f"Row {last} of {last}" in said(page, 1), said(page, 1))
    bridges = [b for b in paths["bridge"][paths["start"][1]:paths["start"][2] if entries > 2 else None]]
    first = next(i for i, b in enumerate(bridges) if b >= 0)
    page.evaluate(f"{row}.value = {first}; {row}.dispatchEvent(new Event('input'))")
    error = paths["error"][bridges[first]]
    check("paths: words give the arrival error of a bridge",
          "generated, bridge 1 of" in said(page, 1) and f"arrival error {digits(error)} sigma" in said(page, 1), said(page, 1))
    page.evaluate(f"{row}.value = 0; {row}.dispatchEvent(new Event('input'))")
    labelled(page, 1, "Play")
    page.press(" ")
    check("paths: playing moves", wait(page, f"Number({row}.value) > 3"))
    page.press(" ")
    stopped = page.evaluate(row + ".value")
    time.sleep(.15)
    check("paths: and pauses", page.evaluate(row + ".value") == stopped)
    page.evaluate(f"{row}.value = {row}.max - 5; {row}.dispatchEvent(new Event('input'))")
    page.press(" ")
    check("paths: it ends at the end", wait(page, f"{row}.value === {row}.max && [...document.querySelectorAll('button')].every((b) => b.textContent !== 'Pause')"))
    for words, css in (("recorded parts", "real"), ("generated parts", "bridge")):
        drawn = f".panel:nth-of-type(2) svg.world polyline.{css}"
        check(f"paths: {words} are drawn", count(page, drawn) > 0)
        labelled(page, 1, words)
        page.press(" ")
        check(f"paths: {words} can be left out", count(page, drawn) == 0)
        page.press(" ")
    # The largest arrival error and violation of each chain, from the data.
    starts = paths["start"] + [len(paths["bridge"])]
    ids = [{b for b in paths["bridge"][first:last] if b >= 0} for first, last in zip(starts, starts[1:])]
    for words, key in (("Arrival error at most", "error"), ("Violation at most", "violation")):
        worst = [max((paths[key][b] for b in bridges), default=0) for bridges in ids]
        bound = labelled(page, 1, words)
        for press, value in (("Home", 0), ("End", 100), ("ArrowLeft", 99)):
            page.press(press)
            wanted = sum(w <= max(max(worst), 1e-9) * value / 100 for w in worst) if value < 100 else entries
            seen = page.evaluate(path + ".options.length")
            check(f"paths: {words} {value} % of the largest", seen == wanted and page.evaluate(bound + ".value") == str(value), seen, wanted)
            check("paths: it says so if none is left", ("No path" in said(page, 1)) == (wanted == 0), said(page, 1))
        page.press("End")
    # A path under the pointer, which is not the chosen one.
    spot = page.evaluate("""(() => { const panel = document.querySelectorAll('.panel')[1];
        panel.querySelector('svg.world').scrollIntoView({block: 'center', behavior: 'instant'});
        for (const group of panel.querySelectorAll('g.path:not(.chosen)')) {
            const line = group.querySelector('.touch'), m = line.getScreenCTM();
            for (let i = 0; i < line.points.numberOfItems; i += 5) {
                const p = line.points.getItem(i).matrixTransform(m), x = Math.round(p.x), y = Math.round(p.y);
                const hit = document.elementFromPoint(x, y);
                if (hit && hit.closest('g.path') === group) return [x, y, Number(group.dataset.path)];
            } }
        return null; })()""")
    check("paths: a path can be reached by the pointer", spot)
    if spot:
        page.move(spot[0], spot[1])
        check("paths: it stands out under the pointer", page.evaluate("(document.querySelector('g.path.hovered') || {dataset: {}}).dataset.path") == str(spot[2]))
        page.click(spot[0], spot[1])
        check("paths: a click chooses it", said(page, 1).startswith(f"chain {spot[2] + 1}:"), said(page, 1))
    if len(data["taskGoal"]):
        labelled(page, 1, "Passes the goal of")
        page.press("ArrowDown")
        wanted = sum(1 in tasks for tasks in paths["tasks"])
        check("paths: chains that pass the goal of a task", page.evaluate(path + ".options.length") == wanted, wanted)
    if len(data["paths"]) > 1:
        labelled(page, 1, "Show")
        page.press("ArrowDown")
        episodes = data["paths"][1]
        check("paths: episodes of an evaluation", page.evaluate(path + ".options.length") == len(episodes["start"]))
        labelled(page, 1, "Task")
        page.press("ArrowDown")
        check("paths: those of a task", page.evaluate(path + ".options.length") == sum(t == [1] for t in episodes["tasks"]))
        page.press("ArrowUp")
        labelled(page, 1, "Outcome")
        page.press("ArrowDown")
        check("paths: those that arrived", page.evaluate(path + ".options.length") == sum(episodes["success"]))


def check_bridges(page, data):
    bridges, panel = data["bridges"], 2
    ways, plans, examples = bridges["shape"]
    errors = bridges["arrivalError"]
    step = labelled(page, panel, "Denoising step")
    lines = f".panel:nth-of-type({panel + 1}) svg.world polyline[class^=way]"
    for key, k in (("Home", 0), ("End", plans - 1)):
        page.press(key)
        words = said(page, panel)
        for way in range(ways):
            value = errors[(way * plans + k) * examples]
            check(f"bridges: the arrival error at step {k}, {bridges['ways'][way]}",
                  f"{digits(value)} sigma {bridges['ways'][way]}" in words, words, value)
    at_end = page.evaluate(f"[...document.querySelectorAll({json.dumps(lines)})].map((l) => l.getAttribute('points'))")
    check("bridges: one rollout for each way", len(at_end) == ways and len(set(at_end)) > 1, len(at_end))
    page.press("Home")
    check("bridges: the rollouts move with the step", page.evaluate(
        f"[...document.querySelectorAll({json.dumps(lines)})].map((l) => l.getAttribute('points'))") != at_end)
    labelled(page, panel, "Play")
    page.press(" ")
    check("bridges: playing ends at the last step", wait(page, f"{step}.value === {step}.max"))
    for way in bridges["ways"]:
        labelled(page, panel, way)
        page.press(" ")
    check("bridges: ways can be left out", count(page, lines) == 0)
    for way in bridges["ways"]:
        labelled(page, panel, way)
        page.press(" ")
    words = said(page, panel)
    if examples > 1:
        labelled(page, panel, "Bridge")
        page.press("ArrowDown")
        check("bridges: another bridge", said(page, panel) != words)
    series = count(page, f".panel:nth-of-type({panel + 1}) .small svg.plot")
    check("bridges: a time series of each column", series == len(bridges["columns"]) + len(bridges["actionColumns"]), series)


def check_keyboard(page):
    """Tab reaches every control, and shows where it is."""
    wanted = page.evaluate("""(window.wanted = [...document.querySelectorAll(
        '.play select, .play input, .play button, .play svg[tabindex], summary')]
        .filter((n) => n.getClientRects().length && !n.disabled)).length""")
    page.evaluate("window.reached = new Set(); window.unmarked = []")
    for _ in range(wanted + 12):  # the browser also stops at parts that scroll
        page.press("Tab")
        page.evaluate("""(() => { const n = document.activeElement; if (n === document.body) return; reached.add(n);
            if (getComputedStyle(n).outlineStyle === 'none') unmarked.push(n.outerHTML.slice(0, 60)); })()""")
    missed = page.evaluate("window.wanted.filter((n) => !reached.has(n)).map((n) => n.outerHTML.slice(0, 60))")
    check("Tab reaches every control", wanted > 10 and not missed, wanted, missed)
    check("and each shows the focus", not page.evaluate("unmarked"), page.evaluate("unmarked"))


def check_views(page, path):
    page.call("Emulation.setEmulatedMedia", media="print")
    check("print: static pictures instead of controls", shown(page, ".play *") == 0 and shown(page, ".replaced svg") > 0)
    check_labels(page, "print")
    page.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    for scheme in ("dark", "light"):
        page.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        worst = page.evaluate("""(() => { const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map((v) => v / 255)
                .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
            const page = light(getComputedStyle(document.body).backgroundColor); let least = [99, ''];
            for (const n of document.querySelectorAll('p, figcaption, td, th, text, label, .key, summary, output')) {
                if (!n.getClientRects().length || !n.textContent.trim()) continue;
                const style = getComputedStyle(n), ink = light(n.tagName === 'text' ? style.fill : style.color);
                const contrast = (Math.max(ink, page) + .05) / (Math.min(ink, page) + .05);
                if (contrast < least[0]) least = [contrast, n.textContent.slice(0, 40)]; }
            return least; })()""")
        check(f"{scheme}: text has a contrast of 4.5 at least", worst[0] >= 4.5, worst)
    page.call("Emulation.setDeviceMetricsOverride", width=380, height=800, deviceScaleFactor=1, mobile=False)
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    wide = page.evaluate("""[...document.querySelectorAll('body *')].filter((n) => n.getBoundingClientRect().right > innerWidth + 1 &&
        !n.closest('.wide, pre, details, svg')).map((n) => n.tagName + '.' + n.className + ' ' + n.textContent.slice(0, 30)).slice(0, 4)""")
    check("narrow: nothing is wider than a phone", over <= 0, over, wide)
    check_labels(page, "narrow")
    page.call("Emulation.clearDeviceMetricsOverride")
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(path)
    tree = page.call("DOM.getDocument")["root"]["nodeId"]
    boxes = {}
    for name, selector in (("control", ".play"), ("static picture", "[id^=static] svg"), ("chart", "figure.chart svg")):
        node = page.call("DOM.querySelector", nodeId=tree, selector=selector)["nodeId"]
        try:
            boxes[name] = node and page.call("DOM.getBoxModel", nodeId=node)["model"]["height"] > 0
        except RuntimeError:  # it is not rendered
            boxes[name] = False
    check("without scripts: static pictures and charts, no controls",
          boxes == {"control": False, "static picture": True, "chart": True}, boxes)
    page.call("Emulation.setScriptExecutionDisabled", value=False)


def main():
    global place
    program = find_browser()
    if not program:
        print("skipped: needs Chromium")
        return 77
    maze, latents, several = sys.argv[1:4]
    pictures = sys.argv[4] if len(sys.argv) > 4 else None

    def look(page, name):
        if pictures:
            page.picture(os.path.join(pictures, name + ".png"), whole=True)

    with Page(program) as page:
        for name, path in (("maze", maze), ("latents", latents)):
            place = name + ":"
            check("at most 3 MB", os.path.getsize(path) <= 3_000_000, os.path.getsize(path))
            page.open(path)
            data = data_of(page)
            check("three parts that answer", count(page, ".panel") == 3)
            check("they replace static pictures", shown(page, ".replaced") == 0 and count(page, ".replaced svg") > 0)
            check("charts", count(page, "figure.chart svg.chart") >= 5, count(page, "figure.chart svg.chart"))
            check_labels(page, "screen")
            look(page, name)
            check_keyboard(page)
            check_map(page, data)
            check_paths(page, data)
            check_bridges(page, data)
            look(page, name + "-driven")
            check("the console has no complaint", not page.complaints(), page.complaints())
            check_views(page, path)
            check("nor in other views", not page.complaints(), page.complaints())
        place = "several:"
        page.open(several)
        check("parts for each run", count(page, ".panel") == 6, count(page, ".panel"))
        check("at most 3 MB", os.path.getsize(several) <= 3_000_000)
        check_labels(page, "screen")
        look(page, "several")
        check("the console has no complaint", not page.complaints(), page.complaints())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
