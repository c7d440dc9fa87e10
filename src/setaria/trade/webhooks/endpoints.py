"""Which addresses hear what: added by staff, switched off and on, given another secret."""

from collections.abc import Collection
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.news.happenings import Happening
from setaria.trade.webhooks.models import Delivery, Endpoint, Event

ENDPOINTS_MAX = 20
URL_CHARS_MAX = 1_000
KINDS = [kind for kind in Happening if kind is not Happening.REMINDER]  # a reminder is no happening


class Refused(Exception):
    """It was not done, and nothing was changed; the code says why: NOT_STAFF, BAD_URL, BAD_KINDS, FULL, NO_ENDPOINT."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def add(url: str, kinds: Collection[str] = (), *, by: Member, now: datetime) -> Endpoint:
    """Let an address hear of what happens from now on: of these kinds, or of all."""
    if not by.is_staff:
        raise Refused("NOT_STAFF", f"{by} is not staff.")
    if unknown := set(kinds) - set(KINDS):
        raise Refused("BAD_KINDS", f"There is no {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}.")
    _check(url)
    with transaction.atomic():
        if len(Endpoint.objects.select_for_update().values_list("pk", flat=True)) >= ENDPOINTS_MAX:
            raise Refused("FULL", f"There are {ENDPOINTS_MAX} endpoints; remove one first.")
        return Endpoint.objects.create(
            id=new_id(), url=url, kinds=[str(kind) for kind in KINDS if kind in (kinds or KINDS)], made_at=now, switched_on_at=now,
            made_by=by, due_at=now,
        )  # fmt: skip


def _check(url: str) -> None:
    """What cannot be an address, or is written as one of our own network. Names are looked up when they are asked."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused("BAD_URL", str(error)) from error
    plain = parts.scheme == "http" and settings.OUTBOUND_NETWORKS
    if not host or len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused("BAD_URL", "Write a full address, such as https://erp.example.com/hooks.")
    if (parts.scheme != "https" and not plain) or parts.username or parts.fragment:
        raise Refused("BAD_URL", "Write an https:// address without a name, a password or a fragment in it.")
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not address.is_global and not any(address in network for network in settings.OUTBOUND_NETWORKS):
        raise Refused("BAD_URL", f"{host} is in a private network; SETARIA_OUTBOUND_NETWORKS does not allow it.")


@transaction.atomic
def switch(endpoint_id: UUID, *, on: bool, now: datetime, because: str = "") -> None:
    """Switch an endpoint off or on. What happens while it is off it does not hear; `replay` makes up for it."""
    endpoint = _locked(endpoint_id)
    fields: dict[str, object]
    if on:
        fields = {"off_at": None, "off_because": "", "failures": 0, "failing_since": None, "due_at": now,
                  "switched_on_at": now if endpoint.off_at is not None else endpoint.switched_on_at}  # fmt: skip
    else:
        fields = {"off_at": endpoint.off_at or now, "off_because": because or endpoint.off_because}
    Endpoint.objects.filter(pk=endpoint_id).update(**fields)


@transaction.atomic
def rotate(endpoint_id: UUID, *, now: datetime) -> Endpoint:
    """Give an endpoint another secret; for a day its posts are signed with the one before, too."""
    endpoint = _locked(endpoint_id)
    endpoint.generation, endpoint.rotated_at = endpoint.generation + 1, now
    endpoint.save(update_fields=["generation", "rotated_at"])
    return endpoint


@transaction.atomic
def replay(endpoint_id: UUID, *, since: datetime, until: datetime, now: datetime) -> int:
    """Post again what happened in a span of time, also what an endpoint never heard; return of how much.

    Only what is kept (`forget.KEPT`). Ids stay, so whoever remembers them knows each for what it is.
    """
    endpoint = _locked(endpoint_id)
    events = Event.objects.filter(at__gte=since, at__lt=until, kind__in=endpoint.kinds)
    Delivery.objects.bulk_create(
        [Delivery(endpoint=endpoint, event_id=event, due_at=now) for event in events.values_list("pk", flat=True)],
        ignore_conflicts=True, batch_size=1_000,
    )  # fmt: skip
    return Delivery.objects.filter(endpoint=endpoint, event__in=events).update(
        due_at=now, taken_until=None, attempts=0, done_at=None, given_up_at=None
    )


@transaction.atomic
def replay_one(endpoint_id: UUID, delivery_id: int, *, now: datetime) -> bool:
    """Post one delivery of an endpoint again, under the id of its event; whether there is such a one."""
    found = Delivery.objects.filter(pk=delivery_id, endpoint=endpoint_id)
    return bool(found.update(due_at=now, taken_until=None, attempts=0, done_at=None, given_up_at=None))


def _locked(endpoint_id: UUID) -> Endpoint:
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise Refused("NO_ENDPOINT", f"There is no endpoint {endpoint_id}.")
    return endpoint
