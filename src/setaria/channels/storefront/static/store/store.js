// Small comforts; every page works without them.
(() => {
  "use strict";

  // Menus close on Escape and on a click elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // The theme changes at once; the cookie keeps it, so that the next page arrives in it without a flash.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
  });

  // A form that must not be sent twice says so; the server would answer the same anyway.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("[data-once]")) return;
    const button = event.submitter || event.target.querySelector("button[type=submit]");
    if (button) setTimeout(() => { button.disabled = true; }, 0);
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[data-once] button:disabled")) button.disabled = false;
  });

  // A change of choice or quantity is sent at once where the form asks for it.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.matches("[data-auto]")) form.requestSubmit(form.querySelector("[data-auto-button]"));
  });
  for (const button of document.querySelectorAll("[data-auto-button]")) button.hidden = true;

  // The price at the top is that of the variant chosen, as soon as one is.
  document.addEventListener("change", (event) => {
    const choice = event.target.closest(".choice");
    const price = document.querySelector("[data-price]");
    if (!choice || !price) return;
    const parts = [choice.querySelector("[data-choice-price]"), choice.querySelector("[data-choice-each]")].filter(Boolean);
    if (!parts.length) return; // all variants cost the same
    price.replaceChildren(...parts.flatMap((part) => [part.cloneNode(true), " "]));
  });

  // A heart is put on or taken off the wish list without leaving the page; if anything goes wrong, the form is sent.
  document.addEventListener("submit", async (event) => {
    const heart = event.submitter;
    if (event.defaultPrevented || !heart || !heart.matches(".heart")) return;
    event.preventDefault();
    const form = event.target;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form, heart), headers: { Accept: "application/json" } });
      if (answer.status !== 204) throw new Error("not done");
      const other = document.getElementById(form.id === "wish" ? "unwish" : "wish");
      for (const same of document.querySelectorAll(`.heart[value="${CSS.escape(heart.value)}"]`)) {
        same.setAttribute("form", other.id);
        same.classList.toggle("heart--on", other.id === "unwish");
        const word = same.querySelector("[data-word]");
        if (word) word.textContent = other.dataset.word;
        else same.setAttribute("aria-label", same.getAttribute("aria-label").replace(form.dataset.word, other.dataset.word));
      }
    } catch {
      const sent = document.createElement("input");
      Object.assign(sent, { type: "hidden", name: "product", value: heart.value });
      form.append(sent);
      form.submit();
    }
  });

  // Clocks count by the server's time: what the page says it was when it was made, plus what passed since.
  const made = Number(document.documentElement.dataset.now || 0);
  const skew = made ? made - Date.now() : 0;
  const pad = (n) => String(n).padStart(2, "0");
  const clocks = [...document.querySelectorAll("[data-until]")];
  const tick = () => {
    for (const clock of clocks) {
      const left = Math.max(0, Math.floor((Date.parse(clock.dataset.until) - Date.now() - skew) / 1000));
      const hours = Math.floor(left / 3600);
      const text = `${pad(Math.floor((left % 3600) / 60))}:${pad(left % 60)}`;
      clock.textContent = hours ? `${pad(hours)}:${text}` : text;
      if (left === 0 && !clock.dataset.over) {
        clock.dataset.over = "1";
        if (clock.dataset.then === "reload") setTimeout(() => location.reload(), 1500);
      }
    }
  };
  // An order whose payment is under way looks by itself whether the bank's word has come, for two minutes.
  const watched = document.querySelector("[data-watch]");
  let looks = 40;
  const look = async () => {
    if (looks-- <= 0) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const state = page.querySelector("[data-state]");
      if (state && state.dataset.state !== watched.dataset.state) return location.reload();
    } catch { /* the next look may do better */ }
    setTimeout(look, 3000);
  };
  if (watched) setTimeout(look, 1500);

  if (clocks.length) {
    tick();
    setInterval(tick, 1000);
  }
})();
