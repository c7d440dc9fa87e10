"""Paying within WeChat's own browser (JSAPI): WeChat says who the buyer is there, and its bridge is given a signed payment.

Who the buyer is comes by a redirect that asks them nothing (`snsapi_base`): its code is good once, for minutes.
"""

from secrets import token_hex
from typing import Any, Protocol
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from setaria.kernel.clock import seconds
from setaria.trade.payments.models import Payment
from setaria.trade.payments.providers import ANSWER_SECONDS_MAX
from setaria.trade.payments.words import Down, Refused

AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"
USED, BUSY = 40163, -1  # codes of WeChat's: the buyer's code was used before; try again


class Signer(Protocol):
    """What signs with the merchant's key: the library's client."""

    def sign(self, data: list[str]) -> str:
        """Sign lines by SHA256 with RSA, in base64."""


def lead(payment: Payment, app: str) -> str:
    """Return the address that leads a buyer to WeChat and back to the payment's page with a code."""
    back = quote(settings.BASE_URL + reverse("store:payment", args=[payment.pk]), safe="")
    return f"{AUTHORIZE}?appid={app}&redirect_uri={back}&response_type=code&scope=snsapi_base&state=pay#wechat_redirect"


def buyer_of(code: str, *, app: str, secret: str, login: str) -> str:
    """Return whom a code names (`openid`), empty if it was used before; raises Down, or Refused for one that is none."""
    import requests

    asked = {"appid": app, "secret": secret, "code": code, "grant_type": "authorization_code"}
    try:
        told = requests.get(f"{login}/sns/oauth2/access_token", params=asked, timeout=ANSWER_SECONDS_MAX).json()
    except (requests.RequestException, ValueError) as error:  # its text would have the secret
        raise Down(type(error).__name__) from None
    if not isinstance(told, dict):
        raise Down("The answer was none.")
    if openid := told.get("openid"):
        return str(openid)
    if told.get("errcode") == USED:
        return ""
    raise (Down if told.get("errcode") == BUSY else Refused)(f"{told.get('errcode')} {told.get('errmsg', '')}".strip())


def bridge(signer: Signer, app: str, prepaid: str) -> dict[str, Any]:
    """Return what WeChat's browser is asked to pay with (`getBrandWCPayRequest`), signed."""
    at, nonce, package = str(int(seconds())), token_hex(16), f"prepay_id={prepaid}"
    signature = signer.sign([app, at, nonce, package])
    return {
        "appId": app,
        "timeStamp": at,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signature,
    }
