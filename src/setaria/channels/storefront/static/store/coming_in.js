// Draws and friend codes: a page that waits for an instant is loaded again after it, and a code's link can be copied.
(() => {
  "use strict";

  const WAIT_MS_MAX = 24 * 3600 * 1000;
  // Everybody waits for the same instant, so nobody comes exactly then.
  const spread = () => 2000 + Math.random() * 6000;

  for (const waiting of document.querySelectorAll("[data-turns-at]")) {
    const left = Math.max(0, Date.parse(waiting.dataset.turnsAt) - Number(document.documentElement.dataset.now));
    if (left < WAIT_MS_MAX) setTimeout(() => location.reload(), left + spread());
  }

  for (const button of document.querySelectorAll("[data-share]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.share);
        button.textContent = button.dataset.done;
      } catch { /* not allowed: the link itself is still there to be copied */ }
    });
  }
})();
