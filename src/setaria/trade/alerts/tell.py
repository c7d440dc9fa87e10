"""Telling those whose moment has come: each once, whoever looks how often, and nobody forgotten by a crash.

That somebody was told and the message that tells them are one transaction; the message then goes out by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from setaria.goods.inventory.models import Account
from setaria.goods.pricing.models import Price
from setaria.people.notices.devices import devices_of
from setaria.people.notices.models import Device
from setaria.people.notices.write import Note, write
from setaria.trade.alerts.ask import about
from setaria.trade.alerts.models import Alert

TELL_MAX = 500
LEAD = timedelta(minutes=15)  # before a drop opens
UNCONFIRMED_KEPT = timedelta(days=7)
KEPT = timedelta(days=365)  # who waited so long is not waiting any more
TOLD_KEPT = timedelta(days=30)  # as long as the link in the message may be wanted
FORGET_MAX = 1_000


def tell_due(path_of: Callable[[UUID], str], *, now: datetime) -> int:
    """Tell everybody who is due; return how many. Several may do so at once."""
    told = 0
    for due, template in ((due_back, "alert_back"), (due_drops, "alert_drop")):
        # To look for anybody is a fiftieth of the work of reading whom: all day there is nobody.
        while due(now).exists() and (tell := tell_some(due(now), template, path_of, now=now)):
            told += tell
            if tell < TELL_MAX:
                break
    return told


@transaction.atomic
def tell_some(due: QuerySet[Alert], template: str, path_of: Callable[[UUID], str], *, now: datetime) -> int:
    """Tell up to `TELL_MAX` of those who are due, who asked first first; return how many. Several may do so at once."""
    alerts = list(_locked(due).order_by("asked_at", "id")[:TELL_MAX])
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=now)
    devices = devices_of({alert.member_id for alert in alerts if alert.member_id is not None})
    write([note for alert in alerts for note in _notes(alert, template, path_of, devices)], now=now)
    return len(alerts)


def _locked(due: QuerySet[Alert]) -> QuerySet[Alert]:
    """Take them; those that somebody else is telling this instant are passed over."""
    return due.select_for_update(of=("self",), skip_locked=True)


def _notes(
    alert: Alert, template: str, path_of: Callable[[UUID], str], devices: Mapping[int, Sequence[Device]]
) -> Iterator[Note]:
    """By mail, and on the devices that the asker lets us push to."""
    path = path_of(alert.pk)
    payload = {**about(alert), "path": path, "stop_path": path}
    lapses_at = alert.drop.closes_at if alert.drop is not None else None
    key = f"alert-told:{alert.pk}"
    yield Note(
        key, "email", alert.email, alert.language, template, payload, alert.member_id, lapses_at=lapses_at
    )  # fmt: skip
    for device in devices.get(alert.member_id or 0, ()):
        yield Note(
            key, "push", str(device.pk), device.language, template, payload, alert.member_id, lapses_at=lapses_at
        )  # fmt: skip


def _waiting() -> QuerySet[Alert]:
    return Alert.objects.filter(told_at=None, confirmed_at__isnull=False)


def due_back(now: datetime) -> QuerySet[Alert]:
    """Those whose variant can be had now: published, priced in the market, and free where the channel sells from."""
    there = Account.objects.filter(
        variant=OuterRef("variant"), location=OuterRef("channel__source__location"), on_hand__gt=F("held")
    )
    priced = Price.objects.filter(variant=OuterRef("variant"), market=OuterRef("channel__market"), valid__contains=now)
    waiting = _waiting().filter(Exists(there), Exists(priced), variant__product__published=True)
    return waiting.select_related("variant__product", "channel__market")


def due_drops(now: datetime) -> QuerySet[Alert]:
    """Those whose drop opens within `LEAD`, or has opened meanwhile and is not over."""
    waiting = _waiting().filter(drop__opens_at__lte=now + LEAD, drop__closes_at__gt=now)
    return waiting.select_related("drop", "channel__market")


def forget(now: datetime) -> int:
    """Delete wishes that nobody confirmed, that were told of, or that are a year old; return how many."""
    gone = 0
    for old in (
        Alert.objects.filter(confirmed_at=None, asked_at__lt=now - UNCONFIRMED_KEPT),
        Alert.objects.filter(told_at__lt=now - TOLD_KEPT),
        Alert.objects.filter(asked_at__lt=now - KEPT),
        Alert.objects.filter(drop__closes_at__lt=now - TOLD_KEPT),
    ):
        keys = list(old.values_list("pk", flat=True)[:FORGET_MAX])
        gone += Alert.objects.filter(pk__in=keys).delete()[0]
    return gone
