"""What the guard did in a drop."""

import msgspec
from django.db.models import Sum

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


def pardons(drop_id: int) -> int:
    """Return how many were pardoned."""
    return Pardon.objects.filter(drop_id=drop_id).count()
