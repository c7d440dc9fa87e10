// Taking a place with a pass. The pass carries the place's id, so it may be sent any number of times: whoever gets no
// clear answer sends it again, and there is one place at most.
(() => {
  "use strict";

  const start = JSON.parse(document.getElementById("start").textContent);
  const button = document.getElementById("take");
  if (!button) return;
  const says = document.getElementById("says");
  const csrf = document.querySelector("#token [name=csrfmiddlewaretoken]").value;
  const ANSWER_MS_MAX = 12_000;
  const AGAIN_MS_MAX = 15_000;
  const KEEP = `place:${start.placesUrl}`;
  const REMEMBER_MS = 5 * 3600 * 1000; // less than a pass lives

  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms * (0.8 + Math.random() * 0.4)));

  function say(sentence, tone) {
    says.textContent = sentence;
    says.className = `note${tone ? ` note--${tone}` : ""}`;
    says.hidden = !sentence;
  }

  function keep(pass) {
    try {
      if (pass) sessionStorage.setItem(KEEP, JSON.stringify({ pass, at: Date.now() }));
      else sessionStorage.removeItem(KEEP);
    } catch { /* then a reload starts anew, and the limit still holds */ }
  }

  function kept() {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEEP));
      return found && Date.now() - found.at < REMEMBER_MS ? found.pass : null;
    } catch {
      return null;
    }
  }

  async function send(url, options) {
    try {
      const answer = await fetch(url, { method: "POST", signal: AbortSignal.timeout(ANSWER_MS_MAX), ...options });
      const busy = answer.status >= 500 || answer.status === 429;
      return { status: answer.status, told: busy ? null : await answer.json(),
        after: Number(answer.headers.get("retry-after")) * 1000 || 0 };
    } catch {
      return { status: 0, told: null, after: 0 };
    }
  }

  /** Ask until the answer is clear. */
  async function until(url, options) {
    for (let tries = 1; ; tries += 1) {
      const answer = await send(url, options);
      if (answer.told) return answer;
      say(start.words.repeating, "gold");
      await wait(Math.max(answer.after, Math.min(700 * 1.6 ** tries, AGAIN_MS_MAX)));
    }
  }

  async function take(pass) {
    button.disabled = true;
    say(start.words.sending, "");
    if (!pass) {
      const leave = await until(start.passUrl, { headers: { "x-csrftoken": csrf } });
      if (!leave.told.pass) return conclude(leave.status === 401 ? "signIn" : leave.told.code);
      pass = leave.told.pass;
    }
    keep(pass);
    const answer = await until(start.placesUrl, {
      headers: { "content-type": "application/json" }, body: JSON.stringify({ pass }) });
    keep(null);
    if (answer.told.outcome === "taken") location.reload();
    else conclude(answer.told.code);
  }

  function conclude(code) {
    say(start.words[code] || start.words.other, "bad");
    button.disabled = false;
    button.focus();
  }

  button.hidden = false;
  button.addEventListener("click", () => take(null));
  const pending = kept();
  if (pending) take(pending);
})();
