"""Points given or taken by hand: an entry like any other, with its reason and the name of who made it."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction

from setaria.people.members.models import Guest, Member
from setaria.trade.points.models import Account, Entry, Programme

AMOUNT_MAX = 10_000_000  # points at a time
NOTE_CHARS_MAX = 200

_ACCOUNT = """
    INSERT INTO points_account AS a (member_id, market_id, balance) VALUES (%(member)s, %(market)s, 0)
    ON CONFLICT (member_id, market_id) DO UPDATE SET balance = a.balance RETURNING balance
"""


class Answer(StrEnum):
    """What became of a correction."""

    CORRECTED = "CORRECTED"  # now, or by the same form before
    UNKNOWN = "UNKNOWN"  # no such member, a guest, or a market without points
    NOT_ENOUGH = "NOT_ENOUGH"  # the member has not so many
    UNSIGNED = "UNSIGNED"  # no amount, no note, or nobody's name


@transaction.atomic
def correct(id: UUID, member_id: int, market_id: int, amount: int, *, note: str, by: str, now: datetime) -> Answer:
    """Give points (or take them, below nothing) by hand; the same id again changes nothing.

    What is given lapses as what is earned does.
    """
    if not note.strip() or not by.strip() or not 0 < abs(amount) <= AMOUNT_MAX:
        return Answer.UNSIGNED
    programme = Programme.objects.filter(pk=market_id).first()
    member = Member.objects.filter(pk=member_id, is_active=True)
    if programme is None or not member.exists() or Guest.objects.filter(member_id=member_id).exists():
        return Answer.UNKNOWN
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNT, {"member": member_id, "market": market_id})  # locks it
        (balance,) = cursor.fetchone() or (0,)
    if Entry.objects.filter(id=id, kind=Entry.Kind.CORRECTED).exists():
        return Answer.CORRECTED
    if balance + amount < 0:
        return Answer.NOT_ENOUGH
    Account.objects.filter(member_id=member_id, market_id=market_id).update(balance=balance + amount)
    Entry.objects.create(
        id=id, kind=Entry.Kind.CORRECTED, member_id=member_id, market_id=market_id, amount=amount, at=now,
        lapses_at=now + timedelta(days=programme.lapse_days) if amount > 0 else None,
        note=note.strip()[:NOTE_CHARS_MAX], by=by.strip()[:254],
    )  # fmt: skip
    return Answer.CORRECTED
