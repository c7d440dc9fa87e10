"""Sending what waits: taken under a lease, delivered by its channel, and only then noted as sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from setaria.people.notices.bounces import note
from setaria.people.notices.channels import CHANNELS
from setaria.people.notices.models import Bounce, Message
from setaria.people.notices.preferences import unwanted
from setaria.people.notices.trouble import NoSuchAddress, Undeliverable

SEND_MAX = 20
# Longer than a batch can take: 20 mails that each run into the mail server's 10 seconds.
LEASE = timedelta(minutes=5)
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
    for name in sorted({message.channel for message in taken}):
        batch = [message for message in taken if message.channel == name and message not in [*stale, *unasked]]
        deliver = CHANNELS.get(name)
        found = deliver(batch, now) if deliver else [Undeliverable(f"no channel {name}")] * len(batch)
        _note(batch, found, now)
    return len(taken)


@transaction.atomic
def _take(now: datetime, channel: str | None = None) -> list[Message]:
    waiting = Message.objects.select_for_update(skip_locked=True).filter(
        Q(taken_until=None) | Q(taken_until__lte=now), sent_at=None, given_up_at=None, due_at__lte=now
    )
    if channel is not None:
        waiting = waiting.filter(channel=channel)
    taken = list(waiting.order_by("due_at", "id")[:SEND_MAX])
    for message in taken:
        message.taken_until, message.attempts = now + LEASE, message.attempts + 1
    Message.objects.bulk_update(taken, ["taken_until", "attempts"])
    return taken


def _note(batch: Sequence[Message], found: Sequence[Exception | None], now: datetime) -> None:
    for message, trouble in zip(batch, found, strict=True):
        ours = Message.objects.filter(pk=message.pk, attempts=message.attempts, sent_at=None)
        if trouble is None:
            ours.update(sent_at=now, taken_until=None, trouble="")
            continue
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
