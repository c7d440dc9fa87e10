"""The bank's own API, as real providers have one for apps: a payment is taken by the secret that its shop was given."""

import hmac
from uuid import UUID

import msgspec
from django.conf import settings

from setaria.kernel.clock import now
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import ask, rows_of
from setaria.trade.payments.models import Payment
from setaria.trade.payments.sandbox.bank import take
from setaria.trade.payments.sandbox.manners import Manner
from setaria.trade.payments.sandbox.notification import NAME, secret_of


class ChargeMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose payment is to be taken, the secret that proves that one may, and how it is to go."""

    payment_id: UUID
    secret: str
    manner: Manner = Manner.NOW


class Charged(msgspec.Struct, frozen=True):
    """What the bank's ledger says. The shop hears of it by a notification."""

    payment_id: UUID
    succeeded: bool
    amount: int
    currency: str


_decode = msgspec.json.Decoder(ChargeMessage).decode
_encode = msgspec.json.Encoder().encode


def charge(body: bytes) -> tuple[int, bytes]:
    """Take a payment; return an HTTP status and what is said. A payment is taken once, however often it is asked for."""
    try:
        wanted = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return 400, _encode({"code": "MALFORMED", "message": str(error)})
    right = hmac.compare_digest(secret_of(settings.SECRET_KEY, wanted.payment_id), wanted.secret.encode())
    about: dict[str, Value] = {"payment": wanted.payment_id, "provider": NAME}
    [found] = ask(rows_of(Payment, "WHERE id = %(payment)s AND provider = %(provider)s", about)) if right else [[]]
    payment: Payment | None = next(iter(found), None)
    if payment is None:
        return 404, _encode({"code": "NOT_FOUND", "message": "There is no such payment, or the secret is not its own."})
    taken = take(payment, wanted.manner, now=now())
    return 200, _encode(Charged(payment.pk, taken.succeeded, taken.amount, taken.currency))
