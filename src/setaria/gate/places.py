"""Places in a programme: taken with a pass, committed in batches like orders; and the programme's state for its page."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import connection

from setaria.gate.answers import Answer, Receive, Scope, answer, encode, overloaded, refusal, wrong_method
from setaria.gate.committer import Committer, Overloaded, Unsure
from setaria.gate.intake import WAITING_MAX, TooLarge, read_body
from setaria.gate.metrics import PLACES
from setaria.kernel import clock
from setaria.kernel.clock import now
from setaria.kernel.seals import BadSeal
from setaria.trade.drops import passes
from setaria.trade.preorders.passes import key_from
from setaria.trade.preorders.requests import Outcome, Take, Taken
from setaria.trade.preorders.take import take

BATCH_PLACES_MAX = 1_000


class ProgrammeState(msgspec.Struct, frozen=True):
    """A programme as last seen."""

    id: int
    slug: str
    opens_at: datetime
    closes_at: datetime
    places_max: int
    places_living: int
    numbers_given: int


class PlaceMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends: leave to take one place."""

    token: str = msgspec.field(name="pass")


_decode = msgspec.json.Decoder(PlaceMessage).decode
_PROGRAMMES = """
    SELECT programme.id, programme.slug, programme.opens_at, programme.closes_at, places_max, places_living,
           numbers_given
    FROM preorders_programme AS programme JOIN drops_drop AS d ON d.id = programme.drop_id
    WHERE d.finished_at IS NULL
"""


def read_programmes() -> dict[str, ProgrammeState]:
    """Read all programmes that are not over, by slug."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRAMMES)
        return {row[1]: ProgrammeState(*row) for row in cursor.fetchall()}


def take_batch(takes: Sequence[Take]) -> Sequence[Outcome]:
    """Take a batch of places at this instant and count what came of it."""
    outcomes = take(takes, now=now())
    for outcome in outcomes:
        PLACES.labels("TAKEN" if isinstance(outcome, Taken) else outcome.code.value).inc()
    return outcomes


class PlaceIntake:
    """Answers `GET` and `POST /rush/{programme}/places`."""

    def __init__(self, secret: str) -> None:
        self.committer: Committer[Take, Outcome] = Committer(
            "places", take_batch, batch_max=BATCH_PLACES_MAX, waiting_max=WAITING_MAX
        )
        self._key = key_from(secret)

    async def respond(self, programme: ProgrammeState, scope: Scope, receive: Receive) -> Answer:
        """Turn one HTTP request into one answer."""
        if scope["method"] == "GET":
            return answer(200, _view(programme))
        if scope["method"] != "POST":
            return wrong_method("GET, POST")
        if self.committer.full:
            return overloaded(scope)
        try:
            message = _decode(await read_body(receive))
        except TooLarge:
            return refusal("TOO_LARGE", scope)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return refusal("MALFORMED", scope)
        seconds = clock.seconds()
        try:
            leave = passes.read(self._key, message.token, seconds)
        except BadSeal as error:
            return refusal("PASS_LAPSED" if str(error) == "lapsed" else "BAD_PASS", scope)
        if leave.drop_id != programme.id:
            return refusal("BAD_PASS", scope)
        if seconds < programme.opens_at.timestamp():
            return refusal("NOT_OPEN", scope)
        try:
            outcome = await self.committer.submit(Take(leave.order_id, leave.customer_id, programme.id))
        except Overloaded:
            return overloaded(scope)
        except Unsure:
            return refusal("UNSURE", scope)
        return answer(201, encode(outcome)) if isinstance(outcome, Taken) else refusal(outcome.code, scope)


def _view(programme: ProgrammeState) -> bytes:
    instant = now()
    full = programme.places_living >= programme.places_max
    over = instant >= programme.closes_at
    return encode(
        {
            "slug": programme.slug,
            "now": instant,
            "opens_at": programme.opens_at,
            "closes_at": programme.closes_at,
            "state": "before" if instant < programme.opens_at else "closed" if over else "full" if full else "open",
            "places": programme.places_max,
            "taken": programme.places_living,
            "left": programme.places_max - programme.places_living,
        }
    )
