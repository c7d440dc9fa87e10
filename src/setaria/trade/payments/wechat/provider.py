"""WeChat Pay as `trade.payments` sees it. Our payment's id is the `out_trade_no`, so the same payment is never two there."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.providers import ANSWER_SECONDS_MAX
from setaria.trade.payments.wechat import within
from setaria.trade.payments.words import BadNotification, BadSignature, Device, Down, Matter, Refused, State, Step, Word

NAME = "wechat"
CURRENCY = "CNY"
WAYS = ("native", "h5", "jsapi")
GATEWAY = "https://api.mch.weixin.qq.com"
LOGIN = "https://api.weixin.qq.com"
_STATES = {"SUCCESS": State.SUCCEEDED, "REFUND": State.SUCCEEDED, "CLOSED": State.FAILED, "REVOKED": State.FAILED,
           "PAYERROR": State.FAILED}  # fmt: skip
_HINT = "docs/howto/payments.md says where to find it."
_NEEDED = ("MERCHANT_ID", "APP_ID", "CERTIFICATE_SERIAL", "PRIVATE_KEY", "API_V3_KEY", "PUBLIC_KEY", "PUBLIC_KEY_ID")


class Keys(msgspec.Struct, frozen=True):
    """What a WeChat Pay merchant is used with."""

    merchant: str
    app: str
    serial: str
    private: str  # ours, PEM
    secret: str  # APIv3: decrypts what they tell
    public: str  # theirs, PEM
    public_id: str
    gateway: str
    ways: tuple[str, ...]  # native, h5, jsapi
    app_secret: str = ""  # of the app, for jsapi
    login: str = LOGIN

    def __repr__(self) -> str:
        return "Keys(…)"


def keys() -> Keys:
    """Read the environment; a key may be one line, its line ends written as a backslash and an n."""
    merchant, app, serial, private, secret, public, public_id = (
        os.environ.get(f"SETARIA_WECHAT_{name}", "").replace("\\n", "\n") for name in _NEEDED
    )
    gateway = os.environ.get("SETARIA_WECHAT_GATEWAY_URL", GATEWAY)
    ways = tuple(os.environ.get("SETARIA_WECHAT_WAYS", "native").split())
    app_secret, login = (
        os.environ.get("SETARIA_WECHAT_APP_SECRET", ""),
        os.environ.get("SETARIA_WECHAT_LOGIN_URL", LOGIN),
    )
    return Keys(merchant, app, serial, private, secret, public, public_id, gateway, ways, app_secret, login)


class WeChat:
    """The provider as `trade.payments` sees it."""

    name, title, waits = NAME, _("WeChat Pay"), True
    thanks = b'{"code":"SUCCESS"}'

    def takes(self, amount: int, currency: str) -> bool:
        """Take yuan."""
        return currency == CURRENCY

    def begin(self, payment: Payment, device: Device) -> Step:
        """Get the code to scan, or on a telephone the address that opens WeChat (H5), where the merchant has that.

        WeChat's own browser does not open that address: there its bridge pays (JSAPI), or else the code is shown.
        """
        wanted = {"description": settings.BRAND, "out_trade_no": payment.pk.hex,
                  "amount": {"total": payment.amount, "currency": CURRENCY}}  # fmt: skip
        if device.within == NAME and "jsapi" in keys().ways:
            return self._within(payment, device, wanted)
        if not (device.phone and device.within != NAME and device.address and "h5" in keys().ways):
            return Step(code=self._call("pay", **wanted)["code_url"])
        from wechatpayv3 import WeChatPayType

        scene = {"payer_client_ip": device.address, "h5_info": {"type": "Wap"}}
        answer = self._call("pay", **wanted, scene_info=scene, pay_type=WeChatPayType.H5)
        back = quote(settings.BASE_URL + reverse("store:payment_back", args=[payment.pk]), safe="")
        return Step(url=f"{answer['h5_url']}&redirect_url={back}")

    def _within(self, payment: Payment, device: Device, wanted: dict[str, Any]) -> Step:
        """Have WeChat say who the buyer is, then open the trade for them."""
        from wechatpayv3 import WeChatPayType

        account = keys()
        openid = device.code and within.buyer_of(
            device.code, app=account.app, secret=account.app_secret, login=account.login
        )
        if not openid:
            return Step(url=within.lead(payment, account.app))
        answer = self._call("pay", **wanted, payer={"openid": openid}, pay_type=WeChatPayType.JSAPI)
        asked = within.bridge(_client(account), account.app, answer["prepay_id"])
        return Step(template="wechat/within.html", context={"asked": json.dumps(asked)})

    def ask(self, payment: Payment) -> Word:
        """Ask for the trade; one that was never opened does not exist there."""
        try:
            return _word(payment, self._call("query", out_trade_no=payment.pk.hex))
        except Refused as error:
            if "NOT_EXIST" in str(error):
                return Word(payment.pk, State.OPEN, 0, CURRENCY)
            raise

    def capture(self, payment: Payment) -> Word:
        """Take what was authorised: WeChat takes at once."""
        return self.ask(payment)

    def close(self, payment: Payment) -> Word:
        """Close the trade; one that was paid in this instant is told as paid."""
        try:
            self._call("close", out_trade_no=payment.pk.hex)
        except Refused:
            found = self.ask(payment)
            return found if found.state is not State.OPEN else Word(payment.pk, State.FAILED, 0, CURRENCY)
        return Word(payment.pk, State.FAILED, 0, CURRENCY)

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Send money back; `out_refund_no` makes the same refund one for ever."""
        total = payment.amount if payment else refund.amount
        self._call(
            "refund", out_refund_no=refund.pk.hex, out_trade_no=refund.payment_id.hex, reason=refund.reason[:80],
            amount={"refund": refund.amount, "total": max(total, refund.amount), "currency": CURRENCY},
        )  # fmt: skip

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word | Matter]:
        """Check a notification's signature, decrypt it and read it."""
        try:
            told = _client(keys()).callback(dict(headers), body)
        except UnicodeDecodeError as error:
            raise BadSignature from error
        except Exception as error:  # the library raises bare ones for what it does not like
            raise BadSignature(str(error)) from error
        if not told:
            raise BadSignature
        try:
            if told["event_type"].startswith("REFUND"):
                return _refund_news(told["event_type"], told["resource"])
            return [_word(Payment(pk=UUID(told["resource"]["out_trade_no"])), told["resource"])]
        except (ValueError, KeyError, TypeError) as error:
            raise BadNotification(repr(error)) from error

    def unsafe(self) -> Iterator[CheckMessage]:
        """Yield what is missing or unsafe in the keys."""
        for name in _NEEDED:
            if not os.environ.get(f"SETARIA_WECHAT_{name}"):
                yield Error(f"SETARIA_WECHAT_{name} is missing: nobody can pay by WeChat.", hint=_HINT)
        account = keys()
        if account.secret and len(account.secret) != 32:
            yield Error("SETARIA_WECHAT_API_V3_KEY has 32 characters, and this has not.", hint=_HINT)
        for way in set(account.ways) - set(WAYS):
            yield Error(f"SETARIA_WECHAT_WAYS names native, h5 and jsapi, not {way!r}.", hint=_HINT)
        if "jsapi" in account.ways and not account.app_secret:
            yield Error("SETARIA_WECHAT_APP_SECRET is missing: nobody can pay within WeChat.", hint=_HINT)
        if account.login != LOGIN:
            yield Warning(
                f"SETARIA_WECHAT_LOGIN_URL is {account.login}: it is told the app's secret.", hint="Unset it."
            )
        if account.gateway != GATEWAY:
            yield Warning(f"SETARIA_WECHAT_GATEWAY_URL is {account.gateway}: no real money moves.", hint="Unset it.")

    def _call(self, verb: str, **how: Any) -> dict[str, Any]:
        """Call the gateway; the library signs the question and checks the answer's signature."""
        import requests

        try:
            code, text = getattr(_client(keys()), verb)(**how)
        except requests.RequestException as error:
            raise Down(repr(error)) from error
        except Exception as error:  # a signature that is not theirs: the library raises a bare Exception
            raise Down(str(error)) from error
        found = _read(text)
        if code >= 500 or code == 429:
            raise Down(f"{code} {found.get('code', '')}")
        if code >= 400:
            raise Refused(f"{code} {found.get('code', '')} {found.get('message', '')}".strip())
        return found


