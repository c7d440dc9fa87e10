"""The week a number is promised, and slips: recorded with their reason, and a notice to everyone they touch."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import connection, transaction

from setaria.trade.preorders.models import Programme, Slip, Week
from setaria.trade.preorders.rules import PromisedWeek

# Those who still wait: an order's holder has the unit set aside.
_NOTIFY = """
    INSERT INTO preorders_notice (slip_id, place_id, at)
    SELECT %(slip)s, id, %(now)s FROM preorders_place
    WHERE programme_id = %(programme)s AND number BETWEEN %(first)s AND %(last)s AND state IN (1, 2)
"""


def promised(programme_id: int) -> list[PromisedWeek]:
    """Return what each range of a programme's numbers was promised first and is promised now, in order."""
    return weeks_of(Week.objects.filter(programme_id=programme_id).prefetch_related("slips"))


def weeks_of(weeks: Iterable[Week]) -> list[PromisedWeek]:
    """Return the promises of weeks whose slips are loaded."""
    found = []
    for week in weeks:
        slips = list(week.slips.all())
        found.append(PromisedWeek(week.first, week.last, week.monday, slips[-1].monday if slips else week.monday))
    return found


@transaction.atomic
def slip(programme: Programme, first: int, monday: date, reason: dict[str, str], *, now: datetime) -> int:
    """Move the promised week of the range that begins with number `first`; return how many holders get a notice.

    Raises Week.DoesNotExist where no range begins there, ValueError for a day that is no Monday or is promised
    already. Sending the notices is another's work; each is shown in the account until its holder has seen it.
    """
    week = Week.objects.select_for_update().get(programme=programme, first=first)
    latest = week.slips.last()
    if monday.weekday() != 0:
        raise ValueError("A promised week is named by its Monday.")
    if monday == (latest.monday if latest else week.monday):
        raise ValueError("That is what is promised already.")
    # Nobody may take one of these numbers unnoticed meanwhile; they are told of the new week when they look.
    Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    new = Slip.objects.create(week=week, monday=monday, reason=reason, at=now)
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTIFY,
            {"slip": new.pk, "now": now, "programme": programme.pk, "first": week.first, "last": week.last},
        )
        return cursor.rowcount
