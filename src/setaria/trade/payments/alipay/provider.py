"""Alipay as `trade.payments` sees it. Our payment's id is the `out_trade_no`, so the same payment is never two there."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.providers import ANSWER_SECONDS_MAX
from setaria.trade.payments.words import BadNotification, BadSignature, Device, Down, Matter, Refused, State, Step, Word

NAME = "alipay"
CURRENCY = "CNY"
GATEWAY = "https://openapi.alipay.com/gateway.do"
_WAYS = {"page": "alipay.trade.page.pay", "wap": "alipay.trade.wap.pay", "qr": "alipay.trade.precreate"}
_PRODUCTS = {"page": "FAST_INSTANT_TRADE_PAY", "wap": "QUICK_WAP_PAY"}
_STATES = {"TRADE_SUCCESS": State.SUCCEEDED, "TRADE_FINISHED": State.SUCCEEDED, "TRADE_CLOSED": State.FAILED}
_HINT = "docs/howto/payments.md says where to find it."


class Keys(msgspec.Struct, frozen=True):
    """What an Alipay application is used with."""

    app: str
    private: str  # ours, PEM
    public: str  # Alipay's, PEM
    gateway: str
    ways: tuple[str, ...]  # page, wap or qr; of several the one that suits the device

    def __repr__(self) -> str:
        return "Keys(…)"


def keys() -> Keys:
    """Read the environment; a key may be one line, its line ends written as a backslash and an n."""
    private, public = (os.environ.get(f"SETARIA_ALIPAY_{name}", "").replace("\\n", "\n") for name in ("PRIVATE_KEY", "PUBLIC_KEY"))  # fmt: skip
    return Keys(
        os.environ.get("SETARIA_ALIPAY_APP_ID", ""), private, public,
        os.environ.get("SETARIA_ALIPAY_GATEWAY_URL", GATEWAY), tuple(os.environ.get("SETARIA_ALIPAY_WAY", "").split()) or ("page",),
    )  # fmt: skip


class Alipay:
    """The provider as `trade.payments` sees it."""

    name, title, waits = NAME, _("Alipay"), True
    thanks = b"success"  # anything else, and it tells us again for a day

    def takes(self, amount: int, currency: str) -> bool:
        """Take yuan."""
        return currency == CURRENCY

    def begin(self, payment: Payment, device: Device) -> Step:
        """Sign the address of Alipay's page, or get the code to scan."""
        account = keys()
        wanted = {"out_trade_no": payment.pk.hex, "total_amount": yuan(payment.amount), "subject": settings.BRAND}
        way = way_on(device, account.ways)
        if way == "qr":
            answer = self._ask(_WAYS["qr"], wanted, notify_url=_notify())
            if answer.get("code") != "10000":
                raise Refused(_told(answer))
            return Step(code=answer["qr_code"])
        back = settings.BASE_URL + reverse("store:payment_back", args=[payment.pk])
        signed = _client(account).client_api(
            _WAYS[way],
            wanted | {"product_code": _PRODUCTS[way], "timeout_express": "30m"},
            return_url=back,
            notify_url=_notify(),
        )
        return Step(url=f"{account.gateway}?{signed}")

    def ask(self, payment: Payment) -> Word:
        """Ask for the trade; one that nobody has opened yet does not exist there."""
        answer = self._ask("alipay.trade.query", {"out_trade_no": payment.pk.hex})
        if answer.get("code") == "10000":
            return _word(payment, answer)
        if answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return Word(payment.pk, State.OPEN, 0, CURRENCY)
        raise Down(_told(answer))

    def capture(self, payment: Payment) -> Word:
        """Take what was authorised: Alipay takes at once."""
        return self.ask(payment)

    def close(self, payment: Payment) -> Word:
        """Close the trade. One that was never opened is as good as closed: its signed address says until when."""
        answer = self._ask("alipay.trade.close", {"out_trade_no": payment.pk.hex})
        if answer.get("code") == "10000" or answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return Word(payment.pk, State.FAILED, 0, CURRENCY)
        return self.ask(payment)

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Send money back; `out_request_no` makes the same refund one for ever."""
        answer = self._ask(
            "alipay.trade.refund",
            {"out_trade_no": refund.payment_id.hex, "refund_amount": yuan(refund.amount),
             "out_request_no": refund.pk.hex, "refund_reason": refund.reason[:80]},
        )  # fmt: skip
        if answer.get("code") == "10000":
            return
        raise (Down if answer.get("code") == "20000" else Refused)(_told(answer))

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word | Matter]:
        """Check a notification by Alipay's key and read it."""
        from alipay.exceptions import AliPayException

        account = keys()
        try:
            told = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            signature = told.pop("sign")
            good = _client(account).verify(dict(told), signature)
        except (ValueError, KeyError, UnicodeDecodeError, AliPayException) as error:
            raise BadSignature from error
        if not good or told.get("app_id") != account.app:
            raise BadSignature
        try:
            return [_word(Payment(pk=UUID(told["out_trade_no"])), told)]
        except (ValueError, KeyError, InvalidOperation) as error:
            raise BadNotification(repr(error)) from error

    def unsafe(self) -> Iterator[CheckMessage]:
        """Yield what is missing or unsafe in the keys."""
        account = keys()
        for value, name in ((account.app, "APP_ID"), (account.private, "PRIVATE_KEY"), (account.public, "PUBLIC_KEY")):
            if not value:
                yield Error(f"SETARIA_ALIPAY_{name} is missing: nobody can pay by Alipay.", hint=_HINT)
        for way in set(account.ways) - set(_WAYS):
            yield Error(f"SETARIA_ALIPAY_WAY names page, wap or qr, not {way!r}.")
        if account.gateway != GATEWAY:
            yield Warning(f"SETARIA_ALIPAY_GATEWAY_URL is {account.gateway}: no real money moves.", hint="Unset it.")

    def _ask(self, method: str, content: dict[str, Any], **how: str) -> dict[str, Any]:
        """Call the gateway; the library signs the question and checks the answer's signature."""
        from alipay.exceptions import AliPayException, AliPayValidationError

        try:
            answer: dict[str, Any] = _client(keys()).server_api(method, content, **how)
        except AliPayValidationError as error:
            raise Down("The answer was not signed by Alipay.") from error
        except (URLError, OSError, json.JSONDecodeError, AliPayException, KeyError) as error:
            raise Down(repr(error)) from error
        return answer


