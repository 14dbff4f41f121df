R"js(
// The map: distances from a place that is clicked, learnt and true, side by side.

// Spearman's rank correlation of two lists; ties get their mean rank.
function rankCorrelation(a, b) {
  const ranks = (values) => {
    const order = values.map((v, i) => [v, i]).sort((p, q) => p[0] - q[0]), out = [];
    for (let i = 0; i < order.length;) {
      let j = i;
      while (j < order.length && order[j][0] === order[i][0]) ++j;
      for (let k = i; k < j; ++k) out[order[k][1]] = (i + j - 1) / 2;
      i = j;
    }
    return out;
  };
  const ra = ranks(a), rb = ranks(b), mean = (a.length - 1) / 2;
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; ++i) {
    ab += (ra[i] - mean) * (rb[i] - mean);
    aa += (ra[i] - mean) ** 2;
    bb += (rb[i] - mean) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
}

function mapPart(data) {
  if (!data.places) return null;
  const world = data.world, places = unpackPoints(data.places.xy), n = places.length;
  const side = data.places.size, rows = side === 0;
  const tables = [{name: 'Learnt distance, steps', values: unpack(data.places.learnt), high: data.places.learnt.high}];
  if (data.places.exact)
    tables.push({name: 'True distance, units of the maze', values: unpack(data.places.exact), high: data.places.exact.high});
  const between = (table, i, j) =>
    i === j ? 0 : i > j ? table.values[i * (i - 1) / 2 + j] : table.values[j * (j - 1) / 2 + i];

  let from = data.taskStart.length ? nearest(places, data.taskStart[0]) : 0, to = null;
  const words = statusLine();
  const pictures = tables.map((table) => {
    const picture = worldPicture(world, table.name + '. Arrow keys move the place; with Shift, the second place.');
    picture.svg.setAttribute('tabindex', 0);
    picture.svg.setAttribute('role', 'application');
    picture.cells = places.map((p) => rows
      ? shape('circle', {cx: p[0], cy: p[1], r: Math.max(world.width, world.height) / 90})
      : shape('rect', {x: p[0] - side / 2, y: p[1] - side / 2, width: 1.05 * side, height: 1.05 * side}));
    picture.under.append(...picture.cells);
    picture.svg.addEventListener('click', (event) => { from = nearest(places, picture.at(event)); show(); });
    picture.svg.addEventListener('pointermove', (event) => { to = nearest(places, picture.at(event)); tell(); });
    picture.svg.addEventListener('keydown', (event) => {
      const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
      if (!step) return;
      event.preventDefault();
      if (event.shiftKey) { to = beside(to === null ? from : to, step); tell(); } else { from = beside(from, step); show(); }
    });
    return picture;
  });
  // The nearest place that lies in the direction of a key.
  function beside(place, [dx, dy]) {
    let best = place, least = Infinity;
    places.forEach((p, i) => {
      const ahead = (p[0] - places[place][0]) * dx + (p[1] - places[place][1]) * dy;
      const aside = Math.abs((p[0] - places[place][0]) * dy) + Math.abs((p[1] - places[place][1]) * dx);
      if (ahead > 1e-6 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = i; }
    });
    return best;
  }
  function marks() {
    for (const picture of pictures) {
      picture.over.replaceChildren(mark(world, places[from], 'start', 'from here'));
      if (to !== null) picture.over.append(mark(world, places[to], 'goal', 'to here'));
    }
  }
  function tell() {
    marks();
    const parts = [];
    if (to !== null) {
      const learnt = between(tables[0], from, to);
      parts.push('To the second place: ' + (learnt === null ? 'no path learnt' : digits(learnt) + ' steps learnt'));
      if (tables[1]) parts.push(digits(between(tables[1], from, to)) + ' units in truth');
    }
    words.textContent = (agreement + ' ' + parts.join(', ')).trim();
  }
  let agreement = '';
  function show() {
    tables.forEach((table, k) => pictures[k].cells.forEach((cell, i) => {
      const d = between(table, from, i);
      if (d === null) cell.setAttribute('class', 'none'); else cell.removeAttribute('class');
      cell.setAttribute('fill', d === null ? 'none' : colourOf(d / table.high));
    }));
    agreement = '';
    if (tables[1]) {
      const known = places.map((p, i) => i).filter((i) => i !== from && between(tables[0], from, i) !== null && between(tables[1], from, i) !== null);
      const r = rankCorrelation(known.map((i) => between(tables[0], from, i)), known.map((i) => between(tables[1], from, i)));
      if (r !== null) agreement = 'Rank correlation of the two from this place: ' + r.toFixed(3) + '.';
    }
    tell();
  }
  const bar = () => element('span', {class: 'scale', style: 'background:linear-gradient(90deg,' + [0, .33, .67, 1].map(colourOf).join(',') + ')'});
  const figures = tables.map((table, k) => element('figure', {}, pictures[k].svg,
    element('figcaption', {}, table.name + ': 0 ', bar(), ' ' + digits(table.high))));
  show();
  return panel('Distances from anywhere',
    'Click a place, or move it with the arrow keys. Point at a second place, or move it with Shift and the arrow keys. ' +
    (rows ? 'Places are ' + n + ' recorded rows, evenly spaced. ' : n + ' places. ') +
    'Values are rounded to 1/254 of the largest; places without colour have no path.',
    element('div', {class: 'row'}, ...figures), words);
}
)js"
