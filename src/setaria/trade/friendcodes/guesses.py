"""Guessing is slow: so many codes that do not exist within an hour, by account and by network address, then no more.

Typing errors are not counted: they are seen without a look-up and tell nothing.
"""

import hmac
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection

from setaria.trade.friendcodes.models import Guess

WRONG_PER_MEMBER_MAX = 20
WRONG_PER_ADDRESS_MAX = 200  # many people may share one
KEPT = timedelta(days=1)
FORGET_MAX = 10_000

_NOTE = """
    INSERT INTO friendcodes_guess AS guess (subject, hour, wrong)
    SELECT subject, %s, count(*) FROM unnest(%s::text[]) AS subject GROUP BY subject ORDER BY subject
    ON CONFLICT (subject, hour) DO UPDATE SET wrong = guess.wrong + excluded.wrong
"""


def subjects_of(secret: str, customer_id: int, address: str) -> list[str]:
    """Return under which names somebody's wrong codes are counted; an address is kept as a keyed hash."""
    member = f"member {customer_id}"
    if not address:
        return [member]
    mac = hmac.digest(secret.encode(), b"setaria.friendcodes.address.v1" + address.encode(), "sha256")
    return [member, f"address {mac.hex()[:24]}"]


def exhausted(subjects: Collection[str], now: datetime) -> set[str]:
    """Return those who have tried too many wrong codes within this hour."""
    rows = Guess.objects.filter(subject__in=subjects, hour=_hour(now)).values_list("subject", "wrong")
    return {
        subject for subject, wrong in rows
        if wrong >= (WRONG_PER_MEMBER_MAX if subject.startswith("member") else WRONG_PER_ADDRESS_MAX)
    }  # fmt: skip


def note(subjects: Collection[str], now: datetime) -> None:
    """Count a wrong code for each mention of a subject."""
    if subjects:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [_hour(now), list(subjects)])


def forget(now: datetime) -> int:
    """Forget what was counted before yesterday; return how many counts those were."""
    old = Guess.objects.filter(hour__lt=now - KEPT).values("pk")[:FORGET_MAX]
    return Guess.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0] if old.exists() else 0


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
