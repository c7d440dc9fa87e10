/* The wall: one stream of figures, shown as they come. Knows when it has lost its source, and says so. */
"use strict";

(() => {
  const { Rolling, writer, count, span, clock, fill, text, drawCurve, showMilestones } = window.Wall;
  const start = JSON.parse(document.getElementById("start").textContent);
  const { words } = start;
  const at = (id) => document.getElementById(id);
  const money = writer(start.currency);
  const hour = new Intl.DateTimeFormat(window.Wall.locale,
    { timeZone: start.timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const second = new Intl.DateTimeFormat(window.Wall.locale,
    { timeZone: start.timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(window.Wall.locale, { timeZone: start.timeZone, month: "short", day: "numeric" });
  const SILENCE_MS = 6_000; // figures come four times a second, unless the database is away
  const AGAIN_MS_MAX = 15_000;
  const NEXT_SECONDS = 24 * 3600;
  const SHORTENED_MIN = 100_000_00; // below, the exact amount is short enough

  let figures = null, stream = null, tries = 0, heard = 0, signedOut = false, offsets = [];

  const serverNow = () => performance.now() + Math.max(...offsets);
  const sinceMs = () => Date.parse(figures.since);
  const isOver = () => figures.sale !== null && serverNow() >= Date.parse(figures.sale.closes_at);
  const elapsed = () => ((isOver() ? Date.parse(figures.sale.closes_at) : serverNow()) - sinceMs()) / 1000;

  const rolling = {
    paid_amount: new Rolling(writeAmount),
    paid_orders: new Rolling((n) => write("paid-orders", count(n))),
    paid_units: new Rolling((n) => write("paid-units", count(n))),
    placed_orders: new Rolling((n) => write("placed-orders", count(n))),
    last_minute_amount: new Rolling((n) => write("last-minute", n < SHORTENED_MIN ? money.whole(n) : money.short(n))),
  };

  function write(id, words) {
    const node = at(id);
    if (node.textContent !== words) node.textContent = words;
  }

  /** The exact amount: small sign, huge digits, small fraction; as large as the screen allows for its length. */
  function writeAmount(minor) {
    const pieces = money.parts(minor);
    const whole = pieces.filter((p) => p.type === "integer" || p.type === "group").map((p) => p.value).join("");
    const fraction = pieces.filter((p) => p.type === "decimal" || p.type === "fraction").map((p) => p.value).join("");
    const sign = pieces.find((p) => p.type === "currency");
    const hero = at("amount");
    if (!hero.dataset.ready) {
      hero.replaceChildren(...["sign", "whole", "fraction"].map((name) => {
        const span = document.createElement("span");
        span.className = name;
        return span;
      }));
      hero.dataset.ready = "yes";
    }
    const [signNode, wholeNode, fractionNode] = hero.children;
    signNode.textContent = sign ? sign.value : "";
    wholeNode.textContent = whole;
    fractionNode.textContent = /[1-9]/.test(fraction) ? fraction : "";
    const groups = (whole.match(/\D/g) || []).length;
    hero.style.setProperty("--chars", Math.max(6, whole.length - groups * 0.55 + 1.9));
  }

  function show(told) {
    if (figures !== null && figures.since !== told.since) offsets = [];
    figures = told;
    offsets = [...offsets.slice(-19), Date.parse(told.at) - performance.now()];
    for (const [name, figure] of Object.entries(rolling)) figure.set(told[name]);
    write("short", told.paid_amount >= SHORTENED_MIN ? money.short(told.paid_amount) : "");
    write("event", told.sale ? text(told.sale.name) : words.day);
    write("since", fill(words.since, { time: since() }));
    const over = isOver();
    const scope = { market: start.market, time: since(), end: told.sale ? moment(told.sale.closes_at) : "" };
    write("scope-text", fill(over ? words.scopeOver : words.scope, scope));
    write("curve-title", words.perMinute);
    showSellers(told.best_sellers);
    tick();
  }

  /** The hour for what began today, else with its day, so that a long event does not look like tonight's. */
  function moment(iso) {
    const then = new Date(iso), now = new Date(serverNow());
    return day.format(then) === day.format(now) ? hour.format(then) : `${day.format(then)} ${hour.format(then)}`;
  }
  const since = () => moment(figures.since);

  function showSellers(sellers) {
    const list = document.querySelector("#sellers ol");
    if (!sellers.length) {
      const none = document.createElement("li");
      none.textContent = words.nothing;
      list.replaceChildren(none);
      return;
    }
    const most = sellers[0].units;
    list.replaceChildren(...sellers.map((seller) => {
      const li = document.createElement("li"), name = document.createElement("span"), units = document.createElement("b");
      name.textContent = text(seller.name);
      units.textContent = count(seller.units);
      units.className = "figures";
      li.style.setProperty("--share", seller.units / most);
      li.append(name, units);
      return li;
    }));
  }

  /** Once a second: the clock, the milestones' races, the curve, and whether we still hear anything. */
  function tick() {
    if (figures === null) return;
    const seconds = elapsed(), over = isOver();
    write("elapsed", clock(seconds));
    showMilestones(at("milestones"), figures, seconds, money, words);
    drawCurve(document.querySelector("#curve svg"), figures, seconds / 60, money, words, over);
    const next = figures.next_sale;
    const wait = next ? (Date.parse(next.opens_at) - serverNow()) / 1000 : Infinity;
    write("next", wait > 0 && wait < NEXT_SECONDS ? fill(words.next, { name: text(next.name), time: clock(wait) }) : "");
    if (stream !== null && performance.now() - heard > SILENCE_MS) lose();
    showState(over);
  }

  function showState(over) {
    const asOf = { time: second.format(new Date(figures.at)) };
    const [state, sentence] = signedOut ? ["lost", fill(words.signIn, asOf)]
      : tries > 0 ? ["lost", fill(words.lost, asOf)]
      : over ? ["over", fill(words.over, { time: moment(figures.sale.closes_at) })]
      : ["live", words.live];
    document.body.dataset.state = state;
    write("state-text", sentence);
  }

  /** Listen with a ticket; every loss ends in a new ticket, since the old one has lapsed by then. */
  function listen(ticket) {
    heard = performance.now();
    stream = new EventSource(`${start.stream}?ticket=${encodeURIComponent(ticket)}`);
    stream.onmessage = (event) => {
      heard = performance.now();
      tries = 0;
      show(JSON.parse(event.data));
    };
    stream.onerror = lose;
  }

  function lose() {
    if (stream === null) return;
    stream.close();
    stream = null;
    again();
  }

  function again() {
    tries += 1;
    if (figures !== null) showState(isOver());
    setTimeout(renew, Math.min(500 * 2 ** Math.min(tries, 10), AGAIN_MS_MAX) * (0.75 + Math.random() / 2));
  }

  async function renew() {
    try {
      const answer = await fetch(start.ticketUrl, { redirect: "manual", cache: "no-store" });
      signedOut = answer.type === "opaqueredirect" || answer.status === 404;
      if (!answer.ok) return again();
      listen((await answer.json()).ticket);
    } catch {
      again();
    }
  }

  async function stayAwake() {
    try { if (!document.hidden) await navigator.wakeLock?.request("screen"); } catch { /* the screen decides */ }
  }

  const full = at("full");
  if (document.fullscreenEnabled) {
    full.hidden = false;
    full.addEventListener("click", () => document.documentElement.requestFullscreen());
  }
  document.addEventListener("visibilitychange", stayAwake);
  new ResizeObserver(tick).observe(at("curve"));
  setInterval(tick, 1000);
  stayAwake();
  listen(start.ticket);
})();
