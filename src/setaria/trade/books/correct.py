"""Entries by hand, and closing a month. Nothing is ever changed: a mistake is put right by another entry."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection, transaction

from setaria.markets.models import Market
from setaria.trade.books.accounts import Account, Source
from setaria.trade.books.models import Closed, Entry, Posting
from setaria.trade.books.record import LOCK, record

LINES_MAX = 100
AMOUNT_MAX = 10**15  # minor units


class CannotEnter(Exception):
    """The entry or the closing makes no sense; the text says why. Nothing was written."""


class Side(msgspec.Struct, frozen=True):
    """One line of an entry by hand: debit positive, credit negative (minor units)."""

    account: Account
    amount: int
    kind_id: int = 0
    provider: str = ""


def correct(
    id: UUID, market: Market, sides: Sequence[Side], *, note: str, by: str, now: datetime, order_id: UUID | None = None
) -> bool:
    """Enter by hand, in the market's currency and the month of `now`; False when the id was entered before.

    Raises CannotEnter when it does not balance, has no reason or nobody's name, or names what does not exist.
    """
    if not note.strip() or not by.strip():
        raise CannotEnter("An entry by hand needs a reason, and the name of who enters it.")
    if not 2 <= len(sides) <= LINES_MAX:
        raise CannotEnter(f"An entry has between 2 and {LINES_MAX} lines, not {len(sides)}.")
    if any(side.amount == 0 or abs(side.amount) > AMOUNT_MAX for side in sides):
        raise CannotEnter("A line has an amount, of at most ten trillion.")
    if difference := sum(side.amount for side in sides):
        raise CannotEnter(f"Debits and credits differ by {difference} of the minor unit.")
    with transaction.atomic():
        _lock()
        month = open_month(market, now)
        entry = Entry(
            source=Source.CORRECTION, source_id=id, order_id=order_id, at=now, month=month, market_id=market.pk,
            note=note.strip()[:200], entered_at=now, entered_by=by.strip()[:254],
        )  # fmt: skip
        if Entry.objects.filter(source=Source.CORRECTION, source_id=id).exists():
            return False
        Entry.objects.bulk_create([entry])
        Posting.objects.bulk_create(
            Posting(
                source=Source.CORRECTION, source_id=id, line=line, account=side.account, month=month,
                market_id=market.pk, currency=market.currency, kind_id=side.kind_id, provider=side.provider,
                amount=side.amount,
            )
            for line, side in enumerate(sides)
        )  # fmt: skip
    return True


def open_month(market: Market, at: datetime) -> date:
    """Return the month that something of this instant counts in: its own, or the first one still open after it."""
    own = at.astimezone(ZoneInfo(market.time_zone)).date().replace(day=1)
    closed = Closed.objects.filter(market_id=market.pk).order_by("-month").first()
    return own if closed is None else max(own, after(closed.month))


def after(month: date) -> date:
    """Return the first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def close(market: Market, month: date, *, by: str, now: datetime) -> None:
    """Let a month that is over take no more entries. All that happened in it is entered first.

    Months are closed in order. Raises CannotEnter for one that is not over, is closed, or has an open one before it.
    """
    if not by.strip():
        raise CannotEnter("Say who closes the month.")
    month = month.replace(day=1)
    if now.astimezone(ZoneInfo(market.time_zone)).date() < after(month):
        raise CannotEnter(f"{month:%Y-%m} is not over yet.")
    record(now=now)
    with transaction.atomic():
        _lock()
        last = Closed.objects.filter(market_id=market.pk).order_by("-month").first()
        if last is not None and month <= last.month:
            raise CannotEnter(f"{month:%Y-%m} is closed already.")
        first = after(last.month) if last is not None else _first_month(market)
        if first is not None and first < month:
            raise CannotEnter(f"{first:%Y-%m} is still open: months are closed in order.")
        Closed.objects.bulk_create([Closed(market_id=market.pk, month=month, at=now, by=by.strip()[:254])])


def _first_month(market: Market) -> date | None:
    return Entry.objects.filter(market_id=market.pk).order_by("month").values_list("month", flat=True).first()


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
