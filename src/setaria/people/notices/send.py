"""Sending what waits: taken under a lease, delivered by its channel, and only then noted as sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F, Q

from setaria.people.notices.bounces import note
from setaria.people.notices.channels import CHANNELS
from setaria.people.notices.models import Bounce, Message
from setaria.people.notices.preferences import unwanted
from setaria.people.notices.trouble import NoSuchAddress, Undeliverable

SEND_MAX = 200  # taken under a lease together
PART = 20  # delivered and noted together, in one commit
# Longer than what is begun by `BEGIN_SECONDS_MAX` can take: 20 mails that each run into the mail server's 10 seconds.
LEASE = timedelta(minutes=5)
BEGIN_SECONDS_MAX = 60.0  # of a lease; what was not begun by then is left for the next
ATTEMPTS_MAX = 10
WAIT_FIRST = timedelta(seconds=30)
WAIT_MAX = timedelta(hours=6)

KEPT = timedelta(days=30)  # a message that went out; then nobody needs to know what was told to whom
FORGET_MAX = 1_000

log = structlog.get_logger(__name__)


def send_due(now: datetime, channel: str | None = None) -> int:
    """Send up to `SEND_MAX` messages that wait, of one channel or of all; return how many were tried.

    Several may do so at once. What has lapsed is not sent any more; who reads it would be told what is over. Nor is what
    its recipient refused meanwhile.
    A sender that dies leaves its messages to the next one, after the lease; those it had sent by then go twice, under
    the same Message-ID. One that fails waits longer each time, and is given up after `ATTEMPTS_MAX` attempts.
    """
    taken = _take(now, channel)
    stale = [message for message in taken if message.lapses_at is not None and message.lapses_at <= now]
    if stale:
        _note(stale, [Undeliverable("lapsed")] * len(stale), now)
    refused = unwanted(taken)
    unasked = [message for message in taken if message.pk in refused and message not in stale]
    if unasked:
        _note(unasked, [Undeliverable("not wanted")] * len(unasked), now)
    done = {message.pk for message in (*stale, *unasked)}
    left = [message for message in taken if message.pk not in done]
    parts = [
        batch[n : n + PART]
        for name in sorted({message.channel for message in left})
        for batch in [[message for message in left if message.channel == name]]
        for n in range(0, len(batch), PART)
    ]
    begun = monotonic()
    while parts and monotonic() - begun < BEGIN_SECONDS_MAX:
        part = parts.pop(0)
        deliver = CHANNELS.get(part[0].channel)
        found = deliver(part, now) if deliver else [Undeliverable(f"no channel {part[0].channel}")] * len(part)
        _note(part, found, now)
    if parts:
        _leave([message for part in parts for message in part])
    return len(taken)


@transaction.atomic
def _take(now: datetime, channel: str | None = None) -> list[Message]:
    waiting = Message.objects.select_for_update(skip_locked=True).filter(
        Q(taken_until=None) | Q(taken_until__lte=now), sent_at=None, given_up_at=None, due_at__lte=now
    )
    if channel is not None:
        waiting = waiting.filter(channel=channel)
    taken = list(waiting.order_by("due_at", "id")[:SEND_MAX])
    Message.objects.filter(pk__in=[message.pk for message in taken]).update(
        taken_until=now + LEASE, attempts=F("attempts") + 1
    )
    for message in taken:
        message.taken_until, message.attempts = now + LEASE, message.attempts + 1
    return taken


def _leave(rest: Sequence[Message]) -> None:
    """Give back what was taken and not begun; it was no attempt."""
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, _ours(rest))


def _ours(some: Sequence[Message]) -> dict[str, Any]:
    """Name messages as they were taken: what another has taken meanwhile is none of ours."""
    return {"ids": [message.pk for message in some], "attempts": [message.attempts for message in some]}


_OURS = """
    FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS ours (id, attempts)
    WHERE m.id = ours.id AND m.attempts = ours.attempts AND m.sent_at IS NULL
"""
_SENT = f"UPDATE notices_message AS m SET sent_at = %(now)s, taken_until = NULL, trouble = '' {_OURS}"
_LEFT = f"UPDATE notices_message AS m SET taken_until = NULL, attempts = m.attempts - 1 {_OURS}"


def _note(batch: Sequence[Message], found: Sequence[Exception | None], now: datetime) -> None:
    sent = [message for message, trouble in zip(batch, found, strict=True) if trouble is None]
    if sent:
        with connection.cursor() as cursor:
            cursor.execute(_SENT, _ours(sent) | {"now": now})
    for message, trouble in zip(batch, found, strict=True):
        if trouble is None:
            continue
        ours = Message.objects.filter(pk=message.pk, attempts=message.attempts, sent_at=None)
        said = repr(trouble)[:200].replace("\x00", "")
        if isinstance(trouble, NoSuchAddress):
            note(message.recipient, Bounce.Kind.FAILED, trouble.status, trouble.said, message.pk, now=now)
        if isinstance(trouble, Undeliverable) or message.attempts >= ATTEMPTS_MAX:
            ours.update(given_up_at=now, taken_until=None, trouble=said)
            log.error("message_given_up", message=str(message.pk), template=message.template, trouble=said)
        else:
            wait = min(WAIT_FIRST * 2 ** (message.attempts - 1), WAIT_MAX)
            ours.update(due_at=now + wait, taken_until=None, trouble=said)
            log.warning("message_waits", message=str(message.pk), attempts=message.attempts, trouble=said)


def forget(now: datetime) -> int:
    """Delete messages that were sent or given up, `KEPT` after they were made; return how many."""
    done = Message.objects.filter(made_at__lt=now - KEPT).exclude(sent_at=None, given_up_at=None)
    old = list(done.order_by("made_at").values_list("pk", flat=True)[:FORGET_MAX])
    Message.objects.filter(pk__in=old).delete()
    return len(old)
