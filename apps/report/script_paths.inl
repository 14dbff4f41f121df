R"js(
// Paths: stitched chains and episodes of evaluations. One path can be followed from its start to its end.

// Paths of a set: {points, first, tasks, success, bridges: [{error, violation, from, to}]}.
function pathsOf(set) {
  const all = unpackPoints(set.xy);
  return set.start.map((first, i) => {
    const end = i + 1 < set.start.length ? set.start[i + 1] : all.length;
    const path = {index: i, points: all.slice(first, end), tasks: set.tasks ? set.tasks[i] : [], bridges: []};
    path.success = set.success ? set.success[i] === 1 : null;
    path.bridgeAt = path.points.map(() => -1);
    if (set.bridge)
      for (let t = first; t < end; ++t) {
        const id = set.bridge[t];
        if (id < 0) continue;
        let known = path.bridges.findIndex((b) => b.id === id);
        if (known < 0) {
          known = path.bridges.length;
          path.bridges.push({id, error: set.error ? set.error[id] : null, violation: set.violation ? set.violation[id] : null});
        }
        path.bridgeAt[t - first] = known;
      }
    const worst = (key) => Math.max(0, extent(path.bridges.map((b) => b[key]))[1]);
    path.error = worst('error');
    path.violation = worst('violation');
    return path;
  });
}

// The parts of a path: [points, whether generated]; neighbouring parts share a point.
function partsOf(path) {
  const parts = [];
  for (let i = 0; i + 1 < path.points.length;) {
    const made = path.bridgeAt[i] >= 0;
    let j = i;
    while (j + 1 < path.points.length && (path.bridgeAt[j] >= 0) === made) ++j;
    parts.push([path.points.slice(i, j + 1), made]);
    i = j;
  }
  return parts;
}

