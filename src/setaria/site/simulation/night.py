"""One night on a virtual clock: people, gates that fail, and stand-ins for the network and the tables.

Real: `rules.decide`, the queue of `Committer`, `ItemState.refuses` with `LastSales`, and the judgement of payments.
Stood in for: the transaction (locks in one row, commits later than it reads, may be lost with its process), the board's
snapshots (taken at one instant, used from a later one), expiry and cancellation as the tables would do them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import UUID

from setaria.gate import committer as committing
from setaria.gate.board import ItemState, _mark
from setaria.gate.sales import LastSales
from setaria.goods.inventory.hold import Hold
from setaria.site.simulation.auditor import Auditor, Sale
from setaria.trade.orders import rules, settle
from setaria.trade.orders.models import Status
from setaria.trade.orders.requests import Line, Outcome, Placed, Request

EPOCH = datetime(2031, 11, 11, tzinfo=UTC)
CHANNEL, DROP, POOL = 1, 7, 3
BATCH_MAX = 20
REFRESH_SECONDS = 0.2


def instant(seconds: float) -> datetime:
    """The night's seconds as an instant."""
    return EPOCH + timedelta(seconds=seconds)


class _Future:
    """As much of a future as the committer's queue needs."""

    def done(self) -> bool:
        return False


class _Loop:
    def create_future(self) -> _Future:
        return _Future()


@dataclass
class Want:
    """One order that somebody wants, through all of its attempts."""

    number: int
    id: UUID
    customer: int
    item: int
    quantity: int
    price: int
    placed: bool = False
    tries: int = 0


@dataclass
class Attempt:
    """One sending of a want, perhaps with other contents."""

    want: Want
    sent: float
    quantity: int
    gate: Gate | None = None
    arrived: int = 0  # so many requests had come to any gate before


@dataclass
class Gate:
    """A web process: its queue, its memory, and which life of it this is."""

    number: int
    queue: Any
    life: int = 0
    alive: bool = True
    busy: bool = False
    board: dict[int, ItemState] | None = None


@dataclass
class Tables:
    """What PostgreSQL would hold. `free_at`: when the lock on the stock is free again."""

    free: dict[int, int]
    orders: dict[UUID, tuple[Request, Placed, settle._State, float]] = field(default_factory=dict)
    claims: dict[int, dict[int, int]] = field(default_factory=dict)
    settlements: dict[tuple[UUID, UUID], tuple[object, ...]] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    free_at: float = 0.0


