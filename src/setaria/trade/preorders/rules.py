"""Decisions about places and deposits: pure, no database and no clock."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from setaria.trade.admission.lanes import Lane, opening_for
from setaria.trade.preorders.requests import Code, Outcome, Refused, Take, Taken

INT4_MAX, INT8_MAX = 2**31 - 1, 2**63 - 1


class Book(msgspec.Struct):
    """A programme as the batch sees it; numbers and room move with every place given."""

    id: int
    opens_at: datetime
    closes_at: datetime
    lanes: list[Lane]
    limit: int
    places_max: int
    numbers_given: int
    places_living: int
    deposit_seconds: int | None  # None: places are free
    claims: dict[int, set[int]]  # customer: which of their places live, counted from 1


class Person(msgspec.Struct, frozen=True):
    """What lanes ask of a customer."""

    joined_at: datetime
    points: int


class Known(msgspec.Struct, frozen=True):
    """A place that was given before under the same id."""

    take: Take
    taken: Taken


class Draft(msgspec.Struct, frozen=True):
    """A place to be written."""

    take: Take
    number: int
    nth: int


def decide(
    takes: Sequence[Take],
    books: dict[int, Book],
    people: dict[int, Person],
    known: dict[UUID, Known],
    now: datetime,
) -> tuple[list[Outcome], list[Draft]]:
    """Answer every request in order of arrival, and say which places are to be written.

    An id seen before gets its first answer, or `ID_CONFLICT` when it asks for something else.
    """
    outcomes: list[Outcome] = []
    drafts: list[Draft] = []
    for take in takes:
        before = known.get(take.id)
        if before is not None:
            outcomes.append(before.taken if before.take == take else Refused(take.id, Code.ID_CONFLICT))
            continue
        result = _judge(take, books.get(take.programme_id), people.get(take.customer_id), now)
        if isinstance(result, Draft):
            drafts.append(result)
            seconds = books[take.programme_id].deposit_seconds
            taken = Taken(take.id, result.number, None if seconds is None else now + timedelta(seconds=seconds))
            known[take.id] = Known(take, taken)
            outcomes.append(taken)
        else:
            outcomes.append(Refused(take.id, result))
    return outcomes, drafts


def well_formed(take: Take) -> bool:
    """Whether the numbers fit the database's columns, so that nothing sent can break its neighbours' batch."""
    return 0 < take.customer_id <= INT8_MAX and 0 < take.programme_id <= INT4_MAX


def _judge(take: Take, book: Book | None, person: Person | None, now: datetime) -> Draft | Code:
    if not well_formed(take):
        return Code.MALFORMED
    if book is None:
        return Code.UNKNOWN_PROGRAMME
    if now < book.opens_at:
        return Code.NOT_OPEN
    if now >= book.closes_at:
        return Code.CLOSED
    opening = None if person is None else opening_for(book.lanes, person.joined_at, person.points)
    if opening is None or now < opening:
        return Code.LANE_NOT_OPEN
    living = book.claims.setdefault(take.customer_id, set())
    if len(living) >= book.limit:
        return Code.OVER_LIMIT
    if book.places_living >= book.places_max:
        return Code.FULL
    nth = next(n for n in range(1, book.limit + 1) if n not in living)
    living.add(nth)
    book.numbers_given += 1
    book.places_living += 1
    return Draft(take, book.numbers_given, nth)


class Cause(StrEnum):
    """Why a place with a paid deposit ends without a paid order."""

    WITHDRAWN = "withdrawn before its turn"
    CANCELLED = "withdrawn after its turn"
    LAPSED = "balance not paid in time"
    OURS = "nothing could be sold"


class RefundRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a deposit goes back in full. It always does when the fault is ours: no order, or a slip beyond the days."""

    withdrawn: bool = True
    cancelled: bool = False
    lapsed: bool = False
    slip_days_max: int = 28

    def goes_back(self, cause: Cause, slip_days: int) -> bool:
        """Whether the deposit is returned; `slip_days`: how much later than first promised it is now."""
        if cause is Cause.OURS or slip_days > self.slip_days_max:
            return True
        return {Cause.WITHDRAWN: self.withdrawn, Cause.CANCELLED: self.cancelled, Cause.LAPSED: self.lapsed}[cause]


class PromisedWeek(msgspec.Struct, frozen=True):
    """What a range of numbers was promised first, and what it is promised now (Mondays)."""

    first: int
    last: int
    promised: date
    now: date

    @property
    def slip_days(self) -> int:
        """How many days later than first promised; 0 when earlier."""
        return max(0, (self.now - self.promised).days)


def week_of(number: int, weeks: Sequence[PromisedWeek]) -> PromisedWeek | None:
    """Return what a number was promised, None where nothing was."""
    return next((week for week in weeks if week.first <= number <= week.last), None)
