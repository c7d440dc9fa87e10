"""What operators watch, for Prometheus at `/metrics`: how business goes, so for machines of their own only."""

from typing import Any

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

from setaria.kernel.origin import origin_of

ORDERS = Counter("setaria_gate_orders_total", "Orders answered by the gate, by outcome or refusal code", ["outcome"])
PLACES = Counter("setaria_gate_places_total", "Places answered by the gate, by outcome or refusal code", ["outcome"])
NOTIFICATIONS = Counter("setaria_gate_notifications_total", "Payment notifications, by answer", ["answer"])
BATCH_SIZE = Histogram(
    "setaria_gate_batch_size", "Requests in one committed batch", ["committer"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000),
)  # fmt: skip
BATCH_SECONDS = Histogram(
    "setaria_gate_batch_seconds", "Seconds to decide and commit one batch", ["committer"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)  # fmt: skip
ROOM_JOINS = Counter("setaria_room_joins_total", "Wishes for a place in a waiting room, answered by the database")
ROOM_ASKS = Counter("setaria_room_asks_total", "Pages in a waiting room that asked how they stand")
SCREENS = Gauge("setaria_wall_screens", "Wall screens open on this process")
PAGES = Counter("setaria_pages_total", "Ordinary pages answered, by the class of their status", ["status"])
PAGES_BUSY = Gauge("setaria_pages_busy", "Ordinary pages being answered or waiting for a thread")
WAITING = Gauge("setaria_gate_waiting", "Requests waiting when a batch began, itself included", ["committer"])
ROOM = Gauge("setaria_gate_room", "Requests that may wait: as many as are served in a second", ["committer"])
SHED = Counter("setaria_gate_shed_total", "Requests told to come back after waiting for too long", ["committer"])
LOOP_SECONDS = Histogram(
    "setaria_gate_loop_seconds", "Seconds that a request waits for its turn on the event loop, looked at all the time",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)  # fmt: skip


def may_watch(scope: dict[str, Any]) -> bool:
    """Whether a request comes from one of `METRICS_NETWORKS`.

    What a proxy passed on comes from wherever the proxy says, if the proxy is one of ours, and else from anywhere.
    """
    peer = (scope.get("client") or ("",))[0]
    forwarded = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    if forwarded and origin_of(peer, "", []) == origin_of(peer, forwarded, settings.TRUSTED_PROXIES):
        return False
    origin = origin_of(peer, forwarded, settings.TRUSTED_PROXIES)
    return origin is not None and any(origin in network for network in settings.METRICS_NETWORKS)
