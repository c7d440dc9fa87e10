"""What the guard did in a drop."""

from datetime import datetime

import msgspec
from django.db.models import Sum

from setaria.trade.drops.models import Drop
from setaria.trade.guard.models import Pardon, Tally


class Told(msgspec.Struct, frozen=True):
    """How often an outcome came of a rule. Outcomes: passed, work, bad proof, used proof, wait, later, refused."""

    outcome: str
    rule: str
    number: int


def outcomes(drop_id: int) -> list[Told]:
    """Return what came of all askings for passes in a drop, most frequent first; one query."""
    rows = Tally.objects.filter(drop_id=drop_id).values("outcome", "rule").annotate(total=Sum("number"))
    return [Told(row["outcome"], row["rule"], row["total"]) for row in rows.order_by("-total", "outcome", "rule")]


def turned_away(now: datetime) -> dict[tuple[str, str, str], int]:
    """Return how many were not let on at once in drops that are not over: by drop's slug, outcome and rule; two queries.

    Work that was asked for and done is not counted: that is what everybody is asked for.
    """
    running = Drop.objects.filter(closes_at__gt=now, finished_at=None, guard_policy__isnull=False)
    slugs = dict(running.values_list("pk", "slug"))
    rows = Tally.objects.filter(drop_id__in=slugs).exclude(outcome__in=("passed", "work"))
    found = rows.values_list("drop_id", "outcome", "rule").annotate(Sum("number"))
    return {(slugs[drop], outcome, rule): number for drop, outcome, rule, number in found}


def pardons(drop_id: int) -> int:
    """Return how many were pardoned."""
    return Pardon.objects.filter(drop_id=drop_id).count()
