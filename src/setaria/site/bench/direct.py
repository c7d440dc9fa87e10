"""`orders.place` called directly, in batches as large as the gate's: what the gate could do if HTTP cost nothing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count, pairwise
from random import Random

from django.db import connection
from psycopg.pq import Trace

from setaria.goods.catalog.models import Variant
from setaria.kernel.clock import now
from setaria.site.bench.ground import PRICE, Ground
from setaria.site.bench.load import CUSTOMER_FIRST, Measured
from setaria.site.rush.crowd import seeded_id
from setaria.trade.drops.models import Drop
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Line, Placed, Request

PER_SECOND_MAX = 25_000  # requests prepared; a faster door ends the sample early
TRIPS_BATCHES = 20


class Direct:
    """Places orders of a drop in this process, on Django's connection."""

    def __init__(
        self, drop: Ground, clock: Callable[[], datetime] = now, customers: Iterable[int] | None = None
    ) -> None:
        """`customers`: each gets one order; if not told otherwise nobody's ids, and not the load generator's."""
        self._clock = clock
        self._drop_id = drop.drop_id
        self._channel_id = Drop.objects.get(pk=drop.drop_id).channel_id
        self._variant_ids = list(Variant.objects.filter(sku__in=drop.skus).values_list("id", flat=True))
        self._customers = count(2 * CUSTOMER_FIRST) if customers is None else iter(customers)
        self._random = Random(20260407)

    def measure(self, size: int, seconds: float) -> Measured:
        """Place batches of `size` one after another, prepared beforehand."""
        batches = [self._batch(size) for _ in range(int(PER_SECOND_MAX * seconds / size) + 1)]
        placed, refused = 0, 0
        cpu, began = time.process_time(), time.perf_counter()
        for batch in batches:
            good = sum(isinstance(outcome, Placed) for outcome in place(batch, now=self._clock()))
            placed, refused = placed + good, refused + size - good
            if time.perf_counter() - began >= seconds:
                break
        took = time.perf_counter() - began
        spent = {"client": (time.process_time() - cpu) / max(1, placed) * 1e6}
        return Measured(placed / took, placed, {409: refused} if refused else {}, 0.0, 0.0, spent, took)

    def trips_a_batch(self, size: int) -> float:
        """Count, on the wire, how often a batch sends and then waits for an answer."""
        place(self._batch(size), now=self._clock())  # what is prepared and remembered once
        raw = connection.connection.pgconn
        with tempfile.TemporaryFile("w+") as trace:
            raw.trace(trace.fileno())
            raw.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
            for _ in range(TRIPS_BATCHES):
                outcomes = place(self._batch(size), now=self._clock())
                assert isinstance(outcomes[0], Placed), "a batch that writes nothing is no measure"
            raw.untrace()
            trace.seek(0)
            sides = [line[0] for line in trace if line[:2] in ("F\t", "B\t")]  # F: to the server, B: from it
        turns = sum(1 for turn in pairwise(sides) if turn == ("F", "B"))
        return turns / TRIPS_BATCHES

    def _batch(self, size: int) -> list[Request]:
        ms, variants = int(time.time() * 1000), self._variant_ids
        return [
            Request(
                seeded_id(self._random, ms), next(self._customers), self._channel_id,
                (Line(variants[n % len(variants)], 1, PRICE),), self._drop_id,
            )
            for n in range(size)
        ]  # fmt: skip
