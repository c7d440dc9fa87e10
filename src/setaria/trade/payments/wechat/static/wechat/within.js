// WeChat's own browser pays by its bridge, which is there when it says so; the answer leads back to the order.
(() => {
  const button = document.getElementById("wechat-pay");
  const error = document.getElementById("wechat-error");
  const pay = () => {
    button.disabled = true;
    error.hidden = true;
    WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.asked), (answer) => {
      if (answer.err_msg === "get_brand_wcpay_request:ok") {
        location.assign(button.dataset.back);
        return;
      }
      error.hidden = answer.err_msg === "get_brand_wcpay_request:cancel";
      button.disabled = false;
    });
  };
  button.addEventListener("click", pay);
  const ready = () => { button.disabled = false; };
  if (typeof WeixinJSBridge === "undefined") document.addEventListener("WeixinJSBridgeReady", ready);
  else ready();
})();
