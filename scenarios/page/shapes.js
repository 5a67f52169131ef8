// Draws plots as SVG text: functions of the plot and the width, without a document. Colours are
// "var(--name)", which the page resolves by its theme and a saved file by the light one.
"use strict";

const shapes = (() => {
  const SERIES_COLOURS = 7;
  const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4"];
  const FONT = "system-ui, 'Helvetica Neue', Arial, sans-serif";
  const MINUTE = 60, HOUR = 3600;

  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const place = (value) => String(Math.round(value * 10) / 10);
  const colour = (index) => `var(--s${index % SERIES_COLOURS})`;
  // With its colour, each of the first 49 lines differs from all others.
  const dash = (index) => DASHES[(index + Math.floor(index / SERIES_COLOURS)) % DASHES.length];
  // Of text at 12 pixels, about: enough to lay out legends and labels.
  const textWidth = (text, size = 12) => d3.sum(Array.from(text), (c) =>
      (/[A-Z\u2192MWmw]/.test(c) ? 0.78 : 0.58) * size);

  function text(x, y, content, more = "") {
    return `<text x="${place(x)}" y="${place(y)}" ${more}>${escape(content)}</text>`;
  }
  function line(x1, y1, x2, y2, stroke, more = "") {
    return `<line x1="${place(x1)}" y1="${place(y1)}" x2="${place(x2)}" y2="${place(y2)}"` +
        ` stroke="${stroke}" ${more}/>`;
  }
  function shorten(content, width, size = 12) {
    if (textWidth(content, size) <= width) return content;
    let end = content.length;
    while (end > 1 && textWidth(content.slice(0, end) + "\u2026", size) > width) end -= 1;
    return content.slice(0, end) + "\u2026";
  }

  // 1200000 as "1.2M". d3's prefix for 10^9 is "G", which nobody writes of money.
  const siFormat = d3.format("~s");
  function number(value) {
    if (value === 0) return "0";
    const magnitude = Math.abs(value);
    if (magnitude < 1000) return d3.format("~g")(Number(value.toPrecision(6)));
    return siFormat(Number(value.toPrecision(6))).replace("G", "bn").replace("T", "tn");
  }
  function exact(value) {
    return Number.isInteger(value) ? d3.format(",")(value) : d3.format(",.6~g")(value);
  }
  function duration(seconds) {
    if (seconds >= HOUR) return `${number(seconds / HOUR)} h`;
    if (seconds >= MINUTE) return `${number(seconds / MINUTE)} min`;
    if (seconds >= 1) return `${number(seconds)} s`;
    if (seconds >= 1e-3) return `${number(seconds * 1e3)} ms`;
    return `${number(seconds * 1e6)} \u00b5s`;
  }
  const DURATIONS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, MINUTE, 10 * MINUTE, HOUR, 10 * HOUR,
                     24 * HOUR, 100 * HOUR];
  const nines = (percent) => -Math.log10(1 - percent / 100);
  const PERCENTILES = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999];

  const axisTitle = (axis) => axis.unit ? `${axis.name} (${axis.unit})` : axis.name;

  // {at(value), ticks: [{at, label}]} of an axis between two pixels.
  function scaleOf(axis, values, from, to, ticks, zero) {
    let [low, high] = d3.extent(values.filter(Number.isFinite));
    if (low === undefined) [low, high] = [0, 1];
    if (axis.scale === "time") return timeScale(low, high, from, to, ticks);
    if (axis.scale === "days") return daysScale(axis, from, to);
    if (axis.scale === "nines") {
      const scale = d3.scaleLinear().domain([nines(low), nines(high)]).range([from, to]);
      return {
        at: (value) => scale(nines(value)),
        ticks: PERCENTILES.filter((p) => p >= low && p <= high)
                   .map((p) => ({at: scale(nines(p)), label: `${p}%`})),
      };
    }
    if (axis.scale === "linear") {
      if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
      if (low === high) high = low + 1;
      const scale = d3.scaleLinear().domain([low, high]).range([from, to]);
      if (zero) scale.nice(ticks);
      // What is counted has no halves.
      const counts = values.every((v) => !Number.isFinite(v) || Number.isInteger(v));
      return {at: scale, ticks: scale.ticks(ticks).filter((v) => !counts || Number.isInteger(v))
                                    .map((v) => ({at: scale(v), label: number(v)}))};
    }
    if (low === high) [low, high] = [low / 2, high * 2];
    const scale = d3.scaleLog().domain([low, high]).range([from, to]);
    if (axis.scale === "seconds") {
      scale.domain([DURATIONS.filter((d) => d <= low).pop() || low,
                    DURATIONS.find((d) => d >= high) || high]);
      const [first, last] = scale.domain();
      let shown = DURATIONS.filter((d) => d >= first && d <= last);
      if (shown.length < 4) {
        // Between decades of less than a minute 2 and 5 are round too.
        shown = d3.merge(shown.map((d) => d < 10 ? [d, 2 * d, 5 * d] : [d]))
                    .filter((d) => d <= last);
      }
      while (shown.length > ticks) shown = shown.filter((_, i) => i % 2 === 0);
      return {at: scale, ticks: shown.map((d) => ({at: scale(d), label: duration(d)}))};
    }
    scale.nice();
    return {
      at: scale,
      ticks: scale.ticks(ticks).filter((v) => Number.isInteger(Math.round(Math.log10(v) * 1e9) / 1e9))
                 .map((v) => ({at: scale(v), label: number(v)})),
    };
  }
  function timeScale(low, high, from, to, ticks) {
    if (low === high) high = low + 1000;
    const scale = d3.scaleUtc().domain([new Date(low), new Date(high)]).range([from, to]);
    const span = high - low;
    const format = d3.utcFormat(span > 2 * 86400e3 ? "%e %b" : span > 10 * 60e3 ? "%H:%M"
                                                                                : "%H:%M:%S");
    const marks = scale.ticks(Math.max(2, Math.floor(ticks * 0.8)));
    return {at: (value) => scale(new Date(value)),
            ticks: marks.map((t) => ({at: scale(t), label: format(t).trim()}))};
  }

  // Opening hours one after the other, without the nights between them.
  function daysScale(axis, from, to) {
    const length = axis.closes - axis.opens, days = axis.days.length;
    const scale = d3.scaleLinear().domain([0, length * days]).range([from, to]);
    const two = d3.format("02");
    const label = (day, time) => {
      const name = /^\d{4}-/.test(axis.days[day]) ? axis.days[day].slice(5) : `day ${axis.days[day]}`;
      return `${name} ${two(Math.floor(time / 3600e3))}:${two(Math.floor(time / 60e3) % 60)}`;
    };
    const room = Math.max(1, Math.floor((to - from) / (textWidth(label(days - 1, axis.closes)) + 18)));
    const marks = [];
    if (days > room) {
      // The opening of every so many days.
      for (let day = 0; day < days; day += Math.ceil(days / room)) marks.push([day, axis.opens]);
    } else {
      const hours = [1, 2, 3, 4, 6, 12, 24].find((h) => days * (1 + Math.floor(length / (h * 3600e3)))
                                                            <= room) || 24;
      const step = hours * 3600e3;
      for (let day = 0; day < days; day += 1) {
        marks.push([day, axis.opens]);
        for (let time = (Math.floor(axis.opens / step) + 1) * step; time < axis.closes; time += step) {
          if (time - axis.opens > step / 2 && axis.closes - time > step / 2) marks.push([day, time]);
        }
      }
    }
    return {at: scale, ticks: marks.map(([day, time]) => (
        {at: scale(day * length + time - axis.opens), label: label(day, time)}))};
  }

  // Names of the series in as many rows as they need: {svg, height}.
  function legend(items, left, width) {
    if (items.length < 2) return {svg: "", height: 0};
    let x = left, y = 12, svg = "";
    items.forEach((item, i) => {
      const name = shorten(item.name, width - 34);
      const needed = 26 + textWidth(name) + 16;
      if (x > left && x + needed - 16 > left + width) {
        x = left;
        y += 19;
      }
      svg += item.mark === "bars" || item.mark === "node"
          ? `<rect x="${place(x + 4)}" y="${y - 9}" width="12" height="11" fill="${colour(i)}"/>`
          : line(x, y - 4, x + 20, y - 4, colour(i),
                 `stroke-width="2.5" stroke-dasharray="${dash(i)}"`);
      svg += text(x + 26, y, name, 'fill="var(--ink)"');
      x += needed;
    });
    return {svg, height: y + 12};
  }

  function frame(width, height, id, title, body) {
    return `<svg class="drawn" id="figure-${escape(id)}" xmlns="http://www.w3.org/2000/svg" ` +
        `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
        `aria-label="${escape(title)}" font-family="${FONT}" font-size="12">` +
        `<title>${escape(title)}</title>${body}</svg>`;
  }

  function axes(plot, x, y, box, width) {
    let svg = "";
    for (const tick of y.ticks) {
      svg += line(box.left, tick.at, box.right, tick.at, "var(--grid)") +
          text(box.left - 8, tick.at + 4, tick.label, 'text-anchor="end" fill="var(--ink2)"');
    }
    svg += line(box.left, box.bottom, box.right, box.bottom, "var(--ink2)");
    for (const tick of x.ticks) {
      svg += line(tick.at, box.bottom, tick.at, box.bottom + 5, "var(--ink2)");
      const half = textWidth(tick.label) / 2;
      const at = Math.min(Math.max(tick.at, half), width - half);
      svg += text(at, box.bottom + 19, tick.label, 'text-anchor="middle" fill="var(--ink2)"');
    }
    svg += text((box.left + box.right) / 2, box.bottom + 38, axisTitle(plot.x),
                'text-anchor="middle" fill="var(--ink)"');
    const middle = (box.top + box.bottom) / 2;
    return svg + text(13, middle, shorten(axisTitle(plot.y), box.bottom - box.top + 20),
                      `text-anchor="middle" fill="var(--ink)" transform="rotate(-90 13 ${
                          place(middle)})"`);
  }

  const pointsOf = (series) => series.x.map((x, i) => ({x, y: series.y[i],
    low: series.low ? series.low[i] : null, high: series.high ? series.high[i] : null}))
      .filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));

  function seriesShape(series, index, x, y, box, alone) {
    const points = pointsOf(series);
    const stroke = colour(index);
    const clip = (value) => Math.min(Math.max(y.at(value), box.top), box.bottom);
    const filled = alone && series.mark === "step";
    let svg = "";
    if (series.mark === "bars") {
      points.forEach((point, i) => {
        const from = x.at(point.x), to = x.at(series.x[i + 1]), top = clip(point.y);
        const gap = to - from > 4 ? 1 : 0;
        if (point.y === 0) return;
        svg += `<rect x="${place(from)}" y="${place(top)}" width="${
            place(Math.max(0.5, to - from - gap))}" height="${place(box.bottom - top)}" fill="${
            stroke}"><title>${escape(exact(point.y))}</title></rect>`;
      });
      return svg;
    }
    const banded = points.filter((p) => Number.isFinite(p.low) && Number.isFinite(p.high));
    if (series.low && banded.length > 0) {
      const area = d3.area().x((p) => x.at(p.x)).y0((p) => clip(p.low)).y1((p) => clip(p.high));
      svg += `<path d="${rounded(area(banded))}" fill="${stroke}" fill-opacity="0.18"/>`;
    }
    if (filled) {
      const area = d3.area().x((p) => x.at(p.x)).y0(box.bottom).y1((p) => clip(p.y))
                       .curve(d3.curveStepAfter);
      svg += `<path d="${rounded(area(points) || "M0,0")}" fill="${stroke}" fill-opacity="0.14"/>`;
    }
    const path = d3.line().x((p) => x.at(p.x)).y((p) => clip(p.y));
    if (series.mark === "step") path.curve(d3.curveStepAfter);
    svg += `<path d="${rounded(path(points) || "M0,0")}" fill="none" stroke="${
        stroke}" stroke-width="${filled ? 1.4 : 2}" stroke-linejoin="round" stroke-dasharray="${
        dash(index)}"/>`;
    if (series.mark !== "points") return svg;
    for (const point of points) {
      const at = x.at(point.x);
      svg += `<circle cx="${place(at)}" cy="${place(clip(point.y))}" r="3.5" fill="${
          stroke}" stroke="var(--paper)" stroke-width="1"><title>${
          escape(`${series.name}: ${exact(point.x)}, ${exact(point.y)}`)}</title></circle>`;
    }
    return svg;
  }
  const rounded = (path) => path.replace(/\d+\.\d+/g, (n) => place(Number(n)));

  function drawXy(plot, width, height) {
    const names = legend(plot.series, 0, width);
    const all = (key) => [].concat(...plot.series.map((s) => s[key] || []));
    const ys = [].concat(all("y"), all("low"), all("high"));
    const box = {top: names.height + 12, bottom: height - 46, left: 0, right: width - 14};
    const yTicks = Math.max(3, Math.floor((box.bottom - box.top) / 48));
    const y = scaleOf(plot.y, ys, box.bottom, box.top, yTicks, true);
    box.left = 30 + d3.max([24, ...y.ticks.map((t) => textWidth(t.label))]);
    const xTicks = Math.max(3, Math.floor((box.right - box.left) / 90));
    const x = scaleOf(plot.x, all("x"), box.left, box.right, xTicks, false);
    const shapesOf = plot.series.map((s, i) => seriesShape(s, i, x, y, box, plot.series.length === 1))
                         .join("");
    return {height, body: names.svg + axes(plot, x, y, box, width) + shapesOf};
  }

  function drawBars(plot, width) {
    const names = legend(plot.parts.map((name) => ({name, mark: "bars"})), 0, width);
    const rows = plot.categories.length;
    const step = 26;
    const sums = plot.categories.map((_, i) => d3.sum(plot.values, (part) => part[i]));
    const labels = Math.min(width * 0.4, d3.max([20, ...plot.categories.map((c) => textWidth(c))]));
    const box = {top: names.height + 4, left: labels + 10, right: width - 64};
    box.bottom = box.top + rows * step + 4;
    const x = scaleOf(plot.value, sums, box.left, box.right,
                      Math.max(2, Math.floor((box.right - box.left) / 90)), true);
    let svg = names.svg;
    for (const tick of x.ticks) {
      svg += line(tick.at, box.top, tick.at, box.bottom, "var(--grid)") +
          text(tick.at, box.bottom + 16, tick.label, 'text-anchor="middle" fill="var(--ink2)"');
    }
    plot.categories.forEach((category, i) => {
      const top = box.top + i * step + 4;
      let from = 0;
      svg += text(box.left - 8, top + 14, shorten(category, labels),
                  'text-anchor="end" fill="var(--ink)"');
      plot.values.forEach((part, k) => {
        if (!(part[i] > 0)) return;
        const left = x.at(from), right = x.at(from + part[i]);
        svg += `<rect x="${place(left)}" y="${top}" width="${place(Math.max(0.5, right - left))}"` +
            ` height="${step - 7}" fill="${colour(k)}"><title>${
                escape(`${category}, ${plot.parts[k]}: ${exact(part[i])}`)}</title></rect>`;
        from += part[i];
      });
      svg += text(x.at(from) + 6, top + 14, number(Number(from.toPrecision(3))),
                  'fill="var(--ink2)"');
    });
    svg += line(box.left, box.top, box.left, box.bottom, "var(--ink2)") +
        text((box.left + box.right) / 2, box.bottom + 36, axisTitle(plot.value),
             'text-anchor="middle" fill="var(--ink)"');
    return {height: box.bottom + 46, body: svg};
  }

  // Positions in a unit of its own; the same for the same plot: D3 starts from a spiral, and its
  // source of chance is a fixed sequence while the layout is made.
  function layout(plot) {
    const groups = Array.from(new Set(plot.nodes.map((n) => n.group)));
    const most = d3.max(plot.nodes, (n) => n.size) || 1;
    const nodes = plot.nodes.map((node) => {
      const group = groups.indexOf(node.group);
      const angle = 2 * Math.PI * group / groups.length - Math.PI / 2;
      return {...node, group, r: 5 + 15 * Math.sqrt(Math.max(0, node.size) / most),
              homeX: groups.length > 1 ? 170 * Math.cos(angle) : 0,
              homeY: groups.length > 1 ? 170 * Math.sin(angle) : 0};
    });
    const heaviest = d3.max(plot.links, (l) => l.value) || 1;
    const links = plot.links.map((l) => ({source: l.from, target: l.to, value: l.value}));
    d3.forceSimulation(nodes)
        .force("charge", d3.forceManyBody().strength(-160))
        .force("link", d3.forceLink(links).distance(60)
                           .strength((l) => 0.08 * Math.sqrt(l.value / heaviest)))
        .force("x", d3.forceX((n) => n.homeX).strength(0.22))
        .force("y", d3.forceY((n) => n.homeY).strength(0.22))
        .force("apart", d3.forceCollide((n) => n.r + 9))
        .stop()
        .tick(300);
    return {groups, nodes, links, heaviest};
  }
  function fixedChance(body) {
    const random = Math.random;
    let state = 1;
    Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    try {
      return body();
    } finally {
      Math.random = random;
    }
  }

  function drawNetwork(plot, width, height) {
    const {groups, nodes, links, heaviest} = fixedChance(() => layout(plot));
    const names = legend(groups.map((name) => ({name: name || "other", mark: "node"})), 0, width);
    const box = {left: 34, right: width - 34, top: names.height + 26, bottom: height - 40};
    const [x0, x1] = d3.extent(nodes, (n) => n.x), [y0, y1] = d3.extent(nodes, (n) => n.y);
    const wide = Math.max(1, x1 - x0), high = Math.max(1, y1 - y0);
    // Stretched to the frame, but not out of shape.
    const sx = Math.min((box.right - box.left) / wide, 1.6 * (box.bottom - box.top) / high);
    const sy = Math.min((box.bottom - box.top) / high, 1.6 * (box.right - box.left) / wide);
    const px = (n) => (box.left + box.right) / 2 + (n.x - (x0 + x1) / 2) * sx;
    const py = (n) => (box.top + box.bottom) / 2 + (n.y - (y0 + y1) / 2) * sy;
    let svg = "", labels = "";
    for (const link of links) {
      const ax = px(link.source), ay = py(link.source), bx = px(link.target), by = py(link.target);
      // Bent to the right of its direction, so that there and back lie apart.
      const cx = (ax + bx) / 2 + (by - ay) * 0.14, cy = (ay + by) / 2 - (bx - ax) * 0.14;
      const share = link.value / heaviest;
      svg += `<path d="M${place(ax)},${place(ay)}Q${place(cx)},${place(cy)},${place(bx)},${
          place(by)}" fill="none" stroke="${colour(link.source.group)}" stroke-width="${
          place(0.6 + 6 * Math.sqrt(share))}" stroke-opacity="${
          place(0.25 + 0.4 * share)}"><title>${escape(`${link.source.name} to ${
          link.target.name}: ${exact(link.value)} ${plot.unit}`)}</title></path>`;
      // A head at the middle of the curve, where no node covers it, points at the payee.
      const mx = (ax + 2 * cx + bx) / 4, my = (ay + 2 * cy + by) / 4;
      const far = Math.hypot(bx - ax, by - ay) || 1, ux = (bx - ax) / far, uy = (by - ay) / far;
      const size = 3.5 + 3.5 * Math.sqrt(share);
      const corner = (along, across) =>
          `${place(mx + along * ux - across * uy)},${place(my + along * uy + across * ux)}`;
      svg += `<path d="M${corner(size, 0)}L${corner(-size, size * 0.8)}L${
          corner(-size, -size * 0.8)}Z" fill="${colour(link.source.group)}" fill-opacity="${
          place(0.35 + 0.6 * share)}"/>`;
    }
    const shown = nodes.length <= 40 ? nodes
        : nodes.slice().sort((a, b) => b.r - a.r || a.index - b.index).slice(0, 25);
    for (const node of nodes) {
      svg += `<circle cx="${place(px(node))}" cy="${place(py(node))}" r="${place(node.r)}" fill="${
          colour(node.group)}" stroke="var(--paper)" stroke-width="1.5"><title>${
          escape(`${node.name}: ${exact(node.size)} ${plot.unit}`)}</title></circle>`;
    }
    const taken = [];
    for (const node of shown.slice().sort((a, b) => b.r - a.r || a.index - b.index)) {
      const name = shorten(node.name, 110, 11);
      const half = textWidth(name, 11) / 2;
      const at = Math.min(Math.max(px(node), half), width - half);
      // Names that would cover another's are left out: pointing at a node, and the table, tell.
      const place = {x: at, y: py(node) + node.r + 12, half: half * 0.8};
      if (taken.some((t) => Math.abs(t.x - place.x) < t.half + place.half &&
                            Math.abs(t.y - place.y) < 10)) continue;
      taken.push(place);
      labels += text(at, py(node) + node.r + 12, name,
                     'text-anchor="middle" font-size="11" fill="var(--ink)" stroke="var(--paper)" ' +
                         'stroke-width="3" paint-order="stroke"');
    }
    return {height, body: names.svg + svg + labels};
  }

  // SVG text of a plot. `height` is what the page holds free.
  function draw(plot, width, height) {
    const drawn = plot.kind === "xy" ? drawXy(plot, width, height)
        : plot.kind === "bars"       ? drawBars(plot, width)
                                     : drawNetwork(plot, width, height);
    return frame(width, drawn.height, plot.id, plot.title, drawn.body);
  }
  return {draw};
})();
