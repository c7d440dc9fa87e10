/* A past event, played: the same wall, told by its tape. */
"use strict";

(() => {
  const { start, words, at, setScene, show, tick, showState, fill, date, count, Tape, span } = window.Wall;
  const SEEK_STEPS = 1000;
  const FRAME_MS = 100;

  let tape = null, position = 0, speed = 60, playing = true, then = 0, shownAt = 0;

  function draw() {
    const now = Date.parse(tape.recording.opens_at) + position * 1000;
    const figures = tape.at(position);
    show(figures);
    tick(figures, { now, seconds: position, over: position >= tape.seconds, points: tape.points, atOnce: !playing });
    at("seek").value = Math.round((position / tape.seconds) * SEEK_STEPS);
    at("seek").setAttribute("aria-valuetext", span(position));
    say();
  }

  function say() {
    const sentence = playing ? fill(words.replay, { speed: count(speed) }) : words.paused;
    showState("replay", `${sentence} · ${fill(words.replayScope, { date: date.format(new Date(tape.recording.opens_at)) })}`);
    at("play").textContent = playing ? words.pause : words.play;
    for (const button of document.querySelectorAll("#speeds button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === speed));
    }
  }

  function frame(now) {
    if (playing) position = Math.min(tape.seconds, position + ((now - then) / 1000) * speed);
    then = now;
    if (playing && now - shownAt >= FRAME_MS) {
      shownAt = now;
      if (position >= tape.seconds) playing = false;
      draw();
    }
    requestAnimationFrame(frame);
  }

  at("play").addEventListener("click", () => {
    if (!playing && position >= tape.seconds) position = 0;
    playing = !playing;
    draw();
  });
  at("seek").addEventListener("input", () => {
    position = (Number(at("seek").value) / SEEK_STEPS) * tape.seconds;
    draw();
  });
  at("speeds").addEventListener("click", (event) => {
    if (!event.target.dataset.speed) return;
    speed = Number(event.target.dataset.speed);
    draw();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("button, a, input")) return;
    event.preventDefault();
    at("play").click();
  });

  (async () => {
    const answer = await fetch(start.recording, { cache: "no-store" });
    if (!answer.ok) return showState("lost", words.waiting);
    tape = new Tape(await answer.json());
    setScene(start.setting);
    then = performance.now();
    new ResizeObserver(draw).observe(at("curve"));
    requestAnimationFrame(frame);
  })();
})();
