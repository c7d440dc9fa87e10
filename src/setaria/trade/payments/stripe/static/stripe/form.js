// The card form of Stripe's own script: the number goes to Stripe, the answer leads back to the order.
(() => {
  const form = document.getElementById("card-form");
  const error = document.getElementById("card-error");
  const button = form.querySelector("button");
  const say = (text) => {
    error.textContent = text;
    error.hidden = !text;
  };
  if (typeof Stripe === "undefined") {
    say(form.dataset.failed);
    return;
  }
  const stripe = Stripe(form.dataset.publishable);
  const ink = getComputedStyle(document.body);
  const card = stripe.elements().create("card", {
    style: { base: { color: ink.color, fontFamily: ink.fontFamily, fontSize: "16px" } },
  });
  card.mount("#card");
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    say("");
    const answer = await stripe.confirmCardPayment(form.dataset.secret, { payment_method: { card } });
    const status = answer.paymentIntent && answer.paymentIntent.status;
    if (["succeeded", "processing", "requires_capture"].includes(status)) {
      location.assign(form.dataset.back);
      return;
    }
    say((answer.error && answer.error.message) || form.dataset.failed);
    button.disabled = false;
  });
})();
