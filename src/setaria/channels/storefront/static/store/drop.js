// The drop page: shows what the clock, the watch and the counter know, and takes the buyer's choice.
(() => {
  "use strict";

  const { ServerClock, Watch, Counter, Room, fill, put, writer } = window.Drop;
  const start = JSON.parse(document.getElementById("start").textContent);
  const { words } = start;
  const { money, span } = writer(start);
  const at = (id) => document.getElementById(id);
  const opensAt = Date.parse(start.opensAt), closesAt = Date.parse(start.closesAt);
  const clock = new ServerClock(Date.parse(start.now));
  const items = new Map(start.items.map((item) => [item.sku, { ...item, chosen: 0 }]));
  const KEEP = `chosen:${start.slug}`;
  const STALE_MS = 20_000;
  const HOUR = new Intl.DateTimeFormat(start.locale,
    { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: start.timeZone });

  let latest = null; // the order made last on this page, by its id
  let busy = null; // null, "sending", "repeating", "later" or "offline"
  let state = start.state;
  let soldOut = start.state === "sold_out";

  // Where one comes in by number, one may order in one's turn only, and the room tells how often to ask.
  const room = Room && at("room") ? new Room({ start, clock, span, hour: HOUR, changed: roomChanged }) : null;

  function roomChanged(joined) {
    if (room.myTurn && start.canBuy) {
      if (!chosen().length) restoreChoice(); // given up meanwhile, while nothing was left
      counter.renew();
    }
    if (joined) watch.soon(700);
    render();
  }

  // Never before the server: as late as our doubt about its clock is large.
  start.isOpen = () => clock.now() - clock.doubt >= opensAt && clock.now() < closesAt;

  // What can be chosen

  const chosen = () => [...items.values()].filter((item) => item.chosen > 0);
  const most = (item) => (!start.canBuy || state === "closed" || item.soldOut || item.price === null ? 0 : item.left);

  function choose(item, quantity) {
    item.chosen = Math.min(Math.max(0, quantity), most(item));
    keepChoice();
    render();
  }

  function keepChoice() {
    try {
      sessionStorage.setItem(KEEP, JSON.stringify(chosen().map((item) => [item.sku, item.chosen])));
    } catch { /* then a reload forgets it */ }
  }

  function restoreChoice() {
    try {
      for (const [sku, quantity] of JSON.parse(sessionStorage.getItem(KEEP)) || []) {
        const item = items.get(sku);
        if (item) item.chosen = Math.min(quantity, most(item));
      }
    } catch { /* nothing was kept */ }
    const [only] = items.values();
    if (items.size === 1 && !chosen().length) only.chosen = Math.min(1, most(only));
  }

  function renderOffer(row) {
    const item = items.get(row.dataset.sku);
    row.toggleAttribute("data-sold-out", item.soldOut);
    row.toggleAttribute("data-chosen", item.chosen > 0);
    const tag = row.querySelector("[data-tag]");
    const word = item.soldOut ? words.itemSoldOut : item.left === 0 && start.customer ? words.yoursAlready : "";
    tag.hidden = !word;
    put(tag, word);
    const toggle = row.querySelector("[data-toggle]"), stepper = row.querySelector("[data-stepper]");
    const usable = most(item) > 0 && state !== "closed";
    if (toggle) {
      toggle.hidden = !usable;
      toggle.disabled = busy !== null;
      toggle.setAttribute("aria-pressed", String(item.chosen > 0));
      put(toggle.querySelector("[data-word]"), item.chosen ? words.chosen : words.choose);
    }
    if (stepper) {
      stepper.hidden = !usable;
      put(stepper.querySelector("[data-quantity]"), String(item.chosen));
      stepper.querySelector("[data-less]").disabled = busy !== null || item.chosen === 0;
      stepper.querySelector("[data-more]").disabled = busy !== null || item.chosen >= most(item);
    }
  }

  // What is shown

  function renderBar() {
    const lines = chosen();
    const units = lines.reduce((sum, item) => sum + item.chosen, 0);
    put(at("bar-units"), units ? fill(words.units, { count: units }) : start.canBuy && (state === "before" || state === "open") ? words.nothingChosen : "");
    at("bar-total").hidden = !units;
    if (units) money(at("bar-total"), lines.reduce((sum, item) => sum + item.chosen * item.price, 0));
    const buy = at("buy");
    if (!buy) return;
    const mayBuy = room === null || room.myTurn;
    buy.disabled = busy !== null || state !== "open" || !units || !mayBuy;
    put(buy, busy === "sending" ? words.buySending : busy !== null ? words.buyRepeating
      : state === "before" ? fill(words.buyBefore, { time: HOUR.format(opensAt) })
      : state === "sold_out" ? words.buySoldOut
      : state === "closed" ? words.buyClosed
      : !mayBuy ? room.buyWord
      : units ? words.buy : words.buyChoose);
  }

  function render() {
    document.querySelectorAll(".offer[data-sku]").forEach(renderOffer);
    renderBar();
    renderOwn();
  }

  function renderState() {
    const now = clock.now();
    const next = now - clock.doubt < opensAt ? "before" : now >= closesAt || start.finished ? "closed" : soldOut ? "sold_out" : "open";
    if (next !== state) {
      const before = state;
      state = next;
      if (busy === null) say({ open: before === "sold_out" ? words.saysBack : words.saysOpen, sold_out: room ? "" : words.saysSoldOut }[next] || "");
      render();
    }
    at("drop").dataset.state = state;
    at("state-tag").dataset.state = state;
    put(at("state-tag"), { before: words.stateBefore, open: words.stateOpen, sold_out: words.stateSoldOut, closed: words.stateClosed }[state]);
    if (busy === null && !at("says").textContent) {
      if (state === "sold_out" && room === null) say(words.saysSoldOut); // a room says it with what it means for one's number
      if (state === "closed") say(words.saysClosed);
    }
    const left = (state === "before" ? opensAt + clock.doubt : closesAt) - now;
    at("dial").hidden = state === "closed";
    put(at("dial-label"), state === "before" ? words.opensIn : words.closesIn);
    put(at("dial-time"), span(left));
    at("dial-time").toggleAttribute("data-long", left >= 86_400_000);
  }

  /** Say a sentence where it is seen and read aloud; the tone is "", "good" or "bad". */
  function say(sentence, tone = "", about = "") {
    const says = at("says");
    put(says, sentence);
    says.className = sentence ? `drop__says note${tone ? ` note--${tone}` : ""}` : "drop__says";
    says.dataset.for = about;
  }

  function heard(told) {
    for (const seen of told.items) {
      const item = items.get(seen.sku);
      if (!item) continue;
      if (item.price !== seen.price && seen.price !== null) {
        const shown = document.querySelector(`.offer[data-sku="${CSS.escape(seen.sku)}"] [data-price]`);
        if (shown) money(shown, seen.price);
      }
      Object.assign(item, { price: seen.price, soldOut: seen.sold_out });
      if (busy === null) item.chosen = Math.min(item.chosen, most(item));
    }
    room?.heard(told.room);
    soldOut = told.items.length > 0 && told.items.every((item) => item.sold_out);
    if (at("says").dataset.for === "stale") say("");
    render();
    renderState();
  }

  function lost(status, silentMs) {
    if (status === 404 && clock.now() >= closesAt) start.finished = true;
    else if (silentMs > STALE_MS && busy === null) {
      say(fill(words.stale, { time: HOUR.format(new Date(Date.now() - silentMs)) }), "", "stale");
    }
    renderState();
  }

  // Buying

  const csrf = document.querySelector("#token [name=csrfmiddlewaretoken]").value;
  const counter = new Counter({ start, csrf, report });

  /** Show how far the proof of work is; it never stands in the way of choosing. */
  function working(done) {
    at("work").hidden = done === null;
    if (done === null) return;
    put(at("work-says"), done.hard ? words.workingHard : words.working);
    at("work-done").value = Math.round(done.share * 100);
  }

  function report(kind, detail) {
    if (kind === "working") return working(detail);
    if (kind === "worked") return working(null);
    if (kind === "guard-wait") return say(words[detail] || words.GUARD_WAIT, "gold");
    if (kind === "no-pass") {
      if (busy !== null) say(words.noPass);
      return;
    }
    busy = kind;
    say(kind === "sending" ? words.sending : { offline: words.keptOffline, later: words.GUARD_LATER }[kind] || words.kept, kind === "sending" ? "" : "gold");
    render();
  }

  async function buy() {
    if (busy !== null) return;
    const lines = chosen().map(({ sku, chosen: quantity, price }) => ({ sku, quantity, price }));
    busy = "sending";
    render();
    conclude(await counter.send(lines), lines);
  }

  async function resume(order) {
    conclude(await counter.sendUntilClear(order), order.lines);
  }

  async function conclude(answer, lines) {
    busy = null;
    if (answer.outcome === "placed") return placed(answer, lines);
    const code = answer.code;
    if (code === "SIGNED_OUT") {
      say(words.signIn, "bad");
      at("buy").hidden = true;
      at("sign-in").hidden = false;
    } else say(words[code] || words.other, "bad", code);
    if (code === "TURN_USED") room?.used();
    if (code === "SOLD_OUT" && lines.length === 1 && items.has(lines[0].sku)) items.get(lines[0].sku).soldOut = true;
    if (["BAD_PASS", "PASS_LAPSED", "ID_CONFLICT"].includes(code)) counter.renew();
    render();
    watch.soon(code === "PRICE_CHANGED" || code === "SOLD_OUT" ? 300 : 1500);
  }

  function placed(order, lines) {
    say(fill(words.yours, { time: HOUR.format(new Date(order.pay_by)) }));
    at("says").className = "visually-hidden"; // the order's own card says it to the eye
    const known = document.querySelector(`[data-order="${order.id}"]`);
    latest = order.id;
    if (!known) showOrder(order, lines);
    if (!known) {
      for (const { sku, quantity } of lines) {
        const item = items.get(sku);
        if (item) Object.assign(item, { chosen: 0, left: Math.max(0, item.left - quantity) });
      }
    }
    keepChoice();
    room?.used();
    // A further order needs a pass of its own; it is fetched when the customer chooses something more.
    counter.pass = counter.asking = null;
    render();
  }

  function showOrder(order, lines) {
    const card = at("order-card").content.firstElementChild.cloneNode(true);
    card.dataset.order = order.id;
    card.dataset.payBy = order.pay_by;
    card.querySelector("[data-pay]").id = `pay-${order.id}`;
    for (const [selector, attribute] of [["[data-pay]", "action"], ["[data-link]", "href"]]) {
      const node = card.querySelector(selector);
      node.setAttribute(attribute, node.getAttribute(attribute).replace(start.noOrder, order.id));
    }
    put(card.querySelector("[data-contents]"),
      lines.map(({ sku, quantity }) => `${items.get(sku)?.name ?? sku} × ${quantity}`).join(", "));
    card.querySelectorAll("[data-total]").forEach((node) => money(node, order.total));
    at("own").prepend(card);
    at("own").hidden = false;
    renderOwn();
    card.querySelector("[data-title]").focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  /** The clocks of unpaid orders. At the thumb is the one just made, else the one that lapses first; none while more is being chosen. */
  function renderOwn() {
    let urgent = null;
    for (const card of document.querySelectorAll("[data-pay-by]")) {
      const left = Date.parse(card.dataset.payBy) - clock.now();
      if (left > 0) {
        const sooner = !urgent || (urgent.dataset.order !== latest && card.dataset.payBy < urgent.dataset.payBy);
        if (sooner || card.dataset.order === latest) urgent = card;
        put(card.querySelector("[data-clock]"), span(left - 999));
      } else {
        delete card.dataset.payBy;
        room?.lapsed();
        card.classList.remove("own__order--open");
        put(card.querySelector("[data-title-word]"), words.lapsed);
        put(card.querySelector("[data-clock]"), "");
        card.querySelector("[data-pay]")?.remove();
      }
    }
    const owed = urgent !== null && busy === null && !chosen().length;
    at("owed").hidden = !owed;
    at("buying").classList.toggle("bar__buy--aside", owed);
    if (!owed) return;
    put(at("owed-clock"), urgent.querySelector("[data-clock]").textContent);
    at("owed-total").replaceChildren(...urgent.querySelector("[data-pay] [data-total]").cloneNode(true).childNodes);
    at("owed-pay").setAttribute("form", urgent.querySelector("[data-pay]").id);
  }

  // Beginning

  const watch = new Watch({
    url: room ? room.url : start.stateUrl, clock, opensAt, closesAt, heard, lost, told: () => room && room.pauseMs });

  function tick() {
    renderState();
    renderOwn();
    room?.tick();
    const instant = state === "before" ? opensAt + clock.doubt : closesAt;
    const left = Math.max(0, instant - clock.now());
    setTimeout(tick, Math.max(20, Math.min(left % 1000 || 1000, 1000)));
  }

  at("bar").hidden = false;
  at("by-server").hidden = false;
  document.querySelector(".offers").addEventListener("click", (event) => {
    const row = event.target.closest(".offer[data-sku]"), button = event.target.closest("button");
    if (!row || !button || busy !== null) return;
    const item = items.get(row.dataset.sku);
    choose(item, button.matches("[data-toggle]") ? (item.chosen ? 0 : 1) : item.chosen + (button.matches("[data-more]") ? 1 : -1));
    if (start.customer && start.canBuy && state !== "closed" && (room === null || room.myTurn)) counter.ready();
  });
  at("buy")?.addEventListener("click", buy);
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  restoreChoice();
  render();
  tick();
  if (!start.finished) watch.ask();
  if (start.customer && start.canBuy && state !== "closed") {
    const unfinished = counter.pending();
    if (unfinished) resume(unfinished);
    else if (room ? room.myTurn : state !== "sold_out") counter.ready().then((ready) => { if (ready.startsWith("GUARD")) say(words[ready], "bad"); });
  }
})();
