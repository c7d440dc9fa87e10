/* What is on the wall, whoever tells it: the stream of tonight (live.js) or the tape of a past event (replay.js). */
"use strict";

(() => {
  const { Rolling, writer, count, clock, fill, text, drawCurve, showMilestones, showParts, layTiles, valueAt,
    pointsOfLast } = window.Wall;
  const start = JSON.parse(document.getElementById("start").textContent);
  const { words } = start;
  const at = (id) => document.getElementById(id);
  const money = writer(start.currency);
  const formatter = (options) => new Intl.DateTimeFormat(window.Wall.locale, { timeZone: start.timeZone, ...options });
  const hour = formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const second = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = formatter({ month: "short", day: "numeric" });
  const date = formatter({ year: "numeric", month: "short", day: "numeric" });
  const SHORTENED_MIN = 100_000_00; // below, the exact amount is short enough
  const RATIO_SECONDS_MIN = 10; // before, last time's sum is too small to divide by
  const PARTS_MS = 900;

  let setting = null, last = null, partsAt = -Infinity;

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

  /** The hour for what began today, else with its day, so that a long event does not look like tonight's. */
  function moment(iso, now) {
    const then = new Date(iso);
    return day.format(then) === day.format(new Date(now)) ? hour.format(then) : `${day.format(then)} ${hour.format(then)}`;
  }

  /** Another event is on: its name, and the curve of the one before. */
  function setScene(told) {
    setting = told;
    last = told.last ? pointsOfLast(told.last) : null;
    layTiles(start.tiles);
    write("event", told.slug ? text(told.name) : words.day);
  }

  function showSellers(figures) {
    const list = document.querySelector("#sellers ol"), sellers = figures.best_sellers;
    write("movement", fill(words.movement, { minutes: figures.movement_minutes }));
    if (!sellers.length) {
      const none = document.createElement("li");
      none.textContent = words.nothing;
      list.replaceChildren(none);
      return;
    }
    const most = sellers[0].units;
    list.replaceChildren(...sellers.map((seller) => {
      const [li, moved, name, units] = ["li", "i", "span", "b"].map((n) => document.createElement(n));
      const { rise } = seller;
      moved.textContent = rise === null ? "＋" : rise > 0 ? `▲${rise}` : rise < 0 ? `▼${-rise}` : "–";
      moved.className = rise === null ? "new" : rise > 0 ? "rise" : rise < 0 ? "fall" : "steady";
      moved.setAttribute("aria-label", rise === null ? words.new : rise === 0 ? words.steady
        : fill(rise > 0 ? words.rise : words.fall, { places: Math.abs(rise) }));
      moved.setAttribute("role", "img");
      name.textContent = text(seller.name);
      units.textContent = count(seller.units);
      units.className = "figures";
      li.style.setProperty("--share", seller.units / most);
      li.append(moved, name, units);
      return li;
    }));
  }

  /** How many times last event's amount at this time after its opening; only between amounts of one currency. */
  function showRatio(figures, seconds) {
    const before = last && seconds >= RATIO_SECONDS_MIN ? valueAt(last, seconds) : 0;
    at("ratio").hidden = !before;
    if (!before) return;
    const times = (figures.paid_amount / before).toLocaleString(window.Wall.locale, { maximumSignificantDigits: 3, minimumSignificantDigits: 2 });
    write("times", fill(words.times, { times }));
    at("ratio").dataset.verdict = figures.paid_amount >= before ? "good" : "bad";
    write("times-of", fill(words.timesOf, { name: text(setting.last.name), amount: money.round(before) }));
  }

  /** Show figures as they come: the numbers roll, lists change. */
  function show(figures) {
    for (const [name, figure] of Object.entries(rolling)) figure.set(figures[name]);
    write("short", figures.paid_amount >= SHORTENED_MIN ? money.short(figures.paid_amount) : "");
    const due = figures.promised_amount || 0; // a past night's tape does not tell
    at("promised").hidden = !due;
    if (due) write("promised", fill(words.promised, { amount: due < SHORTENED_MIN ? money.whole(due) : money.short(due) }));
    showSellers(figures);
  }

  /** Show what moves with time alone: the clock, the race, the curve. `points`: the curve so far. */
  function tick(figures, { now, seconds, over, points, atOnce }) {
    if (atOnce || performance.now() - partsAt > PARTS_MS) {
      partsAt = performance.now();
      showParts(figures, now, money, words);
    }
    write("elapsed", clock(seconds));
    write("since", fill(words.since, { time: moment(setting.opens_at, now) }));
    const scope = { market: start.market, time: moment(setting.opens_at, now),
      end: setting.closes_at ? moment(setting.closes_at, now) : "" };
    write("scope-text", fill(over ? words.scopeOver : words.scope, scope));
    showMilestones(at("milestones"), figures, seconds, money, words);
    showRatio(figures, seconds);
    drawCurve(document.querySelector("#curve svg"), { points, last, seconds, end: over ? seconds : null, money,
      lastName: setting.last ? text(setting.last.name) : "", words });
  }

  function showState(state, sentence) {
    document.body.dataset.state = state;
    write("state-text", sentence);
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
  stayAwake();
  Object.assign(window.Wall, { start, words, at, write, moment, second, date, setScene, show, tick, showState,
    scene: () => setting });
})();
