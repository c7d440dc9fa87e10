/* A sum that grows with time: points [seconds after opening, amount], and what it is in between. */
"use strict";

(() => {
  /** The points of a curve that is counted by steps of minutes, through its milestones' exact instants.
      `steps`: [minute at which a step begins, amount in it]; `lead`: seconds from the first step to the opening. */
  function points(steps, stepMinutes, lead, milestones, until) {
    const found = [[0, 0]];
    let sum = 0;
    for (const [minute, amount] of steps) {
      const begins = Math.max(0, minute * 60 - lead), ends = (minute + stepMinutes) * 60 - lead;
      if (begins > found.at(-1)[0]) found.push([begins, sum]);
      for (const m of milestones) {
        if (m.seconds !== null && m.seconds > begins && m.seconds < ends && m.amount > sum && m.amount <= sum + amount
          && m.seconds > found.at(-1)[0]) found.push([m.seconds, m.amount]);
      }
      sum += amount;
      if (ends <= until) found.push([ends, sum]);
    }
    return found;
  }

  /** What the sum is at `seconds`, evenly between two points; after the last point it stands. */
  function valueAt(points, seconds) {
    let low = 0, high = points.length - 1;
    if (seconds >= points[high][0]) return points[high][1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= seconds) low = middle; else high = middle;
    }
    const [t0, v0] = points[low], [t1, v1] = points[high];
    return t1 > t0 ? v0 + (v1 - v0) * Math.max(0, (seconds - t0) / (t1 - t0)) : v0;
  }

  /** The points of the event before, once for each setting. */
  function pointsOfLast(last) {
    const steps = last.paid_amount.map((amount, i) => [i * last.step_minutes, amount]);
    return points(steps, last.step_minutes, last.lead_seconds, last.milestones, Infinity);
  }

  Object.assign(window.Wall, { points, valueAt, pointsOfLast });
})();