function pathsPart(data) {
  if (!data.paths) return null;
  const world = data.world, sets = data.paths.map(pathsOf);
  const picture = worldPicture(world, 'Paths; choose one below or click it');
  picture.svg.setAttribute('role', 'img');
  const words = statusLine(), count = element('span', {class: 'note'});
  let shown = [], hovered = null;

  const set = choice('Show', data.paths.map((s) => s.name), () => { adapt(); filter(); });
  const task = choice('Task', ['all', ...data.taskGoal.map((g, i) => 'task ' + (i + 1))], () => filter());
  const outcome = choice('Outcome', ['all', 'arrived', 'did not arrive'], () => filter());
  const errors = slider('Arrival error at most', 100, () => filter());
  const violations = slider('Violation at most', 100, () => filter());
  const recorded = tick('recorded parts', true, () => draw(), 'real');
  const generated = tick('generated parts', true, () => draw(), 'bridge');
  const path = choice('Path', [], () => { position.value = 0; animation.stop(); draw(); });
  const position = slider('Row', 0, () => draw());
  const animation = player('Play', position, () => Math.max(20, position.most / 12), () => draw());
  const step = (by) => {
    if (!shown.length) return;
    path.control.selectedIndex = (path.index + by + shown.length) % shown.length;
    position.value = 0;
    animation.stop();
    draw();
  };
  const previous = element('button', {type: 'button'}, 'Previous'), next = element('button', {type: 'button'}, 'Next');
  previous.addEventListener('click', () => step(-1));
  next.addEventListener('click', () => step(1));

  const current = () => sets[set.index], info = () => data.paths[set.index];
  const limits = (key) => Math.max(1e-9, extent(current().map((p) => p[key]))[1]);
  // The control says a share of the largest value of the set.
  const bound = (range, key) => (range.value >= range.most ? Infinity : limits(key) * range.value / range.most);
  function adapt() {
    const stitched = Boolean(info().bridge);
    errors.value = errors.most;
    violations.value = violations.most;
    errors.node.hidden = !info().error;
    violations.node.hidden = !info().violation;
    recorded.node.hidden = generated.node.hidden = !stitched;
    outcome.node.hidden = !info().success;
    outcome.control.selectedIndex = 0;
    task.node.hidden = !info().tasks || data.taskGoal.length === 0;
    task.node.firstChild.textContent = stitched ? 'Passes the goal of' : 'Task';
    task.control.selectedIndex = 0;
  }
  function title(p) {
    if (p.success !== null) return 'episode ' + (p.index + 1) + (p.tasks.length ? ', task ' + p.tasks[0] : '') + (p.success ? ', arrived' : ', did not arrive');
    const bridges = p.bridges.length + (p.bridges.length === 1 ? ' bridge' : ' bridges');
    return 'chain ' + (p.index + 1) + ': ' + bridges + ', arrival error ' + digits(p.error) + (info().violation ? ', violation ' + digits(p.violation) : '');
  }
  function filter() {
    animation.stop();
    const wanted = task.index;
    shown = current().filter((p) => (wanted <= 0 || p.tasks.includes(wanted)) &&
      (outcome.index <= 0 || p.success === (outcome.index === 1)) &&
      p.error <= bound(errors, 'error') && p.violation <= bound(violations, 'violation'));
    const say = (range, key) => range.say(bound(range, key) === Infinity ? 'any' : digits(bound(range, key)) + ' sigma');
    say(errors, 'error');
    say(violations, 'violation');
    path.fill(shown.map(title));
    count.textContent = shown.length + ' of ' + current().length + ' shown';
    position.value = 0;
    draw();
  }
  function draw() {
    const chosen = shown[path.index];
    picture.over.replaceChildren();
    for (const p of shown) {
      const group = shape('g', {class: p === chosen ? 'path chosen' : p === hovered ? 'path hovered' : 'path', 'data-path': p.index});
      for (const [points, made] of partsOf(p)) {
        const css = p.success === null ? (made ? 'bridge' : 'real') : (p.success ? 'won' : 'lost');
        if (p.success === null && !(made ? generated.on : recorded.on)) continue;
        group.append(polyline(points, css));
      }
      if (p.success === null || p.points.length > 1) group.append(polyline(p.points, 'touch'));
      group.append(shape('title', {}, title(p)));
      group.addEventListener('pointerenter', () => { hovered = p; emphasise(); });
      group.addEventListener('pointerleave', () => { hovered = null; emphasise(); });
      group.addEventListener('click', () => {
        path.control.selectedIndex = shown.indexOf(p);
        position.value = 0;
        animation.stop();
        draw();
      });
      if (p === chosen) picture.over.append(group); else picture.over.prepend(group);
    }
    data.taskStart.forEach((p, i) => picture.over.append(mark(world, p, 'start', 'start of task ' + (i + 1), .6)));
    data.taskGoal.forEach((p, i) => picture.over.append(mark(world, p, 'goal', 'goal of task ' + (i + 1), .6)));
    position.control.disabled = animation.node.disabled = !chosen;
    if (!chosen) {
      position.most = 0;
      position.say('');
      words.textContent = 'No path fits the filters.';
      return;
    }
    position.most = chosen.points.length - 1;
    const row = position.value, made = chosen.bridgeAt[row];
    picture.over.append(polyline(chosen.points.slice(0, row + 1), 'trail'), mark(world, chosen.points[row], 'agent', 'row ' + row));
    position.say(row + ' of ' + position.most);
    let text = title(chosen) + '. Row ' + row + ' of ' + position.most;
    if (chosen.success === null) {
      text += made < 0 ? ': recorded.' : ': generated, bridge ' + (made + 1) + ' of ' + chosen.bridges.length + '; arrival error ' +
        digits(chosen.bridges[made].error) + ' sigma';
      if (made >= 0) text += info().violation ? ', largest violation ' + digits(chosen.bridges[made].violation) + ' sigma by ' + info().judge + '.' : '.';
    }
    words.textContent = text;
  }
  // Without drawing all paths again, which would interrupt a pointer.
  function emphasise() {
    for (const group of picture.over.querySelectorAll('g.path'))
      group.classList.toggle('hovered', hovered !== null && Number(group.dataset.path) === hovered.index);
  }
  adapt();
  filter();
  return panel('Follow a path',
    'Point at a path or choose it in the list; play it from start to end. Recorded parts are thin, generated parts are thick.' +
    (data.taskGoal.length ? ' Blue dots are starts of tasks, green dots are goals.' : '') +
    (data.axes ? ' x and y: ' + data.axes + '.' : ''),
    element('div', {class: 'controls'}, set.node, task.node, outcome.node, errors.node, violations.node, recorded.node, generated.node, count),
    element('div', {class: 'controls'}, path.node, previous, next, position.node, animation.node),
    element('figure', {class: 'large'}, picture.svg), words);
}
)js"
