// The basket's buttons change their part of the page only; without this script, or when anything goes wrong, the form
// is sent as any other.
(() => {
  "use strict";
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("[data-part]")) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const held = document.activeElement && document.activeElement.id;
    const part = document.getElementById(form.dataset.part);
    part.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(form.dataset.part);
      if (!answer.ok || !fresh) throw new Error("not the page expected");
      for (const button of fresh.querySelectorAll("[data-auto-button]")) button.hidden = true;
      part.replaceWith(fresh);
      for (const place of [".notes", ".head .icon-link:last-of-type .icon-link__icon"]) {
        const [old, now] = [document.querySelector(place), page.querySelector(place)];
        if (old && now) old.innerHTML = now.innerHTML;
      }
      const again = held && document.getElementById(held);
      if (again) again.focus({ preventScroll: true });
      else document.getElementById("main").focus({ preventScroll: true });
    } catch {
      form.removeAttribute("data-part");
      form.requestSubmit(event.submitter);
    }
  });
})();
