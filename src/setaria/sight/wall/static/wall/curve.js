/* The curve: money paid per minute since opening. Whole steps are a line; the step under way is a point of its own,
   joined by dashes, so that a minute that has just begun does not look like a collapse. */
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MINUTES_MIN = 10;
  const EDGE = { top: 34, right: 16, bottom: 34, left: 2 };

  function node(name, attributes, words) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (words !== undefined) made.textContent = words;
    return made;
  }

  /** Turn sparse steps into one value a step, zero where nothing was paid; per minute, so that widths compare. */
  function dense(figures, minutes) {
    const step = figures.curve_minutes;
    const values = new Array(Math.floor(minutes / step) + 1).fill(0);
    for (const [at, amount] of figures.curve) if (at / step < values.length) values[at / step] = amount / step;
    return values;
  }

  function ticks(minutes) {
    const gap = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400].find((g) => minutes / g <= 8) || 43200;
    return Array.from({ length: Math.floor(minutes / gap) }, (_, i) => (i + 1) * gap);
  }

  function tickWords(minute) {
    if (minute % 1440 === 0) return `${minute / 1440} d`;
    return `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
  }

  /** Draw `figures` into `svg` as of `minutes` after opening; `over` when nothing more will come. */
  function draw(svg, figures, minutes, money, words, over) {
    const box = svg.getBoundingClientRect();
    const width = Math.max(box.width, 200), height = Math.max(box.height, 100);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const values = dense(figures, minutes);
    const step = figures.curve_minutes;
    const live = over ? null : values.pop();
    const whole = values.length ? Math.max(...values) : 0;
    const high = Math.max(whole, live || 0, 1);
    const spanMinutes = Math.max(minutes, MINUTES_MIN);
    const right = width - EDGE.right, floor = height - EDGE.bottom;
    const x = (m) => EDGE.left + (m / spanMinutes) * (right - EDGE.left);
    const y = (v) => floor - (v / high) * (floor - EDGE.top);
    const parts = [node("line", { class: "floor", x1: 0, x2: width, y1: floor, y2: floor })];
    for (const t of ticks(spanMinutes)) {
      parts.push(node("line", { class: "tick", x1: x(t), x2: x(t), y1: floor, y2: floor + 7 }));
      if (x(t) < width - 30) parts.push(node("text", { x: x(t), y: height - 6, "text-anchor": "middle" }, tickWords(t)));
    }
    const points = values.map((v, i) => [x(Math.min((i + 1) * step, minutes)), y(v)]);
    if (points.length) {
      const line = `M${x(0)},${floor}` + points.map(([px, py]) => `L${px.toFixed(1)},${py.toFixed(1)}`).join("");
      parts.push(node("path", { class: "area", d: `${line}L${points.at(-1)[0].toFixed(1)},${floor}Z` }));
      parts.push(node("path", { class: "line", d: line }));
      if (whole > 0) parts.push(...peak(points[values.indexOf(whole)], width, words.peak, money.round(whole)));
    }
    if (live !== null) parts.push(...now(points.at(-1) || [x(0), floor], x(minutes), y(live)));
    svg.replaceChildren(...parts);
  }

  function peak([px, py], width, words, amount) {
    const anchor = px < 110 ? "start" : px > width - 110 ? "end" : "middle";
    const at = anchor === "start" ? 0 : anchor === "end" ? width : px;
    return [node("circle", { class: "peak", cx: px, cy: py, r: 4 }),
      node("text", { class: "peak-words", x: at, y: Math.max(py - 12, 20), "text-anchor": anchor },
        window.Wall.fill(words, { amount }))];
  }

  function now([fromX, fromY], px, py) {
    return [node("line", { class: "under-way", x1: fromX, y1: fromY, x2: px, y2: py }),
      node("circle", { class: "now", cx: px, cy: py, r: 7 })];
  }

  window.Wall.drawCurve = draw;
})();
