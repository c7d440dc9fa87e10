"""A room ticket: says which member asks for a place, signed by Django, so that the gate needs no session and no query.

It gives nothing by itself: a place is taken with it, and one's own place seen. Like a pass (`trade.drops.passes`), but
under a key of its own, so neither can be taken for the other.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import blake2b
from struct import Struct
from uuid import UUID

import msgspec

TICKET_SECONDS = 24 * 3600
VERSION = 1

_BODY = Struct(">BQII")
_ID = Struct(">QI")
_MAC_BYTES = 16
_TICKET_BYTES = _BODY.size + _MAC_BYTES
TICKET_CHARS = -(-_TICKET_BYTES // 3) * 4


class Ticket(msgspec.Struct, frozen=True):
    """What a ticket says."""

    customer_id: int
    drop_id: int
    lapses_at: int  # seconds since 1970


class BadTicket(Exception):
    """Not a ticket of ours, or one that has lapsed; the text says which."""


def key_from(secret: str) -> bytes:
    """Derive the signing key from the installation's secret, apart from every other use of it."""
    return hmac.digest(secret.encode(), b"setaria.queues.ticket.v1", "sha256")


def issue(key: bytes, customer_id: int, drop_id: int, now: datetime) -> str:
    """Sign a ticket that lapses `TICKET_SECONDS` after `now`."""
    body = _BODY.pack(VERSION, customer_id, drop_id, int(now.timestamp()) + TICKET_SECONDS)
    return urlsafe_b64encode(body + _mac(key, body)).decode()


def read(key: bytes, ticket: str, now_seconds: float) -> Ticket:
    """Check a ticket and return what it says; raises BadTicket when it is forged, mangled or has lapsed."""
    if len(ticket) != TICKET_CHARS:
        raise BadTicket("malformed")
    try:
        raw = urlsafe_b64decode(ticket)
    except ValueError as error:
        raise BadTicket("malformed") from error
    if len(raw) != _TICKET_BYTES:
        raise BadTicket("malformed")
    body = raw[: _BODY.size]
    if not hmac.compare_digest(_mac(key, body), raw[_BODY.size :]):
        raise BadTicket("forged")
    version, customer_id, drop_id, lapses_at = _BODY.unpack(body)
    if version != VERSION or lapses_at <= now_seconds:
        raise BadTicket("lapsed")
    return Ticket(customer_id, drop_id, lapses_at)


def pseudonym(key: bytes, customer_id: int, drop_id: int) -> UUID:
    """What stands for a customer in a drop's published list: nobody but they and we can tell who it is."""
    return UUID(bytes=blake2b(_ID.pack(customer_id, drop_id), key=key, person=b"pseudonym", digest_size=16).digest())


def _mac(key: bytes, body: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_MAC_BYTES).digest()
