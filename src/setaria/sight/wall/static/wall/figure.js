/* Figures that move: written for the reader's locale, and rolling from what they were to what they are. */
"use strict";

window.Wall = window.Wall || {};

(() => {
  const page = document.documentElement.lang;
  const own = navigator.languages.find((tag) => tag.slice(0, 2).toLowerCase() === page.slice(0, 2));
  const locale = own || page;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const ROLL_MS = 260; // after so long two thirds of the way are done; new figures come four times a second
  const rolling = new Set();
  let last = 0;

  /** Writers of numbers and money for one currency; amounts come in its minor units. */
  function writer(currency) {
    const money = (options) => new Intl.NumberFormat(locale, {
      style: "currency", currency, currencyDisplay: "narrowSymbol", ...options });
    const exact = money({});
    const scale = 10 ** exact.resolvedOptions().maximumFractionDigits;
    const whole = money({ maximumFractionDigits: 0 });
    const short = money({ notation: "compact", maximumSignificantDigits: 4 });
    const round = money({ notation: "compact", maximumSignificantDigits: 3 });
    const brief = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 2 });
    return {
      parts: (minor) => exact.formatToParts(minor / scale),
      whole: (minor) => whole.format(minor / scale),
      short: (minor) => short.format(minor / scale),
      round: (minor) => round.format(minor / scale),
      brief: (minor) => brief.format(minor / scale),
    };
  }

  const count = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });

  /** Seconds as 0:03, 3:57 or 1:03:57. */
  function span(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    const two = (n) => String(n).padStart(2, "0");
    const h = Math.floor(s / 3600), m = Math.floor((s % 3600) / 60);
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  }

  /** Seconds as 00:03:57, so that a big clock does not change its width. */
  const clock = (seconds) => span(seconds).split(":").map((p) => p.padStart(2, "0")).join(":").padStart(8, "00:");

  /** A figure that rolls to each new value; `write` puts a whole number where it belongs. */
  class Rolling {
    constructor(write) { this.write = write; this.shown = null; this.target = 0; this.written = null; }
    set(value) {
      this.target = value;
      if (this.shown === null || still.matches || document.hidden) this.shown = value;
      if (this.shown === value) this.put(); else start(this);
    }
    put() {
      const value = Math.round(this.shown);
      if (value !== this.written) this.write(this.written = value);
    }
    step(share) {
      this.shown += (this.target - this.shown) * share;
      if (Math.abs(this.target - this.shown) < 0.5) this.shown = this.target;
      this.put();
      return this.shown !== this.target;
    }
  }

  function start(figure) {
    if (!rolling.size) { last = performance.now(); requestAnimationFrame(frame); }
    rolling.add(figure);
  }

  function frame(now) {
    const share = 1 - Math.exp(-(now - last) / ROLL_MS);
    last = now;
    for (const figure of rolling) if (!figure.step(Math.max(share, 0))) rolling.delete(figure);
    if (rolling.size) requestAnimationFrame(frame);
  }

  const fill = (words, values) => words.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
  const text = (texts) => texts[page] || texts["zh-hans"] || texts.en || "";

  Object.assign(window.Wall, { locale, writer, count: (n) => count.format(n), span, clock, Rolling, fill, text });
})();
