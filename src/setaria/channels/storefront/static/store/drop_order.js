// Ordering with a pass. The pass carries the order's id, so the same pass may be sent any number of times: whoever
// gets no clear answer sends it again, and there is one order at most. Only a further order needs a further pass.
(() => {
  "use strict";

  const { jitter } = window.Drop;
  const ANSWER_MS_MAX = 12_000;
  const AGAIN_MS_MAX = 15_000;
  const EARLY_TRIES_MAX = 8;
  const GONE_TRIES_MAX = 4;
  const REMEMBER_MS = 5 * 3600 * 1000; // less than a pass lives

  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Keeps the pass, sends orders. `report(kind, detail)` hears "sending", "repeating", "later", "offline", "working". */
  class Counter {
    constructor({ start, csrf, report }) {
      Object.assign(this, { start, csrf, report, pass: null, asking: null });
      this.key = `drop:${start.slug}:${start.customer}`;
    }

    /** Get the page's pass, once; later calls wait for the same answer. Resolves to "ok", "signed-out", "closed", or why nobody comes in. */
    ready() {
      this.asking ??= this.fetchPass();
      return this.asking;
    }

    /** Forget the pass: it has become an order, or is no longer good. */
    renew() {
      this.pass = this.asking = null;
      return this.ready();
    }

    async fetchPass() {
      let proof = "";
      for (let tries = 0; ; tries += 1) {
        let pauseMs = 0;
        try {
          const answer = await fetch(this.start.passUrl, {
            method: "POST", headers: { "x-csrftoken": this.csrf }, body: new URLSearchParams(proof ? { proof } : {}),
            signal: AbortSignal.timeout(ANSWER_MS_MAX) });
          proof = "";
          if (answer.status === 428) { // some work first; at once, so that it is done before the opening
            const { challenge, hard } = await answer.json();
            this.report("working", { hard, share: 0 });
            proof = await window.Drop.prove(this.start.workerUrl, challenge, (share) => this.report("working", { hard, share }));
            this.report("worked");
            if (!proof) return "GUARD_CANNOT";
            continue;
          }
          if (answer.status === 429) {
            pauseMs = Number(answer.headers.get("retry-after")) * 1000 || 0;
            this.report("guard-wait", (await answer.json().catch(() => ({}))).code);
          }
          if (answer.ok) {
            this.pass = (await answer.json()).pass;
            return "ok";
          }
          if (answer.status === 401) return "signed-out";
          if (answer.status === 403) return (await answer.json().catch(() => ({}))).code || "signed-out"; // why nobody comes in
          if (answer.status === 404) return "closed";
        } catch { /* no connection: again */ }
        if (!pauseMs) this.report("no-pass");
        await wait(jitter(Math.max(pauseMs, Math.min(1000 * 2 ** tries, AGAIN_MS_MAX))));
      }
    }

    /** An order that was sent from this browser and has had no clear answer, perhaps before a reload. */
    pending() {
      try {
        const kept = JSON.parse(localStorage.getItem(this.key));
        return kept && Date.now() - kept.at < REMEMBER_MS ? kept : null;
      } catch {
        return null;
      }
    }

    remember(order) {
      try {
        if (order === null) localStorage.removeItem(this.key);
        else localStorage.setItem(this.key, JSON.stringify({ ...order, at: Date.now() }));
      } catch { /* a browser that keeps nothing: the page itself still does */ }
    }

    /** Send lines under the page's pass, or go on with a pending order; resolves to the door's answer. */
    async send(lines) {
      const ready = await this.ready();
      if (ready !== "ok") {
        if (!ready.startsWith("GUARD")) this.asking = null; // what is missing may be there the next time
        return { code: ready === "signed-out" || ready === "closed" ? "SIGNED_OUT" : ready };
      }
      return this.sendUntilClear({ pass: this.pass, lines });
    }

    async sendUntilClear(order) {
      this.remember(order);
      this.report("sending");
      let early = 0, gone = 0;
      for (let tries = 1; ; tries += 1) {
        const { answer, retryAfterMs, kind } = await this.post(order);
        const code = answer && answer.code;
        const tooEarly = code === "NOT_OPEN" && this.start.isOpen() && (early += 1) <= EARLY_TRIES_MAX;
        const notLoaded = code === "UNKNOWN_DROP" && (gone += 1) <= GONE_TRIES_MAX; // a door that has just begun
        if (answer && !tooEarly && !notLoaded) {
          this.remember(null);
          return answer;
        }
        if (tooEarly) {
          await wait(100 + Math.random() * 200);
          continue;
        }
        this.report(kind, tries);
        await wait(jitter(Math.max(retryAfterMs, Math.min(700 * 1.6 ** tries, AGAIN_MS_MAX)), 0.2));
      }
    }

    /** Send once. `answer` is null where it is not clear what became of the order. */
    async post({ pass, lines }) {
      try {
        const answer = await fetch(this.start.ordersUrl, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ pass, lines }),
          signal: AbortSignal.timeout(ANSWER_MS_MAX),
        });
        const retryAfterMs = Number(answer.headers.get("retry-after")) * 1000 || 0;
        if (answer.status >= 500 || answer.status === 429) return { answer: null, retryAfterMs, kind: answer.status === 429 ? "later" : "repeating" };
        return { answer: await answer.json(), retryAfterMs, kind: "repeating" };
      } catch (error) {
        return { answer: null, retryAfterMs: 0, kind: error.name === "TimeoutError" ? "repeating" : "offline" };
      }
    }
  }

  window.Drop.Counter = Counter;
})();
