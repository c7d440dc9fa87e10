// The server's clock and the drop's state as the server tells it. Asked now and then; between two answers the
// browser's monotonic clock goes on, so that a wrong or changed computer clock opens nothing early.
(() => {
  "use strict";

  const SAMPLES_MAX = 8;
  const FAR_MS = 15_000; // how often to ask while nothing is about to happen
  const NEAR_MS = 4_000;
  const OPEN_MS = 3_000;
  const CLOSED_MS = 60_000;
  const HIDDEN_MS = 30_000;
  const AGAIN_MS_MAX = 30_000;
  const NEAR_OPENING_MS = 120_000;
  const ANSWER_MS_MAX = 8_000;

  const jitter = (ms, by = 0.25) => ms * (1 - by + Math.random() * 2 * by);

  /** What time it is at the server: the sample that took the shortest way is the best one. */
  class ServerClock {
    constructor(nowMs) {
      // The page's own time is some way old when we read it, so it is only good until the first answer.
      this.samples = [];
      this.offset = nowMs - performance.now();
      this.doubt = 500;
    }
    now() { return performance.now() + this.offset; }
    learn(serverMs, sentAt, gotAt) {
      const half = (gotAt - sentAt) / 2;
      this.samples = [...this.samples.slice(1 - SAMPLES_MAX), { offset: serverMs - sentAt - half, doubt: half }];
      const best = this.samples.reduce((a, b) => (b.doubt < a.doubt ? b : a));
      this.offset = best.offset;
      this.doubt = best.doubt;
    }
  }

  /** Asks for the drop's state and tells `heard(state)`; backs off while the server is busy or away. */
  class Watch {
    constructor({ url, clock, opensAt, closesAt, heard, lost, told = () => null }) {
      Object.assign(this, { url, clock, opensAt, closesAt, heard, lost, told, failures: 0, timer: 0, at: performance.now() });
      document.addEventListener("visibilitychange", () => { if (!document.hidden) this.soon(0); });
      window.addEventListener("online", () => this.soon(0));
    }

    /** Ask after so many milliseconds, instead of when it was planned. */
    soon(ms) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), ms);
    }

    async ask() {
      const asked = (this.asked = (this.asked || 0) + 1);
      const sentAt = performance.now();
      let pause = null;
      try {
        const answer = await fetch(this.url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX) });
        const gotAt = performance.now();
        if (answer.ok) {
          const told = await answer.json();
          this.clock.learn(Date.parse(told.now), sentAt, gotAt);
          this.failures = 0;
          this.at = gotAt;
          this.heard(told);
        } else {
          pause = this.fail(Number(answer.headers.get("retry-after")) * 1000, answer.status);
        }
      } catch {
        pause = this.fail(0, 0);
      }
      if (asked === this.asked) this.soon(pause ?? this.pause());
    }

    fail(retryAfterMs, status) {
      this.failures += 1;
      this.lost(status, performance.now() - this.at);
      return jitter(Math.max(retryAfterMs || 0, Math.min(1000 * 2 ** this.failures, AGAIN_MS_MAX)));
    }

    /** Milliseconds until the next question. Everybody waits for the same instant, so nobody asks exactly then. */
    pause() {
      const asTold = this.told();
      if (asTold !== null) return jitter(asTold);
      const now = this.clock.now();
      const toOpening = this.opensAt - now;
      if (toOpening > 0) {
        const usual = jitter(toOpening > NEAR_OPENING_MS ? (document.hidden ? HIDDEN_MS : FAR_MS) : NEAR_MS);
        return usual < toOpening ? usual : toOpening + 300 + Math.random() * 2200;
      }
      return jitter(now >= this.closesAt ? CLOSED_MS : document.hidden ? HIDDEN_MS : OPEN_MS);
    }
  }

  Object.assign((window.Drop ??= {}), { ServerClock, Watch, jitter });
})();
