// Messages to this browser: asked for only by the button, beside the words that say what comes. Without the means, nothing is offered.
(() => {
  "use strict";
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  for (const part of able ? document.querySelectorAll("[data-push]") : []) {
    const { key, add, here, stop } = part.dataset;
    const [adding, stopping, said] = ["[data-push-add]", "[data-push-stop]", "[data-push-said]"].map((what) => part.querySelector(what));
    const send = async (where, fields) => {
      const body = new URLSearchParams(fields);
      for (const field of part.querySelectorAll("input[type=hidden]")) body.set(field.name, field.value);
      return (await fetch(where, { method: "POST", body })).json();
    };
    const show = (added) => { adding.hidden = added; stopping.hidden = !added; part.hidden = false; };
    const bytes = () => Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const current = async () => (await navigator.serviceWorker.ready).pushManager.getSubscription();
    const doing = async (work) => {
      adding.disabled = stopping.disabled = true;
      try { said.textContent = await work(); } catch { said.textContent = said.dataset.failed; }
      adding.disabled = stopping.disabled = false;
    };

    adding.addEventListener("click", () => doing(async () => {
      if (await Notification.requestPermission() !== "granted") return said.dataset.denied;
      const { pushManager } = await navigator.serviceWorker.ready;
      // One made under another key (the shop's was changed) is of no use any more.
      const old = await pushManager.getSubscription();
      if (old && String(new Uint8Array(old.options.applicationServerKey)) !== String(bytes())) await old.unsubscribe();
      const { endpoint, keys } = (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes() })).toJSON();
      const answer = await send(add, { endpoint, p256dh: keys.p256dh, auth: keys.auth });
      if (answer.code === "ADDED") show(true);
      return answer.message;
    }));

    stopping.addEventListener("click", () => doing(async () => {
      const subscription = await current();
      const answer = await send(stop, { endpoint: subscription ? subscription.endpoint : "" });
      if (subscription) await subscription.unsubscribe();
      show(false);
      return answer.message;
    }));

    (async () => {
      const subscription = Notification.permission === "granted" ? await current() : null;
      show(Boolean(subscription) && (await send(here, { endpoint: subscription.endpoint })).added);
    })().catch(() => { /* it is not offered then */ });
  }
})();