def _client(account: Keys) -> Any:
    # The library is large: only who pays, or hears of a payment, loads it.
    from wechatpayv3 import WeChatPay, WeChatPayType

    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE, mchid=account.merchant, private_key=account.private,
        cert_serial_no=account.serial, appid=account.app, apiv3_key=account.secret,
        notify_url=f"{settings.BASE_URL}/payments/{NAME}/notify", timeout=ANSWER_SECONDS_MAX,
        public_key=account.public, public_key_id=account.public_id,
    )  # fmt: skip
    client._core._gate_way = account.gateway
    return client


def _read(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise Down("The answer was no JSON.") from error
    return found if isinstance(found, dict) else {}


def _word(payment: Payment, told: Mapping[str, Any]) -> Word:
    state = _STATES.get(told["trade_state"], State.OPEN)
    if state is not State.SUCCEEDED:
        return Word(payment.pk, state, 0, CURRENCY)
    amount = told["amount"]
    return Word(
        payment.pk, state, int(amount["total"]), str(amount.get("currency", CURRENCY)), told.get("transaction_id", "")
    )


def _refund_news(kind: str, refund: Mapping[str, Any]) -> list[Word | Matter]:
    if kind == "REFUND.SUCCESS":
        return []
    text = f"{kind}: the refund did not arrive. Look it up at WeChat."
    return [
        Matter(
            "refused",
            refund["out_refund_no"],
            refund.get("transaction_id", ""),
            int(refund["amount"]["refund"]),
            CURRENCY,
            text,
        )
    ]
