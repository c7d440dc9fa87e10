"""The first of many look like anybody: whoever has a pass already is looked at again, shortly before the opening.

A robot network's first accounts are given their passes before it shows how many they are. So just before the opening
the counts are held against the rules once more, and those of whom a rule says now that they come later are written
down; the gate lets them order that much later. Once only and never after the opening, so that nobody who has ordered is
told to come later, and every process says the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction

from setaria.trade.drops.models import Drop
from setaria.trade.guard.models import Pardon, Policy
from setaria.trade.guard.rules import Measure, Rule, read

AHEAD = timedelta(seconds=5)  # of the opening: time for every gate to have read what was found

_IN_A_PLACE = """
    SELECT s.other FROM guard_seen AS s
    JOIN guard_count AS c ON (c.drop_id, c.measure, c.subject, c.minute) = (s.drop_id, s.measure, s.subject, 0)
    WHERE s.drop_id = %(drop)s AND s.measure = %(measure)s AND c.number > %(above)s
"""
_BY_ITSELF = """
    SELECT subject FROM guard_count
    WHERE drop_id = %(drop)s AND measure = %(measure)s AND minute = 0 AND number > %(above)s
"""
# What is counted over the whole drop; askings in a minute are judged as they come, and nobody gets younger.
_FOUND: Mapping[Measure, str] = {
    Measure.ACCOUNTS_OF_ADDRESS: _IN_A_PLACE,
    Measure.ACCOUNTS_OF_NETWORK: _IN_A_PLACE,
    Measure.ADDRESSES_OF_ACCOUNT: _BY_ITSELF,
    Measure.PASSES_OF_ACCOUNT: _BY_ITSELF,
}
_NOTE = """
    INSERT INTO guard_late (drop_id, customer_id)
    SELECT DISTINCT %(drop)s, customer FROM ({found}) AS found (customer)
    WHERE NOT EXISTS (SELECT 1 FROM guard_pardon AS p WHERE p.drop_id = %(drop)s AND p.customer_id = customer)
    ON CONFLICT DO NOTHING
"""
# Somebody who has ordered was in before this process could know: the gate has a first answer for him.
_STILL = """
    SELECT customer_id FROM guard_late AS l WHERE drop_id = %(drop)s
    AND NOT EXISTS (SELECT 1 FROM orders_order AS o WHERE o.drop_id = l.drop_id AND o.customer_id = l.customer_id)
"""


def due(now: datetime) -> list[Policy]:
    """Return the guards of drops that open within `AHEAD`, where first come is first served, and that were not judged."""
    soon = Policy.objects.filter(judged_at=None, drop__opens_at__gt=now, drop__opens_at__lte=now + AHEAD)
    return list(soon.filter(drop__admission=Drop.Admission.OPEN, drop__finished_at=None))


def judge(policy: Policy, *, now: datetime) -> int:
    """Write down who comes later, by the rules that say `later` or `refuse`; return how many. The second time: 0.

    After the opening nothing is done: it is too late to be fair.
    """
    with transaction.atomic():
        still = Policy.objects.filter(pk=policy.pk, judged_at=None, drop__opens_at__gt=now)
        if not still.update(judged_at=now):
            return 0
        return sum(_note(policy.drop_id, rule) for rule in read(policy.rules))


def _note(drop_id: int, rule: Rule) -> int:
    found = _FOUND.get(rule.what)
    if rule.then not in ("later", "refuse") or rule.above is None or found is None:
        return 0
    values = {"drop": drop_id, "measure": int(rule.what), "above": rule.above}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE.format(found=found), values)
        noted: int = cursor.rowcount
    return noted


def late(drop_id: int) -> frozenset[int]:
    """Return the accounts that come later in a drop, but for the pardoned and those that have ordered."""
    pardoned = set(Pardon.objects.filter(drop_id=drop_id).values_list("customer_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_STILL, {"drop": drop_id})
        return frozenset(row[0] for row in cursor.fetchall() if row[0] not in pardoned)