class Night:
    """One seed's night. `run` plays it; `auditor.breaches` says what went wrong."""

    def __init__(self, seed: int) -> None:
        self._random = random = Random(seed)
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._events = self._arrivals = 0
        self._made: dict[int, tuple[int, array[int]]] = {}
        self.now = 0.0
        items = range(1, random.randint(1, 3) + 1)
        self.seconds = random.choice([300.0, 600.0, 1200.0])
        self.sale = Sale(
            units={item: random.choice([3, 10, 30, 60]) for item in items},
            prices={item: random.choice([4_900, 199_900]) for item in items},
            limit=random.choice([1, 2, 3]),
            opens=5.0,
            closes=self.seconds * random.choice([0.5, 0.9]),
            payment_seconds=random.choice([5.0, 20.0, 60.0]),
        )
        self.auditor = Auditor(self.sale)
        self._tables = Tables(dict(self.sale.units), versions=dict.fromkeys(items, 0))
        self._claims: dict[int, dict[int, int]] = {item: {} for item in items}
        self._sales = LastSales(clock=lambda: self.now)
        self._gates = [Gate(number, None) for number in range(random.randint(1, 3))]
        for gate in self._gates:
            self._start(gate)
        self._wants: dict[UUID, Want] = {}
        self._slowness = random.choice([0.005, 0.05, 0.3])
        self._plan()

    # --- time ---

    def _at(self, when: float, do: Callable[[], None]) -> None:
        self._events += 1
        heappush(self._heap, (max(when, self.now), self._events, do))

    def run(self) -> Auditor:
        """Play to the end, let everything come to rest, and close the books."""
        last = self.seconds + self.sale.payment_seconds + 30.0
        while self._heap and self._heap[0][0] <= last:
            self.now, _, do = heappop(self._heap)
            do()
        self.now = last
        held = {item: units - self._tables.free[item] for item, units in self.sale.units.items()}
        numbers = {id: want.number for id, want in self._wants.items()}
        names = {Status.PLACED: "placed", Status.PAID: "paid", Status.EXPIRED: "expired", Status.CANCELLED: "cancelled"}
        statuses = {numbers[id]: names[Status(row[2].status)] for id, row in self._tables.orders.items()}
        self.auditor.close(self.now, held, statuses)
        return self.auditor

    def _plan(self) -> None:
        random = self._random
        people = random.choice([40, 150, 400])
        for number in range(int(people * 1.5)):
            rush = random.random() < 0.6
            at = 4.0 + random.expovariate(1 / 3.0) if rush else random.uniform(0.0, self.seconds)
            item = random.choice(list(self.sale.units))
            want = Want(
                number, UUID(int=random.getrandbits(128)), random.randrange(1, people + 1), item,
                random.choice([1, 1, 1, 2]), self.sale.prices[item] + (random.random() < 0.02),
            )  # fmt: skip
            self._wants[want.id] = want
            self._at(at, lambda want=want: self._send(want))  # type: ignore[misc]
        for _ in range(random.choice([0, 2, 6])):
            self._at(random.uniform(4.0, self.seconds), lambda: self._kill(random.choice(self._gates)))
        for gate in self._gates:
            self._refresh(gate, gate.life)
        self._sweep()

    # --- people ---

    def _send(self, want: Want, quantity: int | None = None) -> None:
        want.tries += 1
        gate = self._random.choice(self._gates)
        attempt = Attempt(want, self.now, quantity or want.quantity, gate)
        self._at(self.now + 0.02 * self._random.random(), lambda: self._arrive(attempt))
        if self._random.random() < 0.03:  # the buyer hangs up, and sends the same again; nobody reads the first answer
            attempt.want = Want(**vars(want))
            self._at(self.now + self._random.choice([0.01, 0.5]), lambda: self._send(want))

    def _answered(self, attempt: Attempt, outcome: Outcome | str) -> None:
        """An answer reaches its buyer."""
        want = attempt.want
        if want is not self._wants[want.id]:  # who hung up hears nothing
            return
        line = (want.item, attempt.quantity)
        if isinstance(outcome, Placed):
            pay_by = (outcome.pay_by - EPOCH).total_seconds()
            self.auditor.told_placed(attempt.sent, self.now, want.number, outcome.total, pay_by, line)
            if not want.placed:
                want.placed = True
                self._after_placing(want, outcome.total)
            return
        code = outcome if isinstance(outcome, str) else outcome.code.value
        if code in ("OVERLOADED", "LOST"):
            if want.tries < 40:
                self._at(self.now + 0.1 + self._random.random(), lambda: self._send(want))
            return
        self.auditor.told_refused(attempt.sent, self.now, want.number, code, want.customer, line, want.price)
        again = (code == "SOLD_OUT" and self._random.random() < 0.6) or code == "NOT_OPEN"
        if again and want.tries < 8:
            self._at(self.now + self._random.choice([0.3, 3.0, 20.0]), lambda: self._send(want))

    def _after_placing(self, want: Want, total: int) -> None:
        random = self._random
        if random.random() < 0.3:  # the same pass again, soon, perhaps for something else
            other = want.quantity + 1 if random.random() < 0.2 else want.quantity
            self._at(self.now + random.choice([0.01, 0.1, 1.0]), lambda: self._send(want, other))
        window = self.sale.payment_seconds
        manner = random.choice(["pay", "pay", "pay", "late", "never", "wrong", "twice", "cancel"])
        in_time = 0.9 * window * random.random()
        when = self.now + (window * random.choice([1.0, 1.1, 1.3]) if manner == "late" else in_time)
        payment = UUID(int=random.getrandbits(128))
        if manner in ("pay", "late", "twice"):
            self._at(when, lambda: self._settle(want, payment, total))
            if manner == "twice":
                second = UUID(int=random.getrandbits(128))
                self._at(when + 0.3, lambda: self._settle(want, second, total))
            if random.random() < 0.3:  # told again
                self._at(when + random.choice([0.0, 5.0]), lambda: self._settle(want, payment, total))
        elif manner == "wrong":
            self._at(when, lambda: self._settle(want, payment, total - 1))
        elif manner == "cancel":
            self._at(when, lambda: self._let_go([want.id], wished=True))

    # --- gates ---

    def _start(self, gate: Gate) -> None:
        gate.life += 1
        gate.alive, gate.busy, gate.board = True, False, None
        gate.queue = committing.Committer("orders", _never, batch_max=BATCH_MAX, waiting_max=500)
        gate.queue._loop = _Loop()

    def _kill(self, gate: Gate) -> None:
        if gate.alive:
            gate.alive = False
            for attempt, _ in gate.queue._waiting:
                self._answered(attempt, "LOST")
            self._at(self.now + 1.0 + 2.0 * self._random.random(), lambda: self._restart(gate))

    def _restart(self, gate: Gate) -> None:
        self._start(gate)
        self._refresh(gate, gate.life)

    def _refresh(self, gate: Gate, life: int) -> None:
        """Take a snapshot now, and use it a little later."""
        if gate.life != life or not gate.alive:
            return
        tables = self._tables
        board = {}
        for item, free in tables.free.items():
            made = self._made_of(item) if free == 0 else None
            board[item] = ItemState(item, str(item), 1, 1, free, tables.versions[item], made, self.now)
        took = 0.02 + 0.1 * self._random.random()
        self._at(self.now + took, lambda: setattr(gate, "board", board) if gate.life == life else None)
        self._at(self.now + took + REFRESH_SECONDS, lambda: self._refresh(gate, life))

    def _made_of(self, item: int) -> array[int]:
        version, made = self._made.get(item, (-1, array("Q")))
        if version != self._tables.versions[item]:
            orders = self._tables.orders.items()
            made = array("Q", sorted(_mark(i) for i, row in orders if row[0].lines[0].variant_id == item))
            self._made[item] = (self._tables.versions[item], made)
        return made

    def _arrive(self, attempt: Attempt) -> None:
        gate, want = attempt.gate, attempt.want
        assert gate is not None
        self._arrivals += 1
        attempt.arrived = self._arrivals
        if not gate.alive:
            return self._answer(attempt, "LOST")
        if gate.board is None:
            return self._answer(attempt, "OVERLOADED")
        if self.now < self.sale.opens:
            return self._answer(attempt, "NOT_OPEN")
        if gate.board[want.item].refuses(want.id, self._sales):
            return self._answer(attempt, "SOLD_OUT")
        try:
            gate.queue.submit(attempt)
        except committing.Overloaded:
            return self._answer(attempt, "OVERLOADED")
        if not gate.busy:
            self._begin(gate)
        return None

    def _answer(self, attempt: Attempt, outcome: Outcome | str) -> None:
        self._at(self.now + 0.02 * self._random.random(), lambda: self._answered(attempt, outcome))

    # --- the door ---

    def _begin(self, gate: Gate) -> None:
        gate.queue._under_way = []  # the batch before is done
        batch = [attempt for attempt, _ in gate.queue._take()]
        gate.busy = bool(batch)
        if batch:
            stamp, life = self.now, gate.life
            self._locked(lambda: self._decide(gate, life, batch, stamp))

    def _locked(self, work: Callable[[], None]) -> None:
        """Do `work` once the stock is not locked by another transaction; it locks it until its own commit."""
        if self._tables.free_at > self.now:
            self._at(self._tables.free_at, lambda: self._locked(work))
        else:
            work()

    def _decide(self, gate: Gate, life: int, batch: list[Attempt], stamp: float) -> None:
        if gate.life != life or not gate.alive:  # killed while it waited for the lock
            return self._lose(batch)
        requests = [self._request(attempt) for attempt in batch]
        outcomes, drafts = rules.decide(requests, self._book(requests, stamp))
        commits = self.now + self._slowness * self._random.expovariate(1.0) + 0.001
        self._tables.free_at = commits
        self._at(commits, lambda: self._commit(gate, life, batch, stamp, outcomes, drafts))
        return None

    def _request(self, attempt: Attempt) -> Request:
        want = attempt.want
        return Request(want.id, want.customer, CHANNEL, (Line(want.item, attempt.quantity, want.price),), DROP)

    def _book(self, requests: Sequence[Request], stamp: float) -> rules.Book:
        sale, tables = self.sale, self._tables
        terms: dict[rules.ItemKey, rules.Terms] = {}
        opens, closes = instant(sale.opens), instant(sale.closes)
        barred = rules.barred(sells=True, unit_price=1, opens_at=opens, closes_at=closes, now=instant(stamp))
        for number, item in enumerate(sale.units, start=1):
            terms[CHANNEL, DROP, item] = rules.Terms(
                number=number, market_id=1, channel_id=CHANNEL, drop_id=DROP, product_id=item,
                barred=barred, currency="CNY", unit_price=sale.prices[item], payment_seconds=int(sale.payment_seconds),
                pay_by=instant(stamp + sale.payment_seconds), stock=rules.Stock(item, POOL, tables.free[item]),
                limit=rules.Limit(DROP, item, sale.limit, dict(self._claims[item])),
            )  # fmt: skip
        book = rules.Book(terms, {})
        book.known.update((r.id.int, rules.Known(*tables.orders[r.id][:2])) for r in requests if r.id in tables.orders)
        return book

    def _commit(
        self, gate: Gate, life: int, batch: list[Attempt], stamp: float,
        outcomes: Sequence[Outcome], drafts: Sequence[rules.Draft],
    ) -> None:  # fmt: skip
        killed = gate.life != life or not gate.alive
        if killed and self._random.random() < 0.5:  # the commit had not reached the server
            return self._lose(batch)
        fresh = {draft.request.id for draft in drafts}
        for draft in drafts:
            self._write(draft, stamp)
        told = [(a.arrived, a.want.item, a.quantity, isinstance(o, Placed)) for a, o in zip(batch, outcomes, strict=True)
                if (a.want.id in fresh if isinstance(o, Placed) else o.code == "SOLD_OUT")]  # fmt: skip
        self.auditor.batch(self.now, (gate.number, life), told)
        if killed:
            return self._lose(batch)
        self._at(self.now + 0.01 * self._random.random(), lambda: self._tell(gate, life, batch, outcomes))
        return None

    def _tell(self, gate: Gate, life: int, batch: list[Attempt], outcomes: Sequence[Outcome]) -> None:
        if gate.life != life or not gate.alive:
            return self._lose(batch)
        self._sales.note({a.want.item for a, o in zip(batch, outcomes, strict=True) if isinstance(o, Placed)})
        for attempt, outcome in zip(batch, outcomes, strict=True):
            self._answer(attempt, outcome)
        self._begin(gate)
        return None

    def _lose(self, batch: list[Attempt]) -> None:
        for attempt in batch:
            self._answer(attempt, "LOST")

    # --- the tables ---

    def _write(self, draft: rules.Draft, stamp: float) -> None:
        request, placed = draft.request, draft.placed
        line = request.lines[0]
        tables = self._tables
        state = settle._State(Status.PLACED, placed.total, placed.currency, 1, CHANNEL, DROP, request.customer_id)
        tables.orders[request.id] = (request, placed, state, stamp + self.sale.payment_seconds)
        self._change(line.variant_id, request.customer_id, line.quantity)
        number = self._wants[request.id].number
        self.auditor.placed(
            self.now, number, request.customer_id, line.variant_id, line.quantity, line.unit_price, stamp
        )

    def _change(self, item: int, customer: int, quantity: int) -> None:
        self._tables.free[item] -= quantity
        self._tables.versions[item] += 1
        claims = self._claims[item]
        claims[customer] = claims.get(customer, 0) + quantity

    def _sweep(self) -> None:
        """The worker, twice a second."""
        stamp = self.now
        due = [i for i, row in self._tables.orders.items() if row[2].status == Status.PLACED and row[3] <= stamp]
        if due:
            self._let_go(due, wished=False)
        self._at(self.now + 0.5, self._sweep)

    def _let_go(self, ids: list[UUID], *, wished: bool) -> None:
        stamp = self.now

        def work() -> None:
            commits = self.now + self._slowness * self._random.random()
            fresh = [i for i in ids if self._tables.orders[i][2].status == Status.PLACED]
            self._tables.free_at = commits
            self._at(commits, lambda: self._release(fresh, stamp, wished))

        self._locked(work)

    def _release(self, ids: list[UUID], stamp: float, wished: bool) -> None:
        for id in ids:
            request, _, state, _ = self._tables.orders[id]
            state.status = Status.CANCELLED if wished else Status.EXPIRED
            self._change(request.lines[0].variant_id, request.customer_id, -request.lines[0].quantity)
            self.auditor.let_go(self.now, self._wants[id].number, stamp, wished=wished)

    def _settle(self, want: Want, payment: UUID, amount: int) -> None:
        def work() -> None:
            commits = self.now + self._slowness * self._random.random()
            self._tables.free_at = commits
            self._at(commits, lambda: self._apply(settle.Money(want.id, payment, "sandbox", amount, "CNY")))

        self._locked(work)

    def _apply(self, money: settle.Money) -> None:
        tables = self._tables
        request, _, state, _ = tables.orders[money.order_id]
        line = request.lines[0]
        key = (money.order_id, money.payment_id)
        retaken = set()
        if state.status == Status.EXPIRED and key not in tables.settlements and money.amount == state.total:
            hold = Hold(money.order_id, line.variant_id, POOL, line.quantity)
            claimed = self._claims[line.variant_id].get(request.customer_id, 0)
            if settle._can_have(
                [hold], (request.customer_id, DROP), {(line.variant_id, POOL): tables.free[line.variant_id]},
                {(request.customer_id, DROP, line.variant_id): (claimed, self.sale.limit)},
            ):  # fmt: skip
                retaken.add(money.order_id)
        answer, outcome = settle._judge(money, state, tables.settlements, retaken)
        if outcome is not None:
            tables.settlements[key] = (money.amount, money.currency, outcome)
        if outcome == settle.Outcome.APPLIED:
            if retaken:
                self._change(line.variant_id, request.customer_id, line.quantity)
            state.status = Status.PAID
        number = self._wants[money.order_id].number
        self.auditor.settled(self.now, number, str(money.payment_id), money.amount, answer.value)


def _never(_: Sequence[Attempt]) -> Sequence[Outcome]:
    raise AssertionError("The night commits by itself.")
