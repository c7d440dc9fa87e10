"""A courier's list of what it brings, taken in at once: a line an order, as its number, the amount and the courier's number.

Where a line says no amount it is what was due; where it says no number of the courier's, the list's.
"""

import csv
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setaria.kernel.written import minor_of
from setaria.trade.payments.cash.hand_over import HANDED_MAX, Answer, Brought, hand_over
from setaria.trade.payments.cash.models import Promise

CHARS_MAX = 1_000_000
_HEADINGS = ("order", "order id", "order_id", "number", "订单", "订单号")


class TooLong(Exception):
    """More than `HANDED_MAX` lines, or `CHARS_MAX` characters; nothing was changed."""


class Line(msgspec.Struct, frozen=True):
    """A line as it was written."""

    number: int
    text: str
    order_id: UUID | None = None
    amount: str = ""
    reference: str = ""


class Taken(msgspec.Struct, frozen=True):
    """A line, and what became of it; None where it could not be read, and nothing was changed by it."""

    line: Line
    answer: Answer | None


def take_list(text: str, *, reference: str, by: str, now: datetime) -> list[Taken]:
    """Note all of a list, and say what became of each line; again it changes nothing. Raises TooLong."""
    lines = read(text)
    currencies = dict(
        Promise.objects.filter(order_id__in=[x.order_id for x in lines if x.order_id]).values_list(
            "order_id", "currency"
        )
    )
    brought = {line.number: _brought(line, currencies, reference) for line in lines}
    sound = [each for each in brought.values() if each is not None]
    answers = iter(hand_over(sound, by=by, now=now))
    return [Taken(line, None if brought[line.number] is None else next(answers)) for line in lines]


def read(text: str) -> list[Line]:
    """Read a list: cells parted by commas, semicolons or tabs, with a heading or without; raises TooLong."""
    written = text.lstrip("\ufeff").replace("\0", "")
    if len(written) > CHARS_MAX:
        raise TooLong
    first = written.partition("\n")[0]
    parted = max(",;\t", key=first.count)
    found: list[Line] = []
    for number, cells in enumerate(csv.reader(written.splitlines(), delimiter=parted), start=1):
        cells = [cell.strip() for cell in cells]
        if not any(cells) or (not found and cells[0].lower() in _HEADINGS):
            continue
        found.append(_line(number, cells, parted))
    if len(found) > HANDED_MAX:
        raise TooLong
    return found


def _line(number: int, cells: Sequence[str], parted: str) -> Line:
    text = parted.join(cells)[:200]
    amount, reference = [*cells[1:3], "", ""][:2]
    try:
        return Line(number, text, UUID(cells[0]), amount, reference)
    except ValueError:
        return Line(number, text)


def _brought(line: Line, currencies: dict[UUID, str], reference: str) -> Brought | None:
    if line.order_id is None:
        return None
    currency = currencies.get(line.order_id)
    amount = minor_of(line.amount, currency) if line.amount and currency else None
    if line.amount and currency and amount is None:
        return None
    return Brought(line.order_id, amount, line.reference or reference)
