// While somebody types, the page shows what is wrong and how it will look; without this script the button does.
const form = document.querySelector("form[data-look]");
const seen = document.querySelector("[data-seen]");
const PAUSE_MS = 400;
let timer = 0;
let asked = 0;

async function look() {
  const mine = ++asked;
  try {
    const answer = await fetch(form.dataset.look, { method: "POST", body: new FormData(form) });
    const found = await answer.text();
    if (answer.ok && mine === asked) seen.innerHTML = found;
  } catch {
    // Away for a moment: the next stroke asks again, and keeping checks it anyway.
  }
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE_MS);
});
