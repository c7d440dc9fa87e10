"""Tickets to streams: the gate knows no sessions, so Django vouches for a screen with a signature.

A ticket opens one stream for two minutes, and the stream ends with it. Before that the page asks Django for the next
one, and Django asks again whether the reader is staff: a screen goes dark soon after its owner left.
"""

from datetime import UTC, datetime

from django.core.signing import BadSignature, Signer

TICKET_SECONDS = 120
SALT = "setaria.wall"


def make(subject: str, now: datetime) -> str:
    """Return a ticket to a market's stream, or the command centre's; good for `TICKET_SECONDS` from `now`."""
    return Signer(salt=SALT).sign(f"{subject}:{int(now.timestamp()) + TICKET_SECONDS}")


def lapses_at(subject: str, ticket: str, now: datetime) -> datetime | None:
    """Return when a ticket lapses; None unless it is ours, for this subject, and still good."""
    try:
        named, _, seconds = Signer(salt=SALT).unsign(ticket).rpartition(":")
    except BadSignature:
        return None
    end = datetime.fromtimestamp(int(seconds), UTC)
    return end if named == subject and now < end else None
