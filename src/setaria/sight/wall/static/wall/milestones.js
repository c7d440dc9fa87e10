/* Milestones: notches on one scale (logarithmic, since each is several times the one before), with their times. */
"use strict";

(() => {
  const { fill, span } = window.Wall;

  /** Where an amount lies on the scale, 0 to 1: a tenth of the first milestone is its beginning. */
  function place(amount, milestones) {
    const low = milestones[0].amount / 10, high = milestones.at(-1).amount;
    return Math.min(1, Math.max(0, Math.log(Math.max(amount, 1) / low) / Math.log(high / low)));
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

  function item() {
    const li = document.createElement("li");
    li.append(...["amount", "time", "against"].map((name) => {
      const part = document.createElement("span");
      part.className = name;
      return part;
    }));
    return li;
  }

  /** Show `figures.milestones` in the list, `elapsed` seconds after opening. */
  function show(list, figures, elapsed, money, words) {
    const { milestones, paid_amount: paid } = figures;
    while (list.children.length < milestones.length) list.append(item());
    list.style.setProperty("--reached", place(paid, milestones));
    const next = milestones.findIndex((m) => m.seconds === null && paid < m.amount);
    milestones.forEach((milestone, i) => {
      const li = list.children[i];
      const passed = milestone.seconds !== null || paid >= milestone.amount;
      const [amount, time, compared] = li.children;
      const verdict = against(milestone, elapsed, words);
      li.style.setProperty("--at", place(milestone.amount, milestones));
      li.className = passed ? "passed" : i === next ? "next" : "";
      write(amount, money.round(milestone.amount));
      write(time, milestone.seconds === null ? "" : span(milestone.seconds));
      write(compared, verdict ? verdict[0] : "");
      compared.dataset.verdict = verdict ? verdict[1] : "";
    });
  }

  function write(node, words) {
    if (node.textContent !== words) node.textContent = words;
  }

  window.Wall.showMilestones = show;
})();
