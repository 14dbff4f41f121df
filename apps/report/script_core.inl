R"js(
'use strict';
// Core: elements, packed numbers, worlds, plots, and the controls that all parts use. Each part is a function of the
// data of a run and returns an element. Pictures have y upwards, as the static ones of the page.

const svgNames = 'http://www.w3.org/2000/svg';

function setAttributes(node, attributes) {
  for (const [key, value] of Object.entries(attributes || {}))
    if (value !== null && value !== false) node.setAttribute(key, value === true ? '' : value);
  return node;
}
function element(tag, attributes, ...children) {
  const node = setAttributes(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}
function shape(tag, attributes, ...children) {
  const node = setAttributes(document.createElementNS(svgNames, tag), attributes);
  node.append(...children);
  return node;
}

// Numbers that were written by packed() of the program; null where there is no number.
function unpack(table) {
  const bytes = Uint8Array.from(atob(table.data), (c) => c.charCodeAt(0));
  const wide = table.bits === 16, most = 2 ** table.bits - 1, out = new Array(bytes.length / (wide ? 2 : 1));
  for (let i = 0; i < out.length; ++i) {
    const integer = wide ? bytes[2 * i] + 256 * bytes[2 * i + 1] : bytes[i];
    out[i] = integer === most ? null : table.low + (table.high - table.low) * integer / (most - 1);
  }
  return out;
}
function unpackPoints(table) {
  const xy = unpack(table), points = [];
  for (let i = 0; i + 1 < xy.length; i += 2) points.push([xy[i], xy[i + 1]]);
  return points;
}

// The least and the largest number of a list; [0, 0] if there is none.
function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values)
    if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); }
  return low > high ? [0, 0] : [low, high];
}

// Three significant digits, or an integer.
function digits(value) {
  if (value === null || !isFinite(value)) return '-';
  return String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 3)));
}

// A world as an SVG: layers are drawn in order, walls above the first one ("under"), paths and marks above the walls.
function worldPicture(world, label) {
  const under = shape('g'), over = shape('g'), walls = shape('g');
  for (const [x, y, width, height] of world.walls)
    walls.append(shape('rect', {class: 'wall', x, y, width, height}));
  const flipped = shape('g', {transform: 'translate(0,' + world.height + ') scale(1,-1)'}, under, walls, over);
  const svg = shape('svg', {viewBox: '0 0 ' + world.width + ' ' + world.height, 'aria-label': label, class: 'world'}, flipped);
  // The position of a pointer event, with y upwards.
  const at = (event) => {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(flipped.getScreenCTM().inverse());
    return [p.x, p.y];
  };
  return {svg, under, over, at};
}
function pointsText(points) {
  return points.map((p) => p[0].toFixed(2) + ',' + p[1].toFixed(2)).join(' ');
}
function polyline(points, css) {
  return shape('polyline', {class: css, points: pointsText(points)});
}
// Marks have a size that suits the world, whose coordinates have any unit.
function mark(world, point, css, words, size = 1) {
  const r = size * Math.max(world.width, world.height) / 60;
  return shape('circle', {class: css, cx: point[0], cy: point[1], r}, shape('title', {}, words));
}
function nearest(points, at) {
  let best = 0, least = Infinity;
  points.forEach((p, i) => {
    const d = (p[0] - at[0]) ** 2 + (p[1] - at[1]) ** 2;
    if (d < least) { least = d; best = i; }
  });
  return best;
}

// A colour from dark blue to yellow, as in the static pictures.
function colourOf(share) {
  const stops = [[59, 76, 160], [46, 148, 158], [122, 190, 90], [246, 200, 60]];
  const t = 3 * Math.min(1, Math.max(0, share)), i = Math.min(2, Math.floor(t)), f = t - i;
  return 'rgb(' + stops[i].map((c, k) => Math.round(c + f * (stops[i + 1][k] - c))).join(',') + ')';
}

