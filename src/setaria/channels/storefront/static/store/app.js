// The store as an app: registers the service worker, marks what is shown from memory, offers to be installed, once and quietly.
(() => {
  "use strict";
  if ("serviceWorker" in navigator) {
    window.addEventListener("load", () => { navigator.serviceWorker.register("/sw.js").catch(() => { /* a store without it is a store */ }); });
  }

  // Shown from memory: say since when, and sell nothing, for prices and stock may be others by now.
  const { seenAt } = document.documentElement.dataset;
  const note = document.querySelector("[data-seen-note]");
  if (seenAt && note) {
    const at = new Date(seenAt);
    note.querySelector("time").dateTime = seenAt;
    note.querySelector("time").textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    note.hidden = false;
    for (const button of document.querySelectorAll("form[method=post] button")) button.disabled = true;
    window.addEventListener("online", () => location.reload(), { once: true });
  }

  // The browser says when it can be installed; the offer waits in the foot for whoever looks for it.
  const offer = document.querySelector("[data-install]");
  if (offer) {
    let ask = null;
    window.addEventListener("beforeinstallprompt", (event) => { event.preventDefault(); ask = event; offer.hidden = false; });
    window.addEventListener("appinstalled", () => { offer.hidden = true; });
    offer.addEventListener("click", async () => { if (ask) { ask.prompt(); await ask.userChoice; offer.hidden = true; ask = null; } });
  }

  const again = document.querySelector("[data-again]");
  if (again) {
    again.addEventListener("click", (event) => { event.preventDefault(); location.reload(); });
    window.addEventListener("online", () => location.reload(), { once: true });
    const list = document.querySelector("[data-seen-pages]");
    const tell = async () => {
      const cache = await caches.open("seen");
      for (const request of (await cache.keys()).reverse().slice(0, 12)) {
        const page = new DOMParser().parseFromString(await (await cache.match(request)).text(), "text/html");
        const link = document.createElement("a");
        link.href = request.url;
        link.textContent = page.title;
        const item = document.createElement("li");
        item.append(link);
        list.querySelector("ul").append(item);
        list.hidden = false;
      }
    };
    if (list && "caches" in window) tell().catch(() => { /* nothing was seen */ });
  }
})();
