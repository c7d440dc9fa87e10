// The waiting room on the drop page: takes the place, shows how one stands as the gate tells it, says what changes.
// How often to ask is the gate's to say. Nothing here decides who may order; the pass does.
(() => {
  "use strict";

  const { fill, put, jitter } = window.Drop;
  const ANSWER_MS_MAX = 12_000;
  const AGAIN_MS_MAX = 15_000;
  const JOIN_EVERY_MS = 5_000;
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const at = (id) => document.getElementById(id);

  /** One visitor's standing. `changed()` hears when what may be done has changed. */
  class Room {
    constructor({ start, clock, span, hour, changed }) {
      Object.assign(this, { start, clock, span, hour, changed });
      this.panel = at("room");
      this.words = JSON.parse(at("room-words").textContent);
      this.ticket = this.panel.dataset.ticket;
      this.url = this.ticket ? `${this.panel.dataset.url}?ticket=${this.ticket}` : start.stateUrl;
      this.state = this.panel.dataset.state;
      this.until = Date.parse(this.panel.dataset.turnUntil);
      this.spent = "spent" in this.panel.dataset; // the turn has had its order; the gate's memory knows nothing of it
      this.number = null;
      this.pauseMs = null;
      this.busy = false;
      this.joinedAt = 0;
      this.wasGone = false;
      this.admitted = null;
      this.title = document.title;
      for (const [button, again] of [["[data-join]", false], ["[data-join-again]", true]]) {
        const node = this.panel.querySelector(button);
        if (!node) continue;
        node.hidden = false;
        node.addEventListener("click", () => this.join(again));
      }
    }

    get myTurn() { return this.state === "turn" && this.clock.now() < this.until; }

    /** What the buy button says while it is not one's turn. */
    get buyWord() {
      return { out: this.words.buyOut, over: this.words.buyOver, used: this.words.buyUsed }[this.state] || this.words.buyWait;
    }

    /** The turn's one order is made, here or elsewhere. */
    used() {
      this.spent = true;
      this.become("used");
    }

    /** The order was not paid in time: a new place may be taken. */
    lapsed() { if (this.state === "used") this.become("over"); }

    async join(again = false) {
      if (this.busy) return;
      this.busy = true;
      this.joinedAt = performance.now();
      const buttons = this.panel.querySelectorAll("[data-join], [data-join-again]");
      buttons.forEach((button) => { button.disabled = true; });
      this.note(this.words.joining);
      try {
        await this.joinUntilClear(again);
      } finally {
        this.busy = false;
        buttons.forEach((button) => { button.disabled = false; });
      }
    }

    async joinUntilClear(again) {
      for (let tries = 1; ; tries += 1) {
        let retryAfterMs = 0;
        try {
          const answer = await fetch(this.panel.dataset.url, {
            method: "POST", headers: { "content-type": "application/json" },
            body: JSON.stringify({ ticket: this.ticket, again }), signal: AbortSignal.timeout(ANSWER_MS_MAX) });
          if (answer.ok) return this.joined((await answer.json()).number);
          if (answer.status === 403) return this.note(this.words.reload, "bad");
          if (answer.status === 409) return this.become("closed");
          retryAfterMs = Number(answer.headers.get("retry-after")) * 1000 || 0;
        } catch { /* no connection: again */ }
        this.note(this.words.asking, "gold");
        await wait(jitter(Math.max(retryAfterMs, Math.min(700 * 1.6 ** tries, AGAIN_MS_MAX))));
      }
    }

    joined(number) {
      this.note("");
      this.until = NaN;
      this.number = number;
      this.spent = false;
      this.become(number === null ? "early" : "in");
      this.say(number === null ? this.words.inRoom : fill(this.words.yourNumber, { number: this.count(number) }));
      this.changed(true);
    }

    /** What the gate told of the room. */
    heard(told) {
      if (!told) return;
      this.pauseMs = told.again_ms;
      const before = this.state;
      const inside = !["out", "closed"].includes(before);
      if (told.state === "early") {
        if (inside) this.become("early");
      } else if (told.state === "unknown") {
        // A new place takes a moment to be known everywhere; asking for it again gives the same one.
        if (inside && performance.now() - this.joinedAt > JOIN_EVERY_MS) this.join();
      } else if (before !== "closed" && !this.spent && !(told.number < this.number)) { // a lower one was given up
        this.until = Date.parse(told.until);
        this.become(told.state);
      }
      this.show(told);
      if (this.state !== before) this.announce(before, told);
      // Kept while waiting: a unit may be seen to be free a moment before it is one's turn.
      this.wasGone = Boolean(told.gone) || (this.wasGone && this.state === "waiting");
      this.admitted = told.admitted_to;
    }

    show(told) {
      const { words } = this;
      at("room-places").hidden = !told.places;
      put(at("room-places"), told.places === 1 ? words.placesOne : fill(words.places, { count: this.count(told.places) }));
      if (this.state === "waiting") {
        put(at("room-number"), this.count(told.number));
        put(at("room-ahead"), told.ahead === 0 ? words.aheadNone : told.ahead === 1 ? words.aheadOne
          : fill(words.ahead, { count: this.count(told.ahead) }));
        put(at("room-when"), told.gone ? "" : told.seconds ? this.about(told.seconds)
          : told.ahead >= (told.seats || 0) ? words.behindStock : words.cannotTell);
      }
      if (this.busy) return;
      if (told.gone && ["waiting", "in", "out", "over"].includes(this.state)) this.note(this.goneWords(told), "gold");
      else this.note("");
    }

    goneWords(told) {
      const { words } = this;
      if (this.wasGone && this.admitted !== null && told.admitted_to > this.admitted && this.state === "waiting") {
        const back = fill(words.cameBack, { number: this.count(told.admitted_to) });
        this.say(back);
        return back;
      }
      const rest = told.unpaid ? fill(words.unpaid, { count: this.count(told.unpaid) }) : words.allPaid;
      return `${words.gone} ${rest}`;
    }

    about(seconds) {
      const { words } = this;
      return seconds <= 30 ? words.aboutMinute : fill(words.aboutMinutes, { minutes: Math.ceil(seconds / 60) });
    }

    announce(before, told) {
      const { words } = this;
      const time = this.hour.format(new Date(this.until));
      if (this.state === "turn") this.say(fill(this.wasGone ? words.turnBack : words.turn, { time }));
      else if (this.state === "waiting") this.say(fill(words.yourNumber, { number: this.count(told.number) }));
      else if (this.state === "over") this.say(words.over);
      if (this.state === "turn" && this.wasGone) this.note(fill(words.turnBack, { time }), "good");
    }

    /** Once a second: the countdown, and the turn's end without waiting to be told. */
    tick() {
      if (this.state === "turn" && this.clock.now() >= this.until) {
        this.become("over");
        this.say(this.words.over);
      }
      if (this.state === "turn") put(at("room-clock"), this.span(this.until - this.clock.now()));
    }

    become(state) {
      if (this.state === state) return;
      this.state = state;
      this.panel.dataset.state = state;
      for (const part of this.panel.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
      document.title = state === "turn" ? `${this.words.title} · ${this.title}` : this.title;
      this.tick();
      this.changed(false);
    }

    say(sentence) { put(at("room-says"), sentence); }

    note(sentence, tone = "") {
      const node = at("room-note");
      put(node, sentence);
      node.hidden = !sentence;
      node.className = `note room__note${tone ? ` note--${tone}` : ""}`;
    }

    count(number) { return new Intl.NumberFormat(this.start.locale).format(number ?? 0); }
  }

  window.Drop.Room = Room;
})();
