// Suggestions while one types (the ARIA combobox pattern); without this the form searches as any form does.
(() => {
  "use strict";
  const WAIT_MS = 140;

  for (const form of document.querySelectorAll("[data-suggest]")) {
    const field = form.querySelector("input[type=search]");
    const list = form.querySelector("[role=listbox]");
    let waiting = 0;
    let asked = 0;
    let chosen = -1;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    field.setAttribute("aria-expanded", "false");

    const close = () => {
      list.hidden = true;
      chosen = -1;
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    };
    const choose = (next) => {
      const options = list.children;
      if (!options.length) return;
      chosen = (next + options.length) % options.length;
      [...options].forEach((option, n) => option.setAttribute("aria-selected", String(n === chosen)));
      field.setAttribute("aria-activedescendant", options[chosen].id);
    };
    const show = ({ kinds, products }) => {
      const options = [...kinds.map((kind) => ({ ...kind, kind: true })), ...products];
      list.replaceChildren(...options.map((option, n) => {
        const row = document.createElement("li");
        row.id = `${list.id}-${n}`;
        row.role = "option";
        row.textContent = option.name;
        row.dataset.url = option.url;
        if (option.kind) row.className = "search__kind";
        row.setAttribute("aria-selected", "false");
        return row;
      }));
      chosen = -1;
      list.hidden = !options.length;
      field.setAttribute("aria-expanded", String(!list.hidden));
    };
    const ask = async () => {
      const text = field.value.trim();
      if (!text) return close();
      const mine = ++asked;
      try {
        const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(text)}`);
        if (answer.ok && mine === asked && document.activeElement === field) show(await answer.json());
      } catch { /* the form still works */ }
    };

    field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, WAIT_MS); });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || list.hidden) return;
      if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp") choose(chosen - 1);
      else if (event.key === "Escape") close();
      else if (event.key === "Enter" && chosen >= 0) location.assign(list.children[chosen].dataset.url);
      else return;
      event.preventDefault();
    });
    list.addEventListener("mousedown", (event) => {
      const row = event.target.closest("li");
      if (row) { event.preventDefault(); location.assign(row.dataset.url); }
    });
    field.addEventListener("blur", () => setTimeout(close, 150));
  }

  // Filters lie open beside the products where there is room for them.
  const wide = matchMedia("(min-width: 60rem)");
  const fit = () => { for (const part of document.querySelectorAll("[data-wide-open]")) part.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
})();
