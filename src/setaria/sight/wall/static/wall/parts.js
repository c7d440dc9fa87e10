/* The parts of the whole: where it goes, and by channel, kind, product and market. */
"use strict";

(() => {
  const { fill, text, count, span, writer } = window.Wall;
  const at = (id) => document.getElementById(id);
  const LISTED = 8;

  function make(name, className, words) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (words !== undefined) node.textContent = words;
    return node;
  }

  /** A line with a bar: name, amount, and what else is to say. */
  function line(name, share, amount, more) {
    const li = make("li", "bar");
    li.style.setProperty("--share", share);
    li.append(make("span", "name", name), make("b", "figures", amount), make("small", "figures", more));
    return li;
  }

  function list(id, rows, nothing) {
    const most = Math.max(1, ...rows.map((row) => row.amount));
    const lines = rows.slice(0, LISTED).map((row) => line(row.name, row.amount / most, row.said, row.more));
    document.querySelector(`#${id} ol`).replaceChildren(...(lines.length ? lines : [make("li", "none", nothing)]));
  }

  /** The map's tiles, once. */
  function lay(tiles) {
    at("map").hidden = false;
    at("tiles").hidden = !tiles.length;
    at("tiles").replaceChildren(...tiles.map((tile) => {
      const node = make("div", "tile");
      node.dataset.code = tile.code;
      node.style.gridArea = `${tile.row + 1} / ${tile.column + 1}`;
      node.append(make("span", "", text(tile.name)), make("b", "figures", ""));
      return node;
    }));
  }

  function showMap(regions, figures, money, words) {
    const most = Math.max(1, ...regions.map((r) => r.amount));
    const orders = regions.reduce((sum, r) => sum + r.orders, 0);
    const byCode = new Map(regions.map((r) => [r.region.code, r]));
    for (const tile of at("tiles").children) {
      const region = byCode.get(tile.dataset.code);
      tile.style.setProperty("--share", region ? Math.sqrt(region.amount / most) : 0);
      tile.classList.toggle("strong", !!region && region.amount / most > 0.5);
      tile.lastChild.textContent = region ? money.brief(region.amount) : "";
    }
    at("known").textContent = fill(words.known, { count: count(orders), all: count(figures.paid_orders) });
    const rows = regions.slice(0, 6).map((r) => line(text(r.region.name), r.amount / most, money.round(r.amount),
      fill(words.orders, { count: count(r.orders) })));
    at("regions").replaceChildren(...rows);
  }

  /** Show every part of `figures`, `elapsed` seconds after opening; `now` in milliseconds. */
  function show(figures, now, money, words) {
    const part = (unit) => (p) => ({ name: text(p.name), amount: p.amount, said: money.round(p.amount),
      more: fill(unit, { count: count(p.count) }) });
    list("channels", figures.channels.map(part(words.orders)), words.nothing);
    list("kinds", figures.kinds.map(part(words.units)), words.nothing);
    list("products", figures.products.map(part(words.units)), words.nothing);
    showMap(figures.regions, figures, money, words);
    const others = figures.elsewhere || [];
    at("elsewhere").hidden = others.length < 2;
    document.querySelector("#elsewhere ol").replaceChildren(...others.map((m) => {
      const since = (now - Date.parse(m.opens_at)) / 1000;
      const more = `${fill(words.orders, { count: count(m.paid_orders) })} · ${fill(words.opened, { time: span(since) })}`;
      return line(text(m.name), 0, writer(m.currency).short(m.paid_amount), more);
    }));
  }

  Object.assign(window.Wall, { layTiles: lay, showParts: show });
})();
