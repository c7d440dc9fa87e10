/* The command centre: one stream of the state, shown as it comes. Lamps are shapes and words before they are colours. */
"use strict";

(() => {
  const start = JSON.parse(document.getElementById("start").textContent);
  const { words } = start;
  const at = (id) => document.getElementById(id);
  const locale = document.documentElement.lang;
  const time = new Intl.DateTimeFormat(locale, { timeZone: start.timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const SILENCE_MS = 8_000, AGAIN_MS_MAX = 15_000, RENEW_MS = 80_000;
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
  const say = (name) => words[name] ?? name;

  let stream = null, tries = 0, heard = 0, seen = null, signedOut = false, renewal = 0;

  function make(name, className, text) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function span(seconds) {
    const m = Math.floor(seconds / 60), h = Math.floor(m / 60);
    return h ? `${h}:${String(m % 60).padStart(2, "0")} h` : m ? `${m} min` : `${Math.floor(seconds)} s`;
  }

  function lamp(level, name, value) {
    const li = make("li", "state");
    li.dataset.lamp = level;
    const mark = make("i");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", say(level));
    li.append(mark, make("span", "", name), make("b", "figures", value));
    return li;
  }

  function showParts(parts) {
    const found = parts.map((p) => lamp(p.lamp, `${say(p.part)} · ${p.process}`,
      p.lamp === "good" ? fill(words.upFor, { time: span(p.up_seconds) }) : fill(words.silentFor, { seconds: number.format(p.silent_seconds) })));
    for (const part of ["web", "worker"]) {
      if (!parts.some((p) => p.part === part && p.lamp !== "bad")) found.push(lamp("bad", say(part), words.missing));
    }
    at("parts").replaceChildren(...found);
  }

  function gauge(g) {
    const value = g.of === null ? number.format(g.value) : fill(words.of, { value: number.format(g.value), all: number.format(g.of) });
    return lamp(g.lamp, say(g.name), `${value} ${say(g.unit)}`);
  }

  function show(state) {
    seen = state;
    at("orders").textContent = number.format(state.orders_per_second);
    at("payments").textContent = number.format(state.payments_per_second);
    at("refusals").textContent = number.format(state.refusals_per_second);
    at("screens").textContent = number.format(state.screens);
    showParts(state.parts);
    at("gauges").replaceChildren(...state.gauges.map(gauge));
    at("reasons").replaceChildren(...(state.refusals.length ? state.refusals.map(([code, n, rate]) => {
      const row = make("tr");
      row.append(make("td", "", code), make("td", "figures", number.format(n)), make("td", "figures", number.format(rate)));
      return row;
    }) : [make("tr", "", words.noRefusals)]));
    at("incidents").replaceChildren(...state.incidents.map((entry) => {
      const li = make("li"), words_ = make("span");
      li.dataset.level = entry.level;
      const head = [say(entry.level), entry.part, entry.by].filter(Boolean).join(" · ");
      words_.append(make("b", "", head), ` ${entry.text}`);
      li.append(make("time", "figures", time.format(new Date(entry.at))), words_);
      return li;
    }));
    showLamp();
  }

  function showLamp() {
    const lost = signedOut || tries > 0;
    const sentence = lost ? fill(signedOut ? words.signIn : words.lost, { time: seen ? time.format(new Date(seen.at)) : "–" }) : say(seen.lamp);
    document.querySelector(".centre").dataset.lamp = lost ? "unknown" : seen.lamp;
    at("lamp").lastElementChild.textContent = sentence;
    if (seen) at("at").textContent = time.format(new Date(seen.at));
  }

  function listen(ticket) {
    const next = new EventSource(`${start.stream}?ticket=${encodeURIComponent(ticket)}`);
    heard = performance.now();
    const hear = () => { heard = performance.now(); tries = 0; };
    next.addEventListener("figures", (event) => { hear(); show(JSON.parse(event.data)); });
    next.addEventListener("beat", hear);
    next.addEventListener("lapsed", () => { if (next === stream) { close(); renew(); } else next.close(); });
    next.onerror = () => { if (next === stream) lose(); else next.close(); };
    close();
    stream = next;
    clearTimeout(renewal);
    renewal = setTimeout(renew, RENEW_MS);
  }

  function close() { stream?.close(); stream = null; }
  function lose() { if (stream !== null) { close(); again(); } }

  function again() {
    tries += 1;
    showLamp();
    clearTimeout(renewal);
    renewal = setTimeout(renew, Math.min(500 * 2 ** Math.min(tries, 10), AGAIN_MS_MAX) * (0.75 + Math.random() / 2));
  }

  async function renew() {
    try {
      const answer = await fetch(start.ticketUrl, { redirect: "manual", cache: "no-store" });
      signedOut = answer.type === "opaqueredirect" || answer.status === 404;
      if (signedOut) close();
      if (!answer.ok) return again();
      listen((await answer.json()).ticket);
    } catch {
      again();
    }
  }

  setInterval(() => { if (stream !== null && performance.now() - heard > SILENCE_MS) lose(); }, 1000);
  listen(start.ticket);
})();
