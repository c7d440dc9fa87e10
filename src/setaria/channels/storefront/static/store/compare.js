// What is ticked on one page of a listing is still ticked on the next: kept for this window only, one kind at a time.
(() => {
  "use strict";
  if (window.setariaCompare) return;
  window.setariaCompare = true;
  const KEY = "compare";
  const read = () => { try { return JSON.parse(sessionStorage.getItem(KEY)) || { kind: "", chosen: [] }; } catch { return { kind: "", chosen: [] }; } };
  const write = (kept) => { try { sessionStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* then only this page knows */ } };
  let kept = read();

  // A comparison that is looked at is what is chosen from then on.
  const compared = [...document.querySelectorAll("[data-compared]")];
  if (compared.length) {
    write({ kind: compared[0].dataset.kind, chosen: compared.map((one) => ({ slug: one.dataset.compared, name: one.dataset.name })) });
    return;
  }

  for (const link of document.querySelectorAll("[data-compare-link]")) {
    if (kept.kind !== link.dataset.kind) continue;
    const others = kept.chosen.map((one) => one.slug).filter((slug) => slug !== link.dataset.slug).slice(0, 3);
    link.href += others.map((slug) => `&p=${encodeURIComponent(slug)}`).join("");
  }

  const tray = document.querySelector("[data-tray]");
  if (!tray) return;
  const boxes = [...document.querySelectorAll("input[form=compare]")];
  const list = tray.querySelector(".tray__chosen");
  const row = tray.querySelector("template");
  const most = Number(tray.dataset.max);

  const show = () => {
    const kinds = new Set(boxes.map((box) => box.dataset.kind));
    const here = kinds.has(kept.kind) ? kept : { kind: "", chosen: [] };
    const slugs = here.chosen.map((one) => one.slug);
    for (const box of boxes) {
      box.checked = slugs.includes(box.value);
      box.disabled = !box.checked && slugs.length > 0 && (slugs.length >= most || box.dataset.kind !== here.kind);
    }
    for (const hidden of tray.querySelectorAll("input[type=hidden]")) hidden.remove();
    list.replaceChildren(...here.chosen.map((one) => {
      const item = row.content.firstElementChild.cloneNode(true);
      item.querySelector("span").textContent = one.name;
      const out = item.querySelector("button");
      out.setAttribute("aria-label", `${out.getAttribute("aria-label")} ${one.name}`);
      out.addEventListener("click", () => { drop(one.slug); (boxes.find((box) => box.value === one.slug) || tray.querySelector("button")).focus(); });
      if (!boxes.some((box) => box.value === one.slug)) {
        const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "p", value: one.slug });
        tray.append(hidden);
      }
      return item;
    }));
    list.hidden = false;
    tray.querySelector(".tray__word").hidden = slugs.length > 0;
    tray.classList.toggle("tray--empty", slugs.length === 0);
  };
  const drop = (slug) => { kept = { ...kept, chosen: kept.chosen.filter((one) => one.slug !== slug) }; write(kept); show(); };
  const add = (box) => {
    if (kept.kind !== box.dataset.kind) kept = { kind: box.dataset.kind, chosen: [] };
    if (kept.chosen.length < most) kept.chosen.push({ slug: box.value, name: box.dataset.name });
    write(kept);
    show();
  };
  for (const box of boxes) box.addEventListener("change", () => (box.checked ? add(box) : drop(box.value)));
  show();
  window.addEventListener("pageshow", (event) => { if (event.persisted) { kept = read(); show(); } });
})();
