"""Addresses that mail came back from: noted once, lifted by staff. What one may refuse does not go there meanwhile.

A report is believed only of a mail that stands in the outbox, by the number that we gave it and nobody can guess; and of the
address that we sent it to, whatever the report says.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import structlog
from allauth.account.models import EmailAddress

from setaria.people.members.models import Guest, Member
from setaria.people.notices.models import Bounce, Message
from setaria.people.notices.returned import Report, What, read

log = structlog.get_logger(__name__)


def take_in(raw: bytes, *, now: datetime) -> list[tuple[Report, str]]:
    """Note what a mail that came back reports; return what was believed, with the address it is about."""
    reports = read(raw)
    to = dict(
        Message.objects.filter(pk__in=[report.message_id for report in reports], channel="email").values_list(
            "pk", "recipient"
        )
    )
    believed = [(report, to[report.message_id]) for report in reports if report.message_id in to]
    for report, address in believed:
        if report.what is not What.PASSING:
            note(address, Bounce.Kind(report.what.value), report.status, report.said, report.message_id, now=now)
    return believed


def note(address: str, kind: Bounce.Kind, status: str, said: str, message_id: UUID | None, *, now: datetime) -> None:
    """Note that an address is of no use, once until it is lifted."""
    bounce = Bounce(
        address=address.lower(), kind=kind, status=status[:12], said=said[:200].replace("\x00", ""),
        message_id=message_id, at=now,
    )  # fmt: skip
    Bounce.objects.bulk_create([bounce], ignore_conflicts=True)
    log.warning("mail_came_back", kind=str(kind), status=status, message=str(message_id))


def lift(bounce_id: int, *, by: Member, now: datetime) -> bool:
    """Let everything go to an address again; whether there was anything to lift."""
    if not by.is_staff:
        return False
    return bool(Bounce.objects.filter(pk=bounce_id, lifted_at=None).update(lifted_at=now, lifted_by=by))


def bounced(addresses: Collection[str]) -> dict[str, Bounce]:
    """Return what stands against these addresses, by address in small letters; one query, none for none."""
    wanted = {address.lower() for address in addresses}
    if not wanted:
        return {}
    return {each.address: each for each in Bounce.objects.filter(address__in=wanted, lifted_at=None)}


def bounce_of(member_id: int) -> Bounce | None:
    """Return what stands against the address that a customer is written to, an account's or a guest's; two queries."""
    proven = EmailAddress.objects.filter(user_id=member_id, verified=True, primary=True).values_list("email", flat=True)
    guest = Guest.objects.filter(pk=member_id).values_list("contact", flat=True)
    addresses = [address for address in proven.union(guest) if address]
    return next(iter(bounced(addresses).values()), None)
