/* The race: paid since the opening, and behind it the event before at the same time after its own opening. */
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SECONDS_MIN = 300;
  const EDGE = { top: 30, right: 20, bottom: 34, left: 2 };

  function node(name, attributes, words) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (words !== undefined) made.textContent = words;
    return made;
  }

  function ticks(minutes) {
    const gap = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400].find((g) => minutes / g <= 7) || 43200;
    return Array.from({ length: Math.floor(minutes / gap) }, (_, i) => (i + 1) * gap);
  }

  function tickWords(minute) {
    if (minute % 1440 === 0) return `${minute / 1440} d`;
    return `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
  }

  /** The part of a curve up to `seconds`, ending in its value there. */
  function upTo(points, seconds) {
    const part = points.filter(([t]) => t < seconds);
    return [...part, [seconds, window.Wall.valueAt(points, seconds)]];
  }

  /** Draw `points` up to `seconds` after opening into `svg`, and `last` behind them for as far as the picture goes.
      `end`: seconds of the whole event where it is over or replayed to its end, else null. */
  function draw(svg, { points, last, seconds, end, money, lastName, words }) {
    const box = svg.getBoundingClientRect();
    const width = Math.max(box.width, 200), height = Math.max(box.height, 100);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const span = Math.max(end ?? seconds * 1.25, SECONDS_MIN);
    const ours = upTo(points, seconds);
    const theirs = last ? upTo(last, Math.min(span, last.at(-1)[0])) : null;
    const high = Math.max(ours.at(-1)[1], theirs ? theirs.at(-1)[1] : 0, 1) * 1.04;
    const right = width - EDGE.right, floor = height - EDGE.bottom;
    const x = (t) => EDGE.left + (t / span) * (right - EDGE.left);
    const y = (v) => floor - (v / high) * (floor - EDGE.top);
    const path = (all) => "M" + all.map(([t, v]) => `${x(t).toFixed(1)},${y(v).toFixed(1)}`).join("L");
    const parts = [node("line", { class: "floor", x1: 0, x2: width, y1: floor, y2: floor })];
    for (const t of ticks(span / 60)) {
      parts.push(node("line", { class: "tick", x1: x(t * 60), x2: x(t * 60), y1: floor, y2: floor + 7 }));
      if (x(t * 60) < width - 26) parts.push(node("text", { x: x(t * 60), y: height - 6, "text-anchor": "middle" }, tickWords(t)));
    }
    parts.push(node("path", { class: "area", d: `${path(ours)}L${x(seconds).toFixed(1)},${floor}Z` }));
    if (theirs) {
      parts.push(node("path", { class: "last", d: path(theirs) }));
      const [t, v] = theirs.at(-1);
      const words_ = window.Wall.fill(words.lastCurve, { name: lastName, amount: money.round(v) });
      const above = y(v) - 10 < EDGE.top - 8 ? y(v) + 24 : y(v) - 10;
      parts.push(node("text", { class: "last-words", x: x(t), y: above, "text-anchor": "end" }, words_));
    }
    parts.push(node("path", { class: "line", d: path(ours) }));
    const [t, v] = ours.at(-1);
    parts.push(node("circle", { class: "now", cx: x(t), cy: y(v), r: 7 }));
    svg.replaceChildren(...parts);
  }

  window.Wall.drawCurve = draw;
})();
