/* A recording as the wall needs it: figures in the stream's shape, at any second of the event. */
"use strict";

(() => {
  const { points, valueAt } = window.Wall;
  const SELLERS = 5;
  const MOVEMENT_MINUTES_MAX = 5;

  class Tape {
    constructor(recording) {
      this.recording = recording;
      this.width = recording.step_minutes * 60;
      this.milestones = recording.milestones;
      const steps = recording.paid_amount.map((amount, i) => [i * recording.step_minutes, amount]);
      this.points = points(steps, recording.step_minutes, recording.lead_seconds, recording.milestones, Infinity);
      this.sums = Object.fromEntries(["paid_orders", "placed_orders", "placed_amount"].map((name) => [name, this.sum(recording[name])]));
      this.tracks = ["products", "channels", "regions"].reduce((all, name) => ({ ...all, [name]: recording[name].map((t) => this.track(t)) }), {});
    }

    get seconds() { return this.recording.seconds; }

    /** A dense list of what each step adds, as points. */
    sum(values) {
      return points(values.map((n, i) => [i * this.recording.step_minutes, n]), this.recording.step_minutes,
        this.recording.lead_seconds, [], Infinity);
    }

    /** A channel, product or region: its count and its amount as points. */
    track(track) {
      const of = (column) => points(track.steps.map((s) => [s[0] * this.recording.step_minutes, s[column]]),
        this.recording.step_minutes, this.recording.lead_seconds, [], Infinity);
      return { ...track, count: of(1), amount: of(2) };
    }

    /** All tracks of one name at `t`, the largest amount first. */
    parts(name, t) {
      return this.tracks[name]
        .map((track) => ({ track, count: Math.round(valueAt(track.count, t)), amount: Math.round(valueAt(track.amount, t)) }))
        .filter((part) => part.count > 0).sort((a, b) => b.amount - a.amount);
    }

    places(t) {
      const units = this.tracks.products.map((track, i) => [i, Math.round(valueAt(track.count, t))]);
      return units.filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    }

    sellers(t, minutes) {
      const before = new Map(this.places(t - minutes * 60).map(([i], place) => [i, place]));
      return this.places(t).slice(0, SELLERS).map(([i, units], place) => ({
        name: this.tracks.products[i].name, units, rise: before.has(i) ? before.get(i) - place : null }));
    }

    kinds(products) {
      const sums = new Map();
      for (const { track, count, amount } of products) {
        const one = sums.get(track.kind) || { name: this.recording.kinds[track.kind], count: 0, amount: 0 };
        sums.set(track.kind, { ...one, count: one.count + count, amount: one.amount + amount });
      }
      return [...sums.values()].sort((a, b) => b.amount - a.amount);
    }

    /** The figures `t` seconds after the opening. */
    at(t) {
      const minutes = Math.max(1, Math.min(MOVEMENT_MINUTES_MAX, Math.floor(t / 120)));
      const products = this.parts("products", t);
      const minute = Math.floor((t + this.recording.lead_seconds) / 60) * 60 - this.recording.lead_seconds;
      const regions = new Map();
      for (const { track, count, amount } of this.parts("regions", t)) {
        const key = track.region.code || track.region.name.en;
        const one = regions.get(key) || { region: track.region, orders: 0, amount: 0 };
        regions.set(key, { ...one, orders: one.orders + count, amount: one.amount + amount });
      }
      const named = (parts) => parts.map(({ track, count, amount }) => ({ name: track.name, count, amount }));
      const at = (name) => Math.round(valueAt(this.sums[name], t));
      return {
        paid_amount: Math.round(valueAt(this.points, t)),
        paid_orders: at("paid_orders"),
        placed_orders: at("placed_orders"),
        placed_amount: at("placed_amount"),
        paid_units: products.reduce((sum, p) => sum + p.count, 0),
        last_minute_amount: Math.round(valueAt(this.points, minute) - valueAt(this.points, Math.max(0, minute - 60))),
        best_sellers: this.sellers(t, minutes),
        movement_minutes: minutes,
        milestones: this.milestones.map((m) => (m.seconds !== null && m.seconds > t ? { ...m, seconds: null } : m)),
        channels: named(this.parts("channels", t)),
        kinds: this.kinds(products),
        products: named(products),
        regions: [...regions.values()].sort((a, b) => b.amount - a.amount),
        elsewhere: [],
      };
    }
  }

  window.Wall.Tape = Tape;
})();
