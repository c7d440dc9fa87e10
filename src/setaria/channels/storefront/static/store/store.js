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
  if (clocks.length) {
    tick();
    setInterval(tick, 1000);
  }
})();
