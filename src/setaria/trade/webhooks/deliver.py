"""Posting what is due: one endpoint at a time, each bounded in time, so that a slow one keeps no other waiting.

At least once: who dies between the post and its note posts again, under the same id. An endpoint that fails is asked less
and less often, and switched off after days of nothing else, which is told to whoever added it.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from setaria.people.notices.write import Note, write
from setaria.trade.webhooks.models import Attempt, Delivery, Endpoint
from setaria.trade.webhooks.sign import headers_of

DELIVER_MAX = 50
SECONDS_MAX = 10  # for one post, with everything
BATCH_SECONDS_MAX = 30
LEASE = timedelta(minutes=2)
# After each attempt; Standard Webhooks' own example.
WAITS = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
         timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24)]  # fmt: skip
PAUSE_MAX = timedelta(minutes=5)  # of an endpoint that fails
OFF_AFTER = timedelta(days=5)  # of nothing but failures
GONE = 410  # by the standard: it does not want to hear any more

log = structlog.get_logger(__name__)


def due(now: datetime) -> list[UUID]:
    """Return the endpoints that something is due for."""
    waiting = Q(deliveries__done_at=None, deliveries__given_up_at=None, deliveries__due_at__lte=now)
    free = Q(deliveries__taken_until=None) | Q(deliveries__taken_until__lte=now)
    asked = Endpoint.objects.filter(waiting & free, off_at=None, due_at__lte=now)
    return list(asked.values_list("pk", flat=True).distinct())


def deliver(endpoint_id: UUID, now: datetime) -> int:
    """Post what is due for an endpoint, oldest first, up to a failure; return how much got there."""
    from setaria.kernel.outbound import Forbidden, Line, Unreached

    endpoint = Endpoint.objects.filter(pk=endpoint_id, off_at=None).first()
    taken = _take(endpoint_id, now) if endpoint is not None else []
    began, done = time.monotonic(), 0
    with Line(settings.OUTBOUND_NETWORKS) as line:
        for number, delivery in enumerate(taken):
            assert endpoint is not None
            if time.monotonic() - began > BATCH_SECONDS_MAX:
                _leave(taken[number:])
                break
            asked, status, said = time.monotonic(), None, ""
            try:
                answer = line.post(
                    endpoint.url, delivery.event.body.encode(), headers_of(endpoint, delivery.event, now),
                    seconds_max=SECONDS_MAX,
                )  # fmt: skip
                status, said = answer.status, answer.body.decode(errors="replace")
            except (Forbidden, Unreached) as error:
                said = f"{type(error).__name__}: {error}"
            took_ms = int(1000 * (time.monotonic() - asked))
            arrived = status is not None and 200 <= status < 300
            _note(endpoint, delivery, status, said[:200].replace("\x00", ""), took_ms, arrived, now)
            done += arrived
            if not arrived:
                _leave(taken[number + 1 :])
                break
    return done


@transaction.atomic
def _take(endpoint_id: UUID, now: datetime) -> list[Delivery]:
    waiting = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        Q(taken_until=None) | Q(taken_until__lte=now),
        endpoint_id=endpoint_id, done_at=None, given_up_at=None, due_at__lte=now,
    )  # fmt: skip
    taken = list(waiting.select_related("event").order_by("due_at", "id")[:DELIVER_MAX])
    for delivery in taken:
        delivery.taken_until, delivery.attempts = now + LEASE, delivery.attempts + 1
    Delivery.objects.bulk_update(taken, ["taken_until", "attempts"])
    return taken


def _leave(rest: list[Delivery]) -> None:
    """Give back what was not tried, as if it had not been taken."""
    for delivery in rest:
        Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
            taken_until=None, attempts=delivery.attempts - 1
        )


@transaction.atomic
def _note(
    endpoint: Endpoint, delivery: Delivery, status: int | None, said: str, took_ms: int, arrived: bool, now: datetime
) -> None:
    Attempt.objects.create(delivery=delivery, at=now, took_ms=took_ms, status=status, said=said)
    ours = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, done_at=None)
    if arrived:
        ours.update(done_at=now, taken_until=None)
        Endpoint.objects.filter(pk=endpoint.pk).exclude(failures=0).update(failures=0, failing_since=None, due_at=now)
        return
    if delivery.attempts > len(WAITS):
        ours.update(given_up_at=now, taken_until=None)
    else:
        ours.update(due_at=now + WAITS[delivery.attempts - 1], taken_until=None)
    _failed(endpoint.pk, status, said, now)


def _failed(endpoint_id: UUID, status: int | None, said: str, now: datetime) -> None:
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint_id)
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.due_at = now + min(timedelta(seconds=2 ** min(endpoint.failures, 20)), PAUSE_MAX)
    log.warning("webhook_failed", endpoint=str(endpoint_id), status=status, said=said, failures=endpoint.failures)
    if endpoint.off_at is None and (status == GONE or now - endpoint.failing_since >= OFF_AFTER):
        endpoint.off_at = now
        endpoint.off_because = (
            "It answered 410: gone." if status == GONE else f"It failed for days; at last: {said}"[:200]
        )
        log.error("webhook_off", endpoint=str(endpoint_id), because=endpoint.off_because)
        _tell(endpoint, now)
    endpoint.save(update_fields=["failures", "failing_since", "due_at", "off_at", "off_because"])


def _tell(endpoint: Endpoint, now: datetime) -> None:
    if endpoint.made_by.email:
        payload = {"url": endpoint.url, "because": endpoint.off_because}
        key = f"webhook-off:{endpoint.pk}:{int(now.timestamp())}"
        write([Note(key, "email", endpoint.made_by.email, "en", "webhook_off", payload, endpoint.made_by_id)], now=now)
