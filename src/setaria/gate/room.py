"""The waiting rooms at the gate: places are taken in batches, standings told from memory.

A hundred thousand pages that wait cost the database what one costs: a background look, twice a second, fetches what
is new for all of them. The same background task is a candidate for moving the rooms on (`queues.step`).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog
from django.db import connection

from setaria.gate.answers import Answer, Receive, Scope, answer, encode, overloaded, refusal, wrong_method
from setaria.gate.board import DropState
from setaria.gate.committer import Committer, Overloaded, Unsure
from setaria.gate.intake import TooLarge, drop_view, read_body
from setaria.gate.metrics import ROOM_ASKS, ROOM_JOINS
from setaria.kernel import clock
from setaria.kernel.clock import now
from setaria.kernel.seals import BadSeal
from setaria.trade.queues import tickets
from setaria.trade.queues.join import Answer as Joined
from setaria.trade.queues.join import NoPlace, Wish, join
from setaria.trade.queues.rooms import Room, read
from setaria.trade.queues.rules import Load
from setaria.trade.queues.step import STEP_SECONDS, step

BATCH_JOINS_MAX = 1_000
WAITING_MAX = 16_384

log = structlog.get_logger(__name__)


class JoinMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wish for a place as the page sends it; `again` asks for a new one after a missed turn."""

    ticket: str
    again: bool = False


_decode_join = msgspec.json.Decoder(JoinMessage).decode


def join_batch(wishes: Sequence[Wish]) -> Sequence[Joined]:
    """Give places at this instant."""
    answers = join(wishes, now=now())
    ROOM_JOINS.inc(len(wishes))
    return answers


class Rooms:
    """One process's part in all waiting rooms.

    `orders` and `pages_waiting` tell how the door does, by which the rate of admission is set.
    """

    def __init__(self, secret: str, orders: Committer[Any, Any], pages_waiting: Callable[[], int]) -> None:
        self.committer: Committer[Wish, Joined] = Committer(
            "room", join_batch, batch_max=BATCH_JOINS_MAX, waiting_max=WAITING_MAX
        )
        self.rooms: dict[str, Room] = {}
        self.ready = False
        self._key = tickets.key_from(secret)
        self._orders, self._pages_waiting = orders, pages_waiting
        self._crowd = _Crowd()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rooms")
        self._task: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take joins, look, and move rooms on."""
        self.committer.start(loop)
        self._task = loop.create_task(self._keep())

    async def stop(self) -> None:
        """Answer the joins that wait, and stop looking."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.committer.stop)
        if self._task is not None:
            self._task.cancel()
        self._thread.submit(_close)
        await loop.run_in_executor(None, self._thread.shutdown)

    async def answer(self, drop: DropState, scope: Scope, receive: Receive) -> Answer:
        """Answer `POST` (take a place) and `GET` (how do I stand) of `/rush/{drop}/room`."""
        method = scope["method"]
        if method not in ("POST", "GET"):
            return wrong_method("GET, POST")
        room = self.rooms.get(drop.slug)
        if room is None:
            return refusal("NO_ROOM" if self.ready else "OVERLOADED", scope)
        if method == "GET":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
            ticket = self._ticket(given, drop)
            return refusal(ticket, scope) if isinstance(ticket, str) else self._standing(drop, room, ticket)
        try:
            message = _decode_join(await read_body(receive))
        except TooLarge:
            return refusal("TOO_LARGE", scope)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return refusal("MALFORMED", scope)
        ticket = self._ticket(message.ticket, drop)
        if isinstance(ticket, str):
            return refusal(ticket, scope)
        return await self._join(drop, room, ticket, message, scope)

    def _ticket(self, given: str, drop: DropState) -> tickets.Ticket | str:
        """Read a ticket to this drop's room; the code of a refusal where it is none."""
        try:
            ticket = tickets.read(self._key, given, clock.seconds())
        except BadSeal as error:
            return "TICKET_LAPSED" if str(error) == "lapsed" else "BAD_TICKET"
        return ticket if ticket.drop_id == drop.id else "BAD_TICKET"

    async def _join(
        self, drop: DropState, room: Room, ticket: tickets.Ticket, message: JoinMessage, scope: Scope
    ) -> Answer:
        customer = ticket.customer_id
        if customer in room.numbers and not message.again:  # another tab, or a page loaded again: known by heart
            return answer(200, encode({"number": room.numbers[customer]}))
        wish = Wish(drop.id, customer, tickets.pseudonym(self._key, customer, drop.id), message.again)
        try:
            place = await self.committer.submit(wish)
        except Overloaded:
            return overloaded(scope)
        except Unsure:
            return refusal("UNSURE_PLACE", scope)
        if isinstance(place, NoPlace):
            return refusal(place.value, scope)
        return answer(200, encode({"number": place.number}))

    def _standing(self, drop: DropState, room: Room, ticket: tickets.Ticket) -> Answer:
        gone = all(item.free == 0 for item in drop.items.values())
        standing = room.standing(ticket.customer_id, now(), self._crowd.size, gone=gone)
        self._crowd.told(standing.again_ms / 1000)
        ROOM_ASKS.inc()
        # One answer for both, so that a page asks once: the drop's state, with the room's added before the last brace.
        return answer(200, drop_view(drop)[:-1] + b',"room":' + encode(standing) + b"}")

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                self.rooms = await loop.run_in_executor(self._thread, self._look, self._load())
                self.ready = True
            except Exception as error:  # whatever it is, the rooms must go on
                if self.ready:
                    log.error("rooms_stale", error=repr(error))
                self.ready = False
                await loop.run_in_executor(self._thread, _close)
            if not any(room.behind for room in self.rooms.values()):
                await asyncio.sleep(STEP_SECONDS)

    def _load(self) -> Load:
        waiting, a_second = self._orders.waiting, self._orders.a_second
        return Load(waiting / a_second if a_second else 0.0, self._pages_waiting(), a_second)

    def _look(self, load: Load) -> dict[str, Room]:
        instant = now()
        for room in self.rooms.values():
            if room.opens_at <= instant < room.closes_at:
                step(room.drop_id, load, now=instant)
        return read(self.rooms)


def _close() -> None:
    """Close the connection of the thread that calls this; the next query opens a new one."""
    connection.close()


class _Crowd:
    """How many pages ask this process: each was told when to ask again, so those told in a second add up to all."""

    def __init__(self) -> None:
        self.size = 0.0
        self._since, self._seconds = time.monotonic(), 0.0

    def told(self, seconds: float) -> None:
        """Note that a page was told to ask again in so many seconds."""
        self._seconds += seconds
        passed = time.monotonic() - self._since
        if passed >= 1.0:
            self.size += (self._seconds / passed - self.size) / 2
            self._since, self._seconds = time.monotonic(), 0.0
