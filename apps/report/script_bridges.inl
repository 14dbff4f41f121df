R"js(
// Bridges on their way from noise: the same noise sampled in several ways, under a slider of denoising steps.

function bridgesPart(data) {
  if (!data.bridges) return null;
  const world = data.world, b = data.bridges, [ways, plans, examples] = b.shape, rows = b.rows, context = b.context;
  const xy = unpackPoints(b.xy), around = unpackPoints(b.aroundXy);
  const states = unpack(b.states), actions = unpack(b.actions), aroundStates = unpack(b.aroundStates);
  const columns = b.columns.length, parts = b.actionColumns.length, css = ['way0', 'way1', 'way2'];
  const actionRange = b.actionColumns.map((column, c) => extent(actions.filter((v, i) => i % parts === c)));
  // First place of a plan in arrays of `width` numbers per row.
  const plan = (way, k, example, width) => ((way * plans + k) * examples + example) * rows * width;
  const errorOf = (way, k, example) => b.arrivalError[(way * plans + k) * examples + example];

  const picture = worldPicture(world, 'The rollout of the plan');
  picture.svg.setAttribute('role', 'img');
  const words = statusLine(), curves = element('div', {class: 'row'}), series = element('div', {class: 'row small'});
  const example = choice('Bridge', Array.from({length: examples}, (_, i) => (i + 1) + ' of ' + examples), () => draw());
  const denoising = slider('Denoising step', plans - 1, () => draw());
  denoising.value = plans - 1;
  const animation = player('Play', denoising, () => 3, () => draw());
  const shown = b.ways.map((name, way) => tick(name, true, () => draw(), css[way]));

  function stepWords(k) {
    if (k === 0) return 'noise';
    if (k === plans - 1) return 'after the final guidance';
    return b.step[k] + ' of ' + (b.step[plans - 1] - 1) + ', noise level ' + b.level[k];
  }
  // The part of the world around everything that the example ever reaches, so that the picture does not jump.
  function zoom(e) {
    const all = around.slice(2 * context * e, 2 * context * (e + 1));
    for (let way = 0; way < ways; ++way)
      for (let k = 0; k < plans; ++k) for (let j = 0; j < rows; ++j) all.push(xy[plan(way, k, e, 1) + j]);
    const [left, right] = extent(all.map((p) => p[0])), [low, high] = extent(all.map((p) => p[1]));
    const middle = [(left + right) / 2, (low + high) / 2], size = 1.15 * Math.max(right - left, high - low, world.width / 20);
    picture.svg.setAttribute('viewBox', [middle[0] - size / 2, world.height - middle[1] - size / 2, size, size].join(' '));
    return size;
  }
  // Values of a column over the rows before a bridge, on it, and after it; row 0 is the last one before.
  function columnLines(e, k, column) {
    const lines = [];
    const side = (s) => Array.from({length: context}, (_, i) =>
      [s === 0 ? i - context + 1 : rows + i, aroundStates[((2 * e + s) * context + i) * columns + column]]);
    lines.push({points: side(0), css: 'real'}, {points: side(1), css: 'real'});
    for (let way = 0; way < ways; ++way) {
      if (!shown[way].on) continue;
      const points = [side(0)[context - 1]];
      for (let j = 0; j < rows; ++j) points.push([j + 1, states[plan(way, k, e, columns) + j * columns + column]]);
      lines.push({points, css: css[way]});
    }
    return lines;
  }
  // Of all steps and ways of an example, so that axes do not jump.
  function columnRange(e, column) {
    const values = [];
    for (let i = 0; i < 2 * context; ++i) values.push(aroundStates[(2 * e * context + i) * columns + column]);
    for (let way = 0; way < ways; ++way)
      for (let k = 0; k < plans; ++k)
        for (let j = 0; j < rows; ++j) values.push(states[plan(way, k, e, columns) + j * columns + column]);
    return extent(values);
  }
  function draw() {
    const e = example.index, k = denoising.value, size = zoom(e);
    const before = around.slice(2 * context * e, 2 * context * e + context), after = around.slice(2 * context * e + context, 2 * context * (e + 1));
    picture.over.replaceChildren(polyline(before, 'real'), polyline(after, 'real'));
    for (let way = 0; way < ways; ++way)
      if (shown[way].on)
        picture.over.append(polyline([before[context - 1], ...xy.slice(plan(way, k, e, 1), plan(way, k, e, 1) + rows)], css[way]));
    for (const [point, name, title] of [[before[context - 1], 'start', 'the bridge leaves here'], [after[0], 'goal', 'the target']])
      picture.over.append(shape('circle', {class: name, cx: point[0], cy: point[1], r: size / 45}, shape('title', {}, title)));
    denoising.say(stepWords(k));

    const lines = [], largest = [];
    for (let way = 0; way < ways; ++way) {
      const points = Array.from({length: plans}, (_, i) => [i, errorOf(way, i, e)]);
      largest.push(...points.map((p) => p[1]));
      if (shown[way].on) lines.push({points, css: css[way]});
    }
    if (!lines.length) lines.push({points: [[0, 0], [plans - 1, 0]], css: 'none'});
    curves.replaceChildren(plot('arrival error, sigma, by denoising step', lines,
      {range: [0, Math.max(1e-9, extent(largest)[1])], at: k, level: b.threshold === undefined ? null : b.threshold}));
    series.replaceChildren(...b.columns.map((column, c) =>
      plot('column ' + column + ' of the states', columnLines(e, k, c), {range: columnRange(e, c), at: null})));
    for (let c = 0; c < parts; ++c) {
      const planned = [];
      for (let way = 0; way < ways; ++way)
        if (shown[way].on)
          planned.push({css: css[way], points: Array.from({length: rows}, (_, j) => [j, actions[plan(way, k, e, parts) + j * parts + c]])});
      if (planned.length) series.append(plot('column ' + b.actionColumns[c] + ' of the planned actions', planned, {range: actionRange[c]}));
    }
    words.textContent = 'Denoising: ' + stepWords(k) + '. Arrival error of the rollout: ' +
      b.ways.map((name, way) => digits(errorOf(way, k, e)) + ' sigma ' + name).join(', ') +
      (b.threshold === undefined ? '.' : '; up to ' + digits(b.threshold) + ' is accepted.');
  }
  draw();
  return panel('A bridge from noise to plan',
    'Bridges from held-out rows to training rows, evenly chosen, each sampled from the same noise in ' + ways + ' ways. ' +
    'Thin lines are the recorded rows on both sides.',
    element('div', {class: 'controls'}, example.node, denoising.node, animation.node, ...shown.map((s) => s.node)),
    element('div', {class: 'row'}, element('figure', {}, picture.svg), curves), words,
    element('details', {open: data.world.drawn ? null : true}, element('summary', {}, 'Time series of states and actions'), series));
}
)js"
