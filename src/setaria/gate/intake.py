"""The two things that are posted to the gate: orders with a pass, and payment notifications."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog
from django.db import connection

from setaria.gate.answers import Answer, Receive, Scope, answer, encode, later, overloaded, refusal
from setaria.gate.board import DropState, ItemState
from setaria.gate.committer import Committer, DatabaseErrors, Overloaded, Unsure
from setaria.gate.metrics import NOTIFICATIONS, ORDERS
from setaria.gate.sales import LastSales
from setaria.kernel import clock
from setaria.kernel.batches import Steps
from setaria.kernel.clock import now
from setaria.kernel.seals import BadSeal
from setaria.trade.drops import passes
from setaria.trade.orders.place import place, placing
from setaria.trade.orders.requests import Line, Outcome, Placed, Request
from setaria.trade.orders.settle import Answer as Settled
from setaria.trade.orders.settle import Money
from setaria.trade.payments.notify import News, translate
from setaria.trade.payments.providers import get
from setaria.trade.payments.sandbox import notification as sandbox
from setaria.trade.payments.words import BadNotification, BadSignature, Down
from setaria.trade.preorders.money import hear

BODY_BYTES_MAX = 8 * 1024
NEWS_BYTES_MAX = 256 * 1024  # a provider's notification: some send all they know of a payment
SANDBOX_SIGNATURE = sandbox.SIGNATURE_HEADER.encode()
WAITING_MAX = 8_192
BATCH_ORDERS_MAX = 1_000
BATCH_NEWS_MAX = 1_000

log = structlog.get_logger(__name__)


class LineMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line as the page sends it: the unit price is the one the buyer saw, in minor units."""

    sku: str
    quantity: int
    price: int


class OrderMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order as the page sends it."""

    lines: tuple[LineMessage, ...]
    token: str = msgspec.field(name="pass")


_decode_order = msgspec.json.Decoder(OrderMessage).decode


class TooLarge(Exception):
    """The body is over its limit."""


async def read_body(receive: Receive, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Read a request's body; raises TooLarge without reading on."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        if len(body) > bytes_max:
            raise TooLarge
        message = await receive()
        body += message.get("body", b"")
    if len(body) > bytes_max:
        raise TooLarge
    return body


def receive_batch(news: Sequence[News]) -> Sequence[Settled | str]:
    """Apply a batch of payment news; a failed payment is answered by the word FAILED."""
    answers = hear(news, now=now())
    for settled in answers:
        NOTIFICATIONS.labels(settled or "FAILED").inc()
    return [settled or "FAILED" for settled in answers]


class OrderIntake:
    """Answers `POST /rush/{drop}/orders`."""

    def __init__(self, secret: str, sales: LastSales) -> None:
        self._sales = sales
        self.committer: Committer[Request, Outcome] = Committer(
            "orders", self._place, batch_max=BATCH_ORDERS_MAX, waiting_max=WAITING_MAX, steps=self._placing
        )
        self._key = passes.key_from(secret)
        # Looked up once: at this rate finding a counter costs more than counting.
        self._turned_away, self._sold_out = ORDERS.labels("OVERLOADED"), ORDERS.labels("SOLD_OUT")

    def _place(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        return self._noted(requests, place(requests, now=now()))

    def _placing(self, requests: Sequence[Request]) -> Steps[Sequence[Outcome]]:
        return self._noted(requests, (yield from placing(requests, now=now())))

    def _noted(self, requests: Sequence[Request], outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """Note what was sold, before any buyer hears of it, and count what came of the batch."""
        sold: set[int] = set()
        tally: dict[str, int] = {}
        for request, outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Placed):
                name = "PLACED"
                sold.update(line.variant_id for line in request.lines)
            else:
                name = outcome.code.value
            tally[name] = tally.get(name, 0) + 1
        if sold:
            self._sales.note(sold)
        for name, count in tally.items():
            ORDERS.labels(name).inc(count)
        return outcomes

    async def post(self, drop: DropState, scope: Scope, receive: Receive) -> Answer:
        """Turn one HTTP request into one answer."""
        if self.committer.full:  # before anything is read: a refusal must cost next to nothing
            return self._turn_away(scope)
        try:
            message = _decode_order(await read_body(receive))
        except TooLarge:
            return refusal("TOO_LARGE", scope)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return refusal("MALFORMED", scope)
        seconds = clock.seconds()
        try:
            leave = passes.read(self._key, message.token, seconds)
        except BadSeal as error:
            return refusal("PASS_LAPSED" if str(error) == "lapsed" else "BAD_PASS", scope)
        if leave.drop_id != drop.id:
            return refusal("BAD_PASS", scope)
        if seconds < drop.opens_seconds:
            return refusal("NOT_OPEN", scope)
        if drop.late and (late := drop.late_for(leave.customer_id, seconds)):
            return later(late, scope)
        lines, sold_out = self._lines(message, drop, leave)
        if lines is None:
            return refusal("UNKNOWN_ITEM", scope)
        if sold_out:
            self._sold_out.inc()
            return refusal("SOLD_OUT", scope)
        try:
            outcome = await self.committer.submit(
                Request(leave.order_id, leave.customer_id, drop.channel_id, lines, drop.id)
            )
        except Overloaded:
            return self._turn_away(scope)
        except Unsure:
            return refusal("UNSURE", scope)
        if isinstance(outcome, Placed):
            return answer(201, encode(outcome))
        return refusal(outcome.code, scope)

    def _turn_away(self, scope: Scope) -> Answer:
        self._turned_away.inc()
        return overloaded(scope)

    def _lines(
        self, message: OrderMessage, drop: DropState, leave: passes.Pass
    ) -> tuple[tuple[Line, ...] | None, bool]:
        """Translate SKUs; also say whether an item is known to be sold out for this order."""
        lines = []
        sold_out = False
        for line in message.lines:
            item: ItemState | None = drop.items.get(line.sku)
            if item is None or leave.variant_id not in (passes.ANY_VARIANT, item.variant_id):
                return None, False
            if item.refuses(leave.order_id, self._sales):
                sold_out = True
            lines.append(Line(item.variant_id, line.quantity, line.price))
        return tuple(lines), sold_out


class NotificationIntake:
    """Answers `POST /payments/{provider}/notify`."""

    def __init__(self, secret: str) -> None:
        self.committer: Committer[News, Settled | str] = Committer(
            "payments", receive_batch, batch_max=BATCH_NEWS_MAX, waiting_max=WAITING_MAX
        )
        self._key = sandbox.key_from(secret)

    async def post(self, provider: str, scope: Scope, receive: Receive) -> Answer:
        """Verify and apply one notification; 200 tells the provider to stop repeating it."""
        if self.committer.full:
            return overloaded(scope)
        rush = provider == sandbox.NAME
        try:
            body = await read_body(receive, BODY_BYTES_MAX if rush else NEWS_BYTES_MAX)
            if rush:
                news = [self._sandbox(scope, body)]
            else:
                # A library's check, and a look at our own payments: not on the event loop.
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
                news = await asyncio.to_thread(read_news, provider, headers, body)
        except TooLarge:
            return refusal("TOO_LARGE", scope)
        except BadSignature:
            return refusal("BAD_SIGNATURE", scope)
        except BadNotification:
            return refusal("MALFORMED", scope)
        except Down:
            return refusal("UNSURE", scope)
        except DatabaseErrors as error:
            log.error("news_waits_for_database", provider=provider, error=repr(error))
            return refusal("UNSURE", scope)
        try:
            settled = [await self.committer.submit(one) for one in news]
        except Overloaded:
            return overloaded(scope)
        except Unsure:
            return refusal("UNSURE", scope)
        if rush:
            return answer(200, encode({"received": True, "outcome": settled[0]}))
        return answer(200, get(provider).thanks)

    def _sandbox(self, scope: Scope, body: bytes) -> News:
        signature = next((value for name, value in scope["headers"] if name == SANDBOX_SIGNATURE), b"")
        told = sandbox.parse(self._key, body, signature.decode("latin-1"))
        money = Money(told.order_id, told.payment_id, sandbox.NAME, told.amount, told.currency)
        return News(money, told.status == "succeeded")


def read_news(provider: str, headers: Mapping[str, str], body: bytes) -> list[News]:
    """Check a provider's notification and find what it is about; on a thread that may wait for the database."""
    try:
        return translate(provider, get(provider).read(headers, body), now=now())
    except DatabaseErrors:
        connection.close()
        raise


def drop_view(drop: DropState) -> bytes:
    """A drop's state as its page polls it: instants in UTC, amounts in minor units."""
    instant = now()
    state = "before" if instant < drop.opens_at else "open" if instant < drop.closes_at else "closed"
    return encode(
        {
            "slug": drop.slug,
            "now": instant,
            "opens_at": drop.opens_at,
            "closes_at": drop.closes_at,
            "state": state,
            "currency": drop.currency,
            "items": [
                {
                    "sku": item.sku,
                    "price": item.amount,
                    "limit": item.limit,
                    "sold_out": item.free == 0,
                }
                for item in drop.items.values()
            ],
        }
    )
