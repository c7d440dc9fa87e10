"""What every process knows of the waiting rooms by heart, so that a hundred thousand waiters cost it a few queries.

Read outside of any request; each look fetches only what is new. Numbers are given under the room's lock in their own
order, so "numbers above the last one seen" misses nobody.
"""

from bisect import bisect_left
from datetime import datetime, timedelta

import msgspec
from django.db import connection, transaction

from setaria.trade.queues import rules
from setaria.trade.queues.rules import ESTIMATE_SECONDS_MIN

NUMBERS_A_LOOK_MAX = 20_000  # so that Python's lock is not held for long
WATCHED = timedelta(seconds=60)  # the pace of admission is that of the last minute

_ROOMS = """
    SELECT d.slug, q.drop_id, d.opens_at, d.closes_at, q.seed_hash, q.offer_seconds, q.numbered_at, q.places,
           q.admitted_to, q.seats, q.unpaid
    FROM queues_queue AS q JOIN drops_drop AS d ON d.id = q.drop_id
    WHERE d.finished_at IS NULL AND d.admission = 'queue' ORDER BY d.id
"""
_NUMBERS = """
    SELECT customer_id, number FROM queues_waiter WHERE drop_id = %s AND number > %s ORDER BY number LIMIT %s
"""
_WAVES = """
    SELECT through, admitted_at, offered_until FROM queues_wave WHERE drop_id = %s AND first > %s ORDER BY first
"""


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How somebody stands in a room, as their page is told.

    `state`: early (no numbers yet), waiting, turn (may order until `until`), over (might have), or unknown: no number
    of theirs has been seen here, which for a new one takes a moment. `ahead` people come first; `seconds` is when
    about, absent where we cannot tell. `gone`: nothing is left, and `unpaid` orders may yet bring something back.
    `seats` more people can come in for what is left.
    """

    state: str
    places: int
    admitted_to: int
    again_ms: int
    number: int | None = None
    ahead: int | None = None
    seconds: int | None = None
    until: datetime | None = None
    gone: bool = False
    unpaid: int = 0
    seats: int = 0


class Room(msgspec.Struct):
    """A waiting room as last seen. `throughs` and the lists beside it are its waves, in order."""

    slug: str
    drop_id: int
    opens_at: datetime
    closes_at: datetime
    seed_hash: str
    offer_seconds: int
    numbered_at: datetime | None
    places: int
    admitted_to: int
    seats: int
    unpaid: int
    numbers: dict[int, int] = {}
    last_number: int = 0
    throughs: list[int] = []
    admitted: list[datetime] = []
    until: list[datetime] = []

    def standing(self, customer_id: int, now: datetime, crowd: float, *, gone: bool) -> Standing:
        """Say how a customer stands; about `crowd` pages ask this process.

        Never more than have places: a page that asks all the time must not make the others wait for their answers.
        """
        crowd = min(crowd, self.places)
        seconds, people = self._pace(now)
        number = self.numbers.get(customer_id)
        ahead = 0 if number is None else max(0, number - self.admitted_to - 1)
        state, until = self._state(number, now)
        waits = state == "waiting"
        return Standing(
            state=state,
            places=self.places,
            admitted_to=self.admitted_to,
            again_ms=int(1000 * self._again(state, ahead, people / seconds if seconds else 0.0, now, crowd)),
            number=number,
            ahead=ahead if waits else None,
            seconds=rules.estimate(ahead, self.seats, people, seconds) if waits else None,
            until=until,
            gone=gone,
            unpaid=self.unpaid,
            seats=self.seats,
        )

    @property
    def behind(self) -> bool:
        """Whether there are numbers that have not been read yet."""
        return self.numbered_at is not None and self.last_number < self.places

    def _again(self, state: str, ahead: int, a_second: float, now: datetime, crowd: float) -> float:
        if state in ("early", "unknown"):
            return rules.ask_early((self.opens_at - now).total_seconds(), crowd)
        if state == "over":
            return max(rules.ASK_FAR_SECONDS, crowd / rules.ASKS_A_SECOND_MAX)
        return rules.ask_again(ahead, a_second, crowd)

    def _state(self, number: int | None, now: datetime) -> tuple[str, datetime | None]:
        if number is None:
            return ("early" if self.numbered_at is None or self.behind else "unknown"), None
        wave = bisect_left(self.throughs, number)
        if wave == len(self.throughs):
            return "waiting", None
        return ("turn" if now < self.until[wave] else "over"), self.until[wave]

    def _pace(self, now: datetime) -> tuple[float, int]:
        """For how many seconds admissions have been watched, and how many people came in meanwhile."""
        begin = max(now - WATCHED, self.numbered_at or now)
        at = bisect_left(self.admitted, begin)
        before = self.throughs[at - 1] if at else 0
        return (now - begin).total_seconds(), self.admitted_to - before


def read(before: dict[str, Room]) -> dict[str, Room]:
    """Read all rooms of drops that are not finished, by slug; what `before` knows is not read again."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(_ROOMS)
        rooms = {row[0]: Room(*row) for row in cursor.fetchall()}
        for slug, room in rooms.items():
            known = before.get(slug)
            if known is not None and known.drop_id == room.drop_id:
                room.numbers, room.last_number = known.numbers, known.last_number
                room.throughs, room.admitted, room.until = known.throughs, known.admitted, known.until
            if room.last_number < room.places and room.numbered_at is not None:
                cursor.execute(_NUMBERS, [room.drop_id, room.last_number, NUMBERS_A_LOOK_MAX])
                for customer, number in cursor.fetchall():
                    room.numbers[customer] = number
                    room.last_number = number
            cursor.execute(_WAVES, [room.drop_id, room.throughs[-1] if room.throughs else 0])
            if new := cursor.fetchall():  # new lists: the old ones are being read
                throughs, admitted, until = zip(*new, strict=True)
                room.throughs = [*room.throughs, *throughs]
                room.admitted, room.until = [*room.admitted, *admitted], [*room.until, *until]
    return rooms


assert WATCHED.total_seconds() > ESTIMATE_SECONDS_MIN
