/* Tonight: one stream of figures, shown as they come. Knows when it has lost its source, and says so. */
"use strict";

(() => {
  const { start, words, write, moment, second, setScene, show, tick, showState, scene, fill, text, clock, points } = window.Wall;
  const SILENCE_MS = 6_000; // something comes every two seconds at the latest, unless the database is away
  const AGAIN_MS_MAX = 15_000;
  const RENEW_MS = 80_000; // a ticket is good for two minutes
  const NEXT_SECONDS = 24 * 3600;

  let figures = null, stream = null, tries = 0, heard = 0, signedOut = false, offsets = [], renewal = 0;

  const serverNow = () => performance.now() + Math.max(...offsets);
  const isOver = () => scene().closes_at !== null && serverNow() >= Date.parse(scene().closes_at);
  const elapsed = () => ((isOver() ? Date.parse(scene().closes_at) : serverNow()) - Date.parse(scene().opens_at)) / 1000;

  function hear(at) {
    heard = performance.now();
    tries = 0;
    offsets = [...offsets.slice(-19), Date.parse(at) - heard];
  }

  function told(news) {
    figures = news;
    hear(news.at);
    show(figures);
    onTick();
  }

  /** Once a second: the clock, the milestones' races, the curve, and whether we still hear anything. */
  function onTick() {
    if (figures === null || scene() === null) return;
    const seconds = elapsed(), over = isOver();
    const lead = (Date.parse(scene().opens_at) - Date.parse(scene().counts_from)) / 1000;
    const curve = points(figures.curve, figures.curve_minutes, lead, figures.milestones, seconds);
    if (curve.at(-1)[0] < seconds) curve.push([seconds, figures.paid_amount]);
    tick(figures, { now: serverNow(), seconds, over, points: curve });
    const next = figures.next;
    const wait = next ? (Date.parse(next.opens_at) - serverNow()) / 1000 : Infinity;
    write("next", wait > 0 && wait < NEXT_SECONDS ? fill(words.next, { name: text(next.name), time: clock(wait) }) : "");
    if (stream !== null && performance.now() - heard > SILENCE_MS) lose();
    say(over);
  }

  function say(over) {
    const asOf = { time: second.format(new Date(figures.at)) };
    if (signedOut) showState("lost", fill(words.signIn, asOf));
    else if (tries > 0) showState("lost", fill(words.lost, asOf));
    else if (over) showState("over", fill(words.over, { time: moment(scene().closes_at, serverNow()) }));
    else showState("live", words.live);
  }

  /** Listen with a ticket. The next one is fetched before it lapses, and the streams change over without a gap. */
  function listen(ticket) {
    const next = new EventSource(`${start.stream}?ticket=${encodeURIComponent(ticket)}`);
    heard = performance.now();
    next.addEventListener("setting", (event) => { offsets = []; setScene(JSON.parse(event.data)); });
    next.addEventListener("figures", (event) => { told(JSON.parse(event.data)); });
    next.addEventListener("beat", (event) => { hear(JSON.parse(event.data).at); });
    next.addEventListener("lapsed", () => { if (next === stream) { close(); renew(); } else next.close(); });
    next.onerror = () => { if (next === stream) lose(); else next.close(); };
    if (stream !== null) stream.close();
    stream = next;
    clearTimeout(renewal);
    renewal = setTimeout(renew, RENEW_MS);
  }

  function close() {
    if (stream !== null) stream.close();
    stream = null;
  }

  function lose() {
    if (stream === null) return;
    close();
    again();
  }

  function again() {
    tries += 1;
    if (figures !== null) say(isOver());
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

  new ResizeObserver(onTick).observe(document.getElementById("curve"));
  setInterval(onTick, 1000);
  listen(start.ticket);
})();
