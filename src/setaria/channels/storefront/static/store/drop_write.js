// How the drop page writes words, spans of time and money.
(() => {
  "use strict";

  const fill = (sentence, values) => sentence.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
  const two = (n) => String(n).padStart(2, "0");

  function put(node, text) {
    if (node && node.textContent !== text) node.textContent = text;
  }

  /** Writers of spans of time and of money, for one page's language and currency. */
  function writer(start) {
    function span(ms) {
      const s = Math.max(0, Math.ceil(ms / 1000));
      const days = Math.floor(s / 86400);
      const hours = `${two(Math.floor((s % 86400) / 3600))}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
      return days ? `${fill(start.words.days, { count: days })} ${hours}` : hours;
    }

    /** An amount as the rest of the page writes it: a smaller sign, no decimals that say nothing. */
    function money(node, minor) {
      const exact = new Intl.NumberFormat(start.locale, { style: "currency", currency: start.currency });
      const places = exact.resolvedOptions().maximumFractionDigits;
      const value = minor / 10 ** places;
      const least = Number.isInteger(value) ? 0 : start.locale.startsWith("zh") ? Math.min(1, places) : places;
      const sign = document.createElement("span");
      sign.className = "money__sign";
      sign.textContent = start.sign;
      const whole = document.createElement("span");
      whole.className = "money";
      whole.append(sign, new Intl.NumberFormat(start.locale, { minimumFractionDigits: least, maximumFractionDigits: places }).format(value));
      node.replaceChildren(whole);
    }

    return { span, money };
  }

  Object.assign((window.Drop ??= {}), { fill, put, writer });
})();
