"""A room ticket: says which member asks for a place, signed by Django, so that the gate needs no session and no query.

It gives nothing by itself: a place is taken with it, and one's own place seen. Like a pass (`trade.drops.passes`), but
under a key of its own, so neither can be taken for the other.
"""

from datetime import datetime
from hashlib import blake2b
from struct import Struct
from uuid import UUID

import msgspec

from setaria.kernel import seals
from setaria.kernel.seals import BadSeal, Seal

TICKET_SECONDS = 24 * 3600
VERSION = 1

_SEAL = Seal(">BQII")
_ID = Struct(">QI")
TICKET_CHARS = _SEAL.chars


class Ticket(msgspec.Struct, frozen=True):
    """What a ticket says."""

    customer_id: int
    drop_id: int
    lapses_at: int  # seconds since 1970


def key_from(secret: str) -> bytes:
    """Derive the signing key from the installation's secret, apart from every other use of it."""
    return seals.key_from(secret, "setaria.queues.ticket.v1")


def issue(key: bytes, customer_id: int, drop_id: int, now: datetime) -> str:
    """Sign a ticket that lapses `TICKET_SECONDS` after `now`."""
    return _SEAL.close(key, VERSION, customer_id, drop_id, int(now.timestamp()) + TICKET_SECONDS)


def read(key: bytes, ticket: str, now_seconds: float) -> Ticket:
    """Check a ticket and return what it says; raises BadSeal when it is forged, mangled or has lapsed."""
    version, customer_id, drop_id, lapses_at = _SEAL.open(key, ticket)
    if version != VERSION or lapses_at <= now_seconds:
        raise BadSeal("lapsed")
    return Ticket(customer_id, drop_id, lapses_at)


def pseudonym(key: bytes, customer_id: int, drop_id: int) -> UUID:
    """What stands for a customer in a drop's published list: nobody but they and we can tell who it is."""
    return UUID(bytes=blake2b(_ID.pack(customer_id, drop_id), key=key, person=b"pseudonym", digest_size=16).digest())