// Controls. `act` is called after each change.
let controls = 0;
function labelled(words, control, after) {
  control.id = 'control' + ++controls;
  return element('span', {class: 'control'}, element('label', {for: control.id}, words), control, after || '');
}
function choice(words, names, act) {
  const control = element('select');
  const fill = (list) => {
    control.replaceChildren(...list.map((name, i) => element('option', {value: i}, name)));
    control.disabled = list.length === 0;
  };
  fill(names);
  control.addEventListener('change', act);
  return {node: labelled(words, control), control, fill, get index() { return control.selectedIndex; }};
}
function slider(words, most, act) {
  const control = element('input', {type: 'range', min: 0, max: most, step: 1, value: 0});
  const output = element('output');
  control.addEventListener('input', act);
  return {
    node: labelled(words, control, output),
    control,
    say(text) { output.textContent = text; control.setAttribute('aria-valuetext', text); },
    get value() { return Number(control.value); },
    set value(v) { control.value = v; },
    set most(v) { control.max = v; },
    get most() { return Number(control.max); },
  };
}
function tick(words, checked, act, swatch) {
  const control = element('input', {type: 'checkbox', checked});
  control.addEventListener('change', act);
  const node = element('label', {class: 'control'}, control, swatch ? keyLine(swatch) : '', words);
  return {node, control, get on() { return control.checked; }};
}
function keyLine(css) {
  return shape('svg', {viewBox: '0 0 22 8', 'aria-hidden': 'true', class: 'keyline'},
               shape('line', {class: css, x1: 0, x2: 22, y1: 4, y2: 4}));
}
// A button that plays a slider from its place to its end, and pauses. perSecond: steps of the slider.
function player(words, range, perSecond, act) {
  const control = element('button', {type: 'button'}, words);
  let timer = null, from = 0, since = 0;
  const stop = () => {
    if (timer !== null) cancelAnimationFrame(timer);
    timer = null;
    control.textContent = words;
    control.setAttribute('aria-pressed', 'false');
  };
  const frame = (now) => {
    range.value = Math.min(range.most, Math.floor(from + (now - since) / 1000 * perSecond()));
    act();
    if (range.value >= range.most) stop(); else timer = requestAnimationFrame(frame);
  };
  control.addEventListener('click', () => {
    if (timer !== null) { stop(); return; }
    from = range.value >= range.most ? 0 : range.value;
    since = performance.now();
    control.textContent = 'Pause';
    control.setAttribute('aria-pressed', 'true');
    timer = requestAnimationFrame(frame);
  });
  range.control.addEventListener('pointerdown', stop);
  range.control.addEventListener('keydown', stop);
  control.setAttribute('aria-pressed', 'false');
  return {node: control, stop};
}
// What has been chosen, in words, for eyes and screen readers.
function statusLine() {
  return element('p', {class: 'status', role: 'status'});
}
function panel(title, words, ...children) {
  return element('section', {class: 'panel', 'aria-label': title}, element('h4', {}, title), element('p', {}, words), ...children);
}

// A small plot. lines: [{points: [[x, y], ...], css}]; `range`: [low, high] of y; `at`: x of a vertical line or null;
// `level`: y of a horizontal line or null.
function plot(title, lines, options) {
  const width = 300, height = 120, left = 44, right = 8, top = 8, bottom = 18;
  let [low, high] = options.range;
  const [first, last] = extent(lines.flatMap((line) => line.points.map((p) => p[0])));
  if (!(high > low)) { low -= .5; high += .5; }
  const x = (v) => left + (v - first) / Math.max(1e-9, last - first) * (width - left - right);
  const y = (v) => height - bottom - (v - low) / (high - low) * (height - bottom - top);
  const svg = shape('svg', {viewBox: '0 0 ' + width + ' ' + height, class: 'plot', role: 'img', 'aria-label': title});
  for (const v of [low, high])
    svg.append(shape('line', {class: 'grid', x1: left, x2: width - right, y1: y(v), y2: y(v)}),
               shape('text', {'text-anchor': 'end', x: left - 4, y: Math.max(10, y(v) + 4)}, digits(v)));
  svg.append(shape('text', {x: left, y: height - 4}, digits(first)),
             shape('text', {'text-anchor': 'end', x: width - right, y: height - 4}, digits(last)));
  if (options.at !== null && options.at !== undefined)
    svg.append(shape('line', {class: 'now', x1: x(options.at), x2: x(options.at), y1: top, y2: height - bottom}));
  if (options.level !== null && options.level !== undefined && options.level >= low && options.level <= high)
    svg.append(shape('line', {class: 'threshold', x1: left, x2: width - right, y1: y(options.level), y2: y(options.level)}));
  for (const line of lines)
    svg.append(polyline(line.points.filter((p) => p[1] !== null).map((p) => [x(p[0]), y(p[1])]), line.css));
  return element('figure', {class: 'plot'}, element('figcaption', {}, title), svg);
}

// Builds the parts of each run, and hides the static pictures that they replace.
function build() {
  for (const holder of document.querySelectorAll('.play')) {
    const data = JSON.parse(document.getElementById(holder.dataset.from).textContent);
    for (const part of [mapPart, pathsPart, bridgesPart]) {
      const node = part(data);
      if (node) holder.append(node);
    }
    holder.hidden = false;
    const replaced = document.getElementById(holder.dataset.replaces);
    if (replaced) replaced.classList.add('replaced');
  }
}
document.addEventListener('DOMContentLoaded', build);
)js"
