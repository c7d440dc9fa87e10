/* Milestones: notches at even distances, the last ones passed and the next to come, each with its time and its order. */
"use strict";

(() => {
  const { fill, span, text } = window.Wall;
  const SHOWN = 7;
  const AHEAD = 3; // still to come, where there are so many

  /** The milestones around where the sum is now. */
  function around(milestones, paid) {
    const passed = milestones.filter((m) => paid >= m.amount).length;
    const first = Math.min(Math.max(0, passed + AHEAD - SHOWN), Math.max(0, milestones.length - SHOWN));
    return milestones.slice(first, first + SHOWN);
  }

  /** How far along the line the sum is, 0 to 1: notches are even, the way between two is in proportion. */
  function reached(shown, paid) {
    const place = (i) => (i + 0.5) / shown.length;
    const next = shown.findIndex((m) => paid < m.amount);
    if (next === -1) return 1;
    const before = next ? shown[next - 1].amount : 0;
    const from = next ? place(next - 1) : 0;
    return from + (place(next) - from) * Math.max(0, (paid - before) / (shown[next].amount - before));
  }

  /** How a milestone stands against the documented time: a sentence and whether it is a good one. */
  function against(milestone, elapsed, words) {
    const record = milestone.reference_seconds;
    if (record === null) return null;
    if (milestone.seconds === null) return [fill(elapsed <= record ? words.toBeat : words.record, { time: span(record) }), ""];
    const late = Math.round(milestone.seconds - record);
    if (late === 0) return [words.even, "good"];
    const sentence = fill(late < 0 ? words.ahead : words.behind, { time: span(Math.abs(late)) });
    return [sentence, late < 0 ? "good" : "bad"];
  }

  /** The order that passed it: where it goes, what it is, the end of its number. Nothing about who. */
  function whose(milestone, words) {
    if (milestone.seconds === null) return "";
    const place = milestone.region ? text(milestone.region.name) : "";
    const rest = [place, fill(words.order, { order: milestone.order })].filter(Boolean).join(" · ");
    return `${text(milestone.product)}\n${rest}`;
  }

  function item() {
    const li = document.createElement("li");
    li.append(...["amount", "time", "against", "whose"].map((name) => {
      const part = document.createElement("span");
      part.className = name;
      return part;
    }));
    return li;
  }

  /** Show `figures.milestones` in the list, `elapsed` seconds after opening. */
  function show(list, figures, elapsed, money, words) {
    const shown = around(figures.milestones, figures.paid_amount), paid = figures.paid_amount;
    while (list.children.length < shown.length) list.append(item());
    list.style.setProperty("--reached", reached(shown, paid));
    const next = shown.findIndex((m) => paid < m.amount);
    const passed = next === -1 ? shown.length : next;
    shown.forEach((milestone, i) => {
      const li = list.children[i];
      const [amount, time, compared, order] = li.children;
      const verdict = against(milestone, elapsed, words);
      li.style.setProperty("--at", (i + 0.5) / shown.length);
      li.className = (i < passed ? "passed" : i === next ? "next" : "later")
        + (i === passed - 1 ? " latest" : "") + (i < passed - 3 || i > passed + 1 ? " far" : "");
      write(amount, money.round(milestone.amount));
      write(time, milestone.seconds === null ? "" : span(milestone.seconds));
      write(compared, verdict ? verdict[0] : "");
      write(order, whose(milestone, words));
      compared.dataset.verdict = verdict ? verdict[1] : "";
    });
  }

  function write(node, words) {
    if (node.textContent !== words) node.textContent = words;
  }

  window.Wall.showMilestones = show;
})();
