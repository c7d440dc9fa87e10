"""Buyers who pay no tax: noted by the staff with the certificate they have seen, and ended; what was is kept."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from psycopg.types.range import TimestamptzRange

from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.quotes.models import Exemption


class Answer(StrEnum):
    """What became of it; nothing was changed unless it was noted or ended."""

    NOTED = "NOTED"
    ENDED = "ENDED"
    EXEMPT_ALREADY = "EXEMPT_ALREADY"  # in this market, by a certificate that still counts
    OVER = "OVER"  # it would end before it begins, or has ended
    UNSIGNED = "UNSIGNED"


def in_force(now: datetime) -> QuerySet[Exemption]:
    """Return the exemptions that count now, the latest first."""
    return Exemption.objects.filter(valid__contains=now).select_related("member", "market").order_by("-pk")


def note(member: Member, market: Market, certificate: str, *, until: datetime | None, by: str, now: datetime) -> Answer:
    """Let a member pay no tax in a market from now on, until an instant if one is given. Quotes go by it at once."""
    if not by.strip() or not certificate.strip():
        return Answer.UNSIGNED
    if until is not None and until <= now:
        return Answer.OVER
    try:
        with transaction.atomic():
            _wait_for(member)
            Exemption.objects.create(
                member=member, market=market, certificate=certificate.strip()[:60],
                valid=TimestamptzRange(now, until), by=by.strip()[:254],
            )  # fmt: skip
    except IntegrityError:  # one that counts then is there; the constraint sees it, whoever was first
        return Answer.EXEMPT_ALREADY
    return Answer.NOTED


def _wait_for(member: Member) -> None:
    """Let two who note the same member come one after the other: an exclusion constraint answers both with a deadlock."""
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)


@transaction.atomic
def end(id: int, *, by: str, now: datetime) -> Answer:
    """Let a member pay tax again from now on; their orders keep what they were placed with."""
    if not by.strip():
        return Answer.UNSIGNED
    found = Exemption.objects.select_for_update(no_key=True).filter(pk=id, valid__contains=now, ended_by="").first()
    if found is None:
        return Answer.OVER
    since: datetime = found.valid.lower
    until = max(now, since + timedelta.resolution)  # an empty range forgets when it was
    found.valid, found.ended_by = TimestamptzRange(since, until), by.strip()[:254]
    found.save(update_fields=["valid", "ended_by"])
    return Answer.ENDED
