"""The goals, measured one after another against one instance."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from setaria.kernel.clock import now
from setaria.sight.wall import ticket
from setaria.site.bench import ground, load, screens
from setaria.site.bench.direct import Direct
from setaria.site.bench.environment import commit_ms
from setaria.site.bench.ground import PRICE, Ground
from setaria.site.bench.load import Measured, Sample
from setaria.site.bench.pairs import Goal, Outcome, Tick, compare, judge
from setaria.site.rush.instance import Instance
from setaria.site.rush.watch import family, memory_mb

THREADS_TRIED = (2, 4, 8, 16)
WARM_SECONDS = 0.5
PER_SECOND_FIRST = 14_000  # requests prepared for the first sample of a kind; later ones go by what was seen
PREPARED_BEYOND = 1.6
CONNECTIONS, CONNECTIONS_MANY = 256, 1024
PEAK_SHARE = 0.7
SCREENS = 200
SETTLED_SECONDS = 2.5  # ten times the wall's own step
IDLE_SECONDS = 5.0
LOOKS = 10  # at the memory, at least, while the orders come


class Effort(msgspec.Struct, frozen=True):
    """How long is measured: so many pairs of samples of so many seconds, and memory through so many orders."""

    pairs: int
    seconds: float
    orders: int


class Goals:
    """One run against one instance; `tick` is told what was measured, sample by sample."""

    def __init__(self, instance: Instance, naive_url: str, effort: Effort, tick: Callable[[str], None]) -> None:
        self._instance, self._naive_url, self._effort, self._tell = instance, naive_url, effort, tick
        self._rates: dict[str, float] = {}
        self.baseline_threads = 0

    def measure(self, load: Pipe, walls: Pipe) -> Iterator[Outcome]:
        """Measure every goal in turn; the pipes lead to the load generator and to the screens."""
        self._load, self._walls = load, walls
        self._hot = ground.lay("hot", 1)
        yield self._orders_and_empty(0.45, CONNECTIONS)
        yield self._orders_and_empty(0.60, CONNECTIONS_MANY)
        yield self._one_at_a_time()
        yield from self._direct()
        yield self._tail()
        yield self._lone()
        yield from self._wall()
        yield self._flat()
        yield self._sold_out()
        yield self._hot_and_even()  # last: its thousand products stay on the gate's board

    def _orders_and_empty(self, wanted: float, connections: int) -> Outcome:
        goal = Goal(1, f"durable orders ÷ empty requests, {connections:,} connections", wanted)
        return self._compare(
            goal, partial(self._orders, connections=connections), partial(self._empty, connections=connections)
        )

    def _one_at_a_time(self) -> Outcome:
        goal = Goal(2, "orders ÷ the same one at a time, SELECT … FOR UPDATE", 20.0)
        rates = {}
        for threads in THREADS_TRIED:
            self._rates[f"/naive/{threads}/{self._hot.slug}{self._hot.slug}{CONNECTIONS}"] = 2_000.0
            rates[threads] = self._sample(self._hot, path=f"/naive/{threads}/{self._hot.slug}").per_second
            self._tell("the baseline's threads")
        self.baseline_threads = max(rates, key=lambda threads: rates[threads])
        baseline = partial(self._sample, self._hot, path=f"/naive/{self.baseline_threads}/{self._hot.slug}")
        return self._compare(goal, self._orders, baseline)

    def _hot_and_even(self) -> Outcome:
        wide = ground.lay("wide", ground.WIDE_ITEMS)
        goal = Goal(3, f"one hot product ÷ {ground.WIDE_ITEMS:,} products evenly", 0.90)
        return self._compare(goal, self._orders, partial(self._sample, wide))

    def _direct(self) -> Iterator[Outcome]:
        direct, size = Direct(self._hot), 1

        def through_the_gate() -> Measured:
            nonlocal size
            orders, batches = self._batches()
            measured = self._orders()
            orders_after, batches_after = self._batches()
            size = max(1, round((orders_after - orders) / max(1, batches_after - batches)))
            return measured

        goal = Goal(4, "orders through the gate ÷ orders.place called directly, the same mean batch", 0.35)
        outcome = self._compare(goal, through_the_gate, lambda: direct.measure(size, self._effort.seconds))
        yield msgspec.structs.replace(outcome, told=f"{outcome.told}; batches of {size}")
        goal = Goal(4, "round trips to PostgreSQL a batch, as its wire shows", 2, at_most=True)
        yield judge(goal, [direct.trips_a_batch(size)], f"batches of {size}")

    def _tail(self) -> Outcome:
        goal = Goal(5, f"p99 ÷ p50 at {PEAK_SHARE:.0%} of peak", 3, at_most=True)
        ratios, paced = [], []
        for _ in range(self._effort.pairs):
            peak = self._orders().per_second
            measured = self._sample(self._hot, connections=CONNECTIONS_MANY, per_second=PEAK_SHARE * peak)
            paced.append(measured)
            ratios.append(measured.p99_ms / max(1e-9, measured.p50_ms))
            self._tell(goal.name)
        p50, p99, rate = (statistics.median(getattr(m, n) for m in paced) for n in ("p50_ms", "p99_ms", "per_second"))
        return judge(goal, ratios, f"p50 {p50:.1f} ms, p99 {p99:.1f} ms at {rate:,.0f} a second, sent when due")

    def _lone(self) -> Outcome:
        goal = Goal(5, "a lone order's latency ÷ (one bare durable commit + one empty request)", 1.3, at_most=True)
        rows = []
        for _ in range(self._effort.pairs):
            commit = commit_ms(self._instance.database_url)
            lone, empty = self._orders(connections=1).p50_ms, self._empty(connections=1).p50_ms
            rows.append((lone / (commit + empty), lone, commit, empty))
            self._tell(goal.name)
        _, lone, commit, empty = (statistics.median(column) for column in zip(*rows, strict=True))
        return judge(goal, [row[0] for row in rows], f"{lone:.2f} ms ÷ ({commit:.2f} + {empty:.2f}) ms")

    def _sold_out(self) -> Outcome:
        gone = ground.lay("gone", 1, units=1)
        Direct(gone).measure(1, 0.5)  # takes the one unit, and is refused from then on
        time.sleep(2 * ground.OPENS_SECONDS)  # until the gate has seen it
        goal = Goal(6, f"sold-out answers ÷ empty requests, {CONNECTIONS} connections", 0.90)
        return self._compare(goal, partial(self._sample, gone, good=(409,)), self._empty)

    def _wall(self) -> Iterator[Outcome]:
        path = f"/wall/{self._hot.slug}/stream?ticket="
        late: list[float] = []
        shares: list[float] = []
        wrong: list[float] = []

        def with_screens() -> Measured:
            self._walls.send(
                screens.Open(self._instance.url, path + quote(ticket.make(self._hot.slug, now())), SCREENS)
            )
            shares.append(self._walls.recv() / SCREENS)
            began = time.time()
            measured = self._orders()
            orders = self._settled()
            self._walls.send(screens.Close())
            shown: list[screens.Shown] = self._walls.recv()
            wrong.append(sum(not one or one[-1][1] != orders for one in shown))
            before, placed = _placed(self._hot, began)
            late.append(_p99(screens.lateness(placed, before, shown)))
            return measured

        goal = Goal(7, f"orders with {SCREENS} walls open ÷ without", 0.97)
        outcome = self._compare(goal, with_screens, self._orders)
        yield msgspec.structs.replace(outcome, told=f"{outcome.told}; {min(shares):.0%} of the walls opened")
        goal = Goal(7, f"p99 from an order's instant to the slowest of {SCREENS} walls, s", 1, at_most=True)
        yield judge(goal, late)
        goal = Goal(7, "walls that show another number than the orders' when the rush pauses", 0, at_most=True)
        yield judge(goal, wrong)

    def idle(self) -> Outcome:
        """Measure the memory of an empty shop; nothing may have been measured before."""
        time.sleep(IDLE_SECONDS)
        whole = memory_mb(family(self._instance.pid))
        parts = ", ".join(
            f"{part} {memory_mb(family(self._instance.part(part))):.0f}" for part in ("web", "worker", "postgres")
        )
        goal = Goal(9, "memory of `setaria up` when idle, MB (what processes share counts once)", 450, at_most=True)
        return judge(goal, [whole], f"{parts}; an empty shop")

    def _flat(self) -> Outcome:
        looks: list[float] = []
        orders = 0
        while orders < self._effort.orders or len(looks) < LOOKS:
            orders += self._orders(seconds=max(1.0, self._effort.seconds)).good
            looks.append(memory_mb(family(self._instance.pid)))
            self._tell("memory through a rush")
        half = len(looks) // 2
        goal = Goal(9, f"memory through a rush of {orders:,} orders: second half ÷ first, at most", 1.05, at_most=True)
        first, second = max(looks[:half]), max(looks[half:])
        return judge(goal, [second / first], f"{looks[0]:.0f} MB at first, {first:.0f} and {second:.0f} MB")

    def _compare(self, goal: Goal, above: Callable[[], Measured], below: Callable[[], Measured]) -> Outcome:
        return compare(goal, above, below, self._effort.pairs, self._tick(goal))

    def _tick(self, goal: Goal) -> Tick:
        return partial(self._tell, goal.name)

    def _orders(self, **how: Any) -> Measured:
        return self._sample(self._hot, **how)

    def _empty(self, **how: Any) -> Measured:
        return self._sample(self._hot, path="/rush/empty", **how)

    def _sample(
        self,
        drop: Ground,
        *,
        connections: int = CONNECTIONS,
        path: str = "",
        seconds: float | None = None,
        per_second: float | None = None,
        good: tuple[int, ...] = (200, 201),
    ) -> Measured:
        kind = f"{path}{drop.slug}{connections}"
        self._load.send(
            Sample(
                url=self._naive_url if path.startswith("/naive") else self._instance.url,
                path=path or f"/rush/{drop.slug}/orders",
                connections=connections,
                seconds=seconds or self._effort.seconds,
                warm_seconds=WARM_SECONDS,
                drop_id=drop.drop_id,
                skus=drop.skus,
                price=PRICE,
                secret=self._instance.secret,
                per_second_max=int(self._rates.get(kind, PER_SECOND_FIRST) * PREPARED_BEYOND),
                empty=path == "/rush/empty",
                per_second=per_second,
                good=good,
                watched=ground.watched(self._instance),
            )
        )
        measured: Measured = self._load.recv()
        if per_second is None:
            self._rates[kind] = max(measured.per_second, self._rates.get(kind, 0.0), 500.0)
        return measured

    def _batches(self) -> tuple[float, float]:
        """Return how many orders the gate has committed so far, in how many batches."""
        found = {}
        for metric in text_string_to_metric_families(httpx.get(f"{self._instance.url}/metrics").text):
            for sample in metric.samples:
                if sample.labels.get("committer") == "orders":
                    found[sample.name] = sample.value
        return found["setaria_gate_batch_size_sum"], found["setaria_gate_batch_size_count"]

    def _settled(self) -> int:
        """Wait as long as the walls may take to have nothing new to say; return how many orders there are."""
        time.sleep(SETTLED_SECONDS)
        before, placed = _placed(self._hot, time.time())
        return before + len(placed)


def _placed(drop: Ground, since: float) -> tuple[int, list[float]]:
    """Return how many of a drop's orders were placed before an instant, and when each later one was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM orders_order WHERE drop_id = %s AND placed_at < to_timestamp(%s)",
            [drop.drop_id, since],
        )
        (before,) = cursor.fetchone()
        cursor.execute(
            "SELECT extract(epoch FROM placed_at)::float8 FROM orders_order"
            " WHERE drop_id = %s AND placed_at >= to_timestamp(%s) ORDER BY placed_at",
            [drop.drop_id, since],
        )
        return before, [row[0] for row in cursor.fetchall()]


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] if values else float("inf")


@contextmanager
def helper(serve: Callable[[Pipe], None], name: str) -> Iterator[Pipe]:
    """Run a part of the measurement in a process of its own; talk to it through the pipe."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), name=name)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.kill()


def samples(effort: Effort) -> int:
    """How often `tick` is called, about."""
    return effort.pairs * (2 * 7 + 3) + len(THREADS_TRIED) + LOOKS


LOAD, WALLS = load.serve, screens.serve
