"""Asking to be told, confirming that it was oneself, and stopping again."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.kernel import seals
from setaria.kernel.ids import new_id
from setaria.kernel.seals import BadSeal, Seal
from setaria.people.notices.write import Note, write
from setaria.trade.alerts.models import Alert

ALERTS_MAX = 100  # open ones of an address
ASKS_MAX = 3  # mails that ask the same address to confirm the same thing
ASK_AGAIN_AFTER = timedelta(minutes=10)
# So nobody can be flooded with questions by others, from one place or about many things.
UNCONFIRMED_PER_EMAIL_MAX = 5
UNCONFIRMED_PER_ORIGIN_MAX = 20
WITHIN = timedelta(hours=24)

_SEAL = Seal(">16s")


class Full(Exception):
    """As many things are waited for as one address may; nothing was noted."""


class Wanted(msgspec.Struct, frozen=True):
    """Somebody wants to be told: of a variant, or of a drop. `known`: the address is proven to be the asker's."""

    channel_id: int
    email: str
    language: str
    origin: str
    variant_id: int | None = None
    drop_id: int | None = None
    member_id: int | None = None
    known: bool = False


def key_from(secret: str) -> bytes:
    """Derive the key of the links in messages from the installation's secret."""
    return seals.key_from(secret, "setaria.alerts.v1")


def origin_of(secret: str, address: str) -> str:
    """Return under what a network address is counted; it cannot be read back."""
    return hmac.digest(key_from(secret), address.encode(), "sha256").hex()[:24] if address else ""


def token_of(key: bytes, alert_id: UUID) -> str:
    """Return what stands in a message's links."""
    return _SEAL.close(key, alert_id.bytes)


def alert_of(key: bytes, token: str) -> Alert | None:
    """Return the alert that a link is about; None for one that is over, or a link that is not ours."""
    try:
        (raw,) = _SEAL.open(key, token)
    except BadSeal:
        return None
    return Alert.objects.select_related("variant__product", "drop").filter(pk=UUID(bytes=raw)).first()


@transaction.atomic
def ask(wanted: Wanted, path_of: Callable[[UUID], str], *, now: datetime) -> None:
    """Note the wish, once; raises Full. An address that is not known to be the asker's is first asked by mail.

    Says the same whatever is noted already, so nobody learns who waits for what. `path_of` makes the address of an
    alert's page.
    """
    email = wanted.email.strip().lower()
    mine = Alert.objects.filter(email=email)
    about = {"channel_id": wanted.channel_id, "variant_id": wanted.variant_id, "drop_id": wanted.drop_id}
    if mine.filter(told_at=None).exclude(**about).count() >= ALERTS_MAX:
        raise Full
    if not wanted.known and _too_many(email, wanted.origin, now):
        return
    made = Alert(
        pk=new_id(), email=email, member_id=wanted.member_id, language=wanted.language, origin=wanted.origin,
        asked_at=now, **about,
    )  # fmt: skip
    Alert.objects.bulk_create([made], ignore_conflicts=True)
    alert = mine.filter(told_at=None, **about).select_for_update().first()
    if alert is None or alert.confirmed_at is not None:  # a drop of which this address was told, or nothing new
        return
    if wanted.known:
        alert.confirmed_at, alert.member_id = now, wanted.member_id
        alert.save(update_fields=["confirmed_at", "member_id"])
    elif alert.asks < ASKS_MAX and (alert.asks == 0 or now - alert.asked_at >= ASK_AGAIN_AFTER):
        _ask_to_confirm(alert, path_of, now)


def _too_many(email: str, origin: str, now: datetime) -> bool:
    fresh = Alert.objects.filter(confirmed_at=None, asked_at__gt=now - WITHIN)
    if fresh.filter(email=email).count() >= UNCONFIRMED_PER_EMAIL_MAX:
        return True
    return bool(origin) and fresh.filter(origin=origin).count() >= UNCONFIRMED_PER_ORIGIN_MAX


def _ask_to_confirm(alert: Alert, path_of: Callable[[UUID], str], now: datetime) -> None:
    alert.asks, alert.asked_at = alert.asks + 1, now
    alert.save(update_fields=["asks", "asked_at"])
    path = path_of(alert.pk)
    payload = {**about(alert), "path": path, "stop_path": path}
    key = f"alert-confirm:{alert.pk}:{alert.asks}"
    write([Note(key, "email", alert.email, alert.language, "alert_confirm", payload, alert.member_id)], now=now)


def about(alert: Alert) -> dict[str, object]:
    """Return what an alert is about, as a message's template needs it."""
    if alert.drop is not None:
        return {"name": alert.drop.name, "opens_at": [alert.drop.opens_at.isoformat(), alert.channel.market.time_zone], "thing_path": alert.drop.get_absolute_url()}  # fmt: skip
    assert alert.variant is not None  # a constraint says so
    product = alert.variant.product
    return {
        "name": product.name, "variant": alert.variant.name, "thing_path": f"{product.get_absolute_url()}?sku={alert.variant.sku}",
    }  # fmt: skip


def confirm(alert_id: UUID, *, now: datetime) -> bool:
    """Whoever has the link says that the wish was theirs; again changes nothing. False when it is over."""
    waiting = Alert.objects.filter(pk=alert_id, told_at=None)
    return bool(waiting.filter(confirmed_at=None).update(confirmed_at=now)) or waiting.exists()


def stop(alert_id: UUID) -> None:
    """Forget a wish."""
    Alert.objects.filter(pk=alert_id).delete()


def stop_all(email: str) -> int:
    """Forget all wishes of an address; return how many those were."""
    return Alert.objects.filter(email=email.strip().lower()).delete()[0]
