"""The browsers that messages may be pushed to: added at their owners' wish only, listed, forgotten."""

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.people.notices.models import Device
from setaria.people.notices.push import decoded

DEVICES_MAX = 10  # of one person; the oldest goes
ENDPOINT_CHARS_MAX = 1_000
POINT_BYTES, AUTH_BYTES = 65, 16  # an uncompressed point of P-256, and RFC 8291's secret


class NotASubscription(ValueError):
    """What came is no browser's push subscription; nothing was kept."""


class Subscription(msgspec.Struct, frozen=True):
    """What a browser gives out when its owner says yes."""

    endpoint: str
    p256dh: str
    auth: str


def add(member_id: int, wanted: Subscription, *, name: str, language: str, now: datetime) -> UUID:
    """Let messages to a person go to this browser, too; raises NotASubscription. Return the device.

    A browser is one person's at a time: who asks last has it, as another device, so that what waits for the one before
    does not reach the one after. Again by the same one changes nothing but keys, name and language.
    """
    _check(wanted)
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=member_id)  # so that two at once do not exceed the limit
        fields = {"member_id": member_id, "p256dh": wanted.p256dh.rstrip("="), "auth": wanted.auth.rstrip("="),
                  "name": name[:80], "language": language}  # fmt: skip
        Device.objects.filter(endpoint=wanted.endpoint).exclude(member_id=member_id).delete()
        device, made = Device.objects.select_for_update().get_or_create(
            endpoint=wanted.endpoint, defaults={"id": new_id(), "added_at": now, **fields}
        )
        if not made:
            Device.objects.filter(pk=device.pk).update(**fields)
        old = Device.objects.filter(member_id=member_id).exclude(pk=device.pk).order_by("-added_at", "-id")
        Device.objects.filter(pk__in=list(old.values_list("pk", flat=True)[DEVICES_MAX - 1 :])).delete()
    return device.pk


def _check(wanted: Subscription) -> None:
    try:
        parts = urlsplit(wanted.endpoint)
        point, auth = decoded(wanted.p256dh), decoded(wanted.auth)
    except ValueError as error:
        raise NotASubscription(str(error)) from error
    if parts.scheme not in ("https", "http") or not parts.hostname or len(wanted.endpoint) > ENDPOINT_CHARS_MAX:
        raise NotASubscription("no address of a push service")
    if not wanted.endpoint.isascii() or not wanted.endpoint.isprintable():
        raise NotASubscription("no address of a push service")
    if len(point) != POINT_BYTES or point[0] != 4 or len(auth) != AUTH_BYTES:
        raise NotASubscription("no keys of a browser")


def devices_of(members: Collection[int]) -> dict[int, list[Device]]:
    """Return people's devices by person; one query, and none for nobody."""
    found: dict[int, list[Device]] = {}
    if members:
        for device in Device.objects.filter(member_id__in=members).order_by("added_at", "id"):
            found.setdefault(device.member_id, []).append(device)
    return found


def remove(member_id: int, device_id: UUID) -> bool:
    """Forget one of a person's own devices; whether there was one."""
    return bool(Device.objects.filter(pk=device_id, member_id=member_id).delete()[0])


def remove_endpoint(endpoint: str) -> None:
    """Forget a browser; who knows its endpoint is that browser."""
    Device.objects.filter(endpoint=endpoint).delete()
