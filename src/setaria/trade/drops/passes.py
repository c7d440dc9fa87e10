"""A pass: leave to order once in a drop, signed, so that the gate can check it without the database.

It carries the customer, the drop, the order's id (minted here, so that sending the pass twice cannot make two
orders), the one variant it is good for (or any) and when it lapses.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from setaria.kernel import seals
from setaria.kernel.seals import BadSeal, Seal

PASS_SECONDS = 6 * 3600
VERSION = 2
ANY_VARIANT = 0

_SEAL = Seal(">BQI16sII")
TOKEN_CHARS = _SEAL.chars
# A UUID as MessagePack: msgspec builds one in a fifth of the time that UUID(bytes=…) takes.
_UUID_HEAD, _uuid = b"\xc4\x10", msgspec.msgpack.Decoder(UUID).decode


class Pass(msgspec.Struct, frozen=True):
    """What a pass says."""

    customer_id: int
    drop_id: int
    order_id: UUID
    lapses_at: int  # seconds since 1970
    variant_id: int = ANY_VARIANT  # what it was drawn for, where a draw decides; else any of the drop's items


def key_from(secret: str) -> bytes:
    """Derive the signing key from the installation's secret, apart from every other use of it."""
    return seals.key_from(secret, "setaria.drops.pass.v1")


def issue(
    key: bytes,
    customer_id: int,
    drop_id: int,
    order_id: UUID,
    now: datetime,
    *,
    until: datetime | None = None,
    variant_id: int = ANY_VARIANT,
) -> str:
    """Sign a pass that lapses `PASS_SECONDS` after `now`, or at `until` if that is sooner."""
    lapses_at = int(now.timestamp()) + PASS_SECONDS
    if until is not None:
        lapses_at = min(lapses_at, int(until.timestamp()))
    return _SEAL.close(key, VERSION, customer_id, drop_id, order_id.bytes, lapses_at, variant_id)


def read(key: bytes, token: str, now_seconds: float) -> Pass:
    """Check a pass and return what it says; raises BadSeal when it is forged, mangled or has lapsed."""
    version, customer_id, drop_id, order_id, lapses_at, variant_id = _SEAL.open(key, token)
    if version != VERSION or lapses_at <= now_seconds:
        raise BadSeal("lapsed")
    return Pass(customer_id, drop_id, _uuid(_UUID_HEAD + order_id), lapses_at, variant_id)
