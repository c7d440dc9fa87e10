"""Tickets to the wall's streams: the gate knows no sessions, so Django vouches for a screen with a signature.

A ticket opens one market's stream for a short while. A screen that lost its stream asks Django for a new one, and
Django asks again whether the reader is staff.
"""

from datetime import datetime

from django.core.signing import BadSignature, Signer

TICKET_SECONDS = 60
SALT = "setaria.wall"


def make(market: str, now: datetime) -> str:
    """Return a ticket to a market's stream, good for `TICKET_SECONDS` from `now`."""
    return Signer(salt=SALT).sign(f"{market}:{int(now.timestamp()) + TICKET_SECONDS}")


def check(market: str, ticket: str, now: datetime) -> bool:
    """Whether a ticket is ours, for this market, and has not lapsed."""
    try:
        named, _, lapses_at = Signer(salt=SALT).unsign(ticket).rpartition(":")
    except BadSignature:
        return False
    return named == market and now.timestamp() < int(lapses_at)