def way_on(device: Device, ways: Sequence[str]) -> str:
    """Return the way that suits a device: a telephone opens the app from `wap`, a computer has its own page."""
    suits = [way for way in ways if (way == "wap") == device.phone]
    return (suits or list(ways))[0]


def _client(account: Keys) -> Any:
    # The library is large: only who pays, or hears of a payment, loads it.
    from alipay import AliPay
    from alipay.utils import AliPayConfig

    try:
        client = AliPay(
            appid=account.app, app_private_key_string=account.private, alipay_public_key_string=account.public,
            config=AliPayConfig(timeout=ANSWER_SECONDS_MAX),
        )  # fmt: skip
    except ValueError as error:
        raise Down("Alipay's keys make no sense; `setaria check` says which.") from error
    client._gateway = account.gateway
    return client


def _word(payment: Payment, told: Mapping[str, Any]) -> Word:
    state = _STATES.get(told["trade_status"], State.OPEN)
    taken = fen(told["total_amount"]) if state is State.SUCCEEDED else 0
    return Word(payment.pk, state, taken, CURRENCY, str(told.get("trade_no", ""))[:64])


def yuan(fen: int) -> str:
    """Write fen as yuan, as Alipay's interfaces want it."""
    return f"{Decimal(fen) / 100:.2f}"


def fen(yuan: str) -> int:
    """Read yuan as fen; raises InvalidOperation or ValueError for anything else."""
    amount = Decimal(yuan) * 100
    if amount != amount.to_integral_value() or not 0 <= amount < 2**62:
        raise ValueError(f"{yuan!r} is no amount of yuan.")
    return int(amount)


def _notify() -> str:
    return f"{settings.BASE_URL}/payments/{NAME}/notify"


def _told(answer: Mapping[str, Any]) -> str:
    return f"{answer.get('code')} {answer.get('sub_code') or ''} {answer.get('sub_msg') or answer.get('msg') or ''}".strip()
