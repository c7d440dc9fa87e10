"""What the sandbox bank sends us: a signed JSON message a payment. May come late, twice, or before the buyer is back."""

import hmac
import re
from typing import Literal
from uuid import UUID

import msgspec

from setaria.trade.payments.words import BadNotification, BadSignature

NAME = "sandbox"
_CURRENCY = re.compile("[A-Z]{3}")
SIGNATURE_HEADER = "x-sandbox-signature"


class Notification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One payment's fate, in the bank's words. `amount` in minor units."""

    payment_id: UUID
    order_id: UUID
    status: Literal["succeeded", "failed"]
    amount: int
    currency: str


_decode = msgspec.json.Decoder(Notification).decode


def key_from(secret: str) -> bytes:
    """Derive the bank's signing key from the installation's secret."""
    return hmac.digest(secret.encode(), b"setaria.payments.sandbox.v1", "sha256")


def secret_of(secret: str, payment_id: UUID) -> bytes:
    """Return by what a payment can be taken at the bank without its page; the shop tells it to whoever owes it."""
    key = hmac.digest(secret.encode(), b"setaria.payments.sandbox.charge.v1", "sha256")
    return hmac.digest(key, payment_id.bytes, "sha256").hex().encode()


def sign(key: bytes, body: bytes) -> str:
    """Sign a message as the bank does: HMAC-SHA256, in hexadecimal."""
    return hmac.digest(key, body, "sha256").hex()


def parse(key: bytes, body: bytes, signature: str) -> Notification:
    """Check the signature, then read the message; raises BadSignature or BadNotification."""
    if not hmac.compare_digest(sign(key, body).encode(), signature.encode()):
        raise BadSignature
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadNotification(str(error)) from error
    if not 0 < found.amount < 2**62 or _CURRENCY.fullmatch(found.currency) is None:
        raise BadNotification("amount or currency out of range")
    return found
