"""Buying without an account: `guest_of` finds the customer that a contact is, `identities` says as whom somebody asks.

A guest sees single orders only, those their browser placed or a sealed link opened: a typed contact opens nothing.
"""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest

from setaria.people.members.models import Guest, Member

ORDERS = "guest_orders"
ORDERS_KEPT_MAX = 20


def guest_of(contact: str) -> int:
    """Return the customer that a contact (an address in small letters, or E.164) is without an account."""
    while True:
        known = Guest.objects.filter(contact=contact).values_list("pk", flat=True).first()
        if known is not None:
            return known
        try:
            with transaction.atomic():
                member = Member(is_active=False)
                member.set_unusable_password()
                member.save()
                Guest.objects.create(member=member, contact=contact)
        except IntegrityError:
            continue  # somebody was here in the same instant


def let_in(request: HttpRequest, order_id: UUID, guest_id: int) -> None:
    """Let this browser see one order of a guest's."""
    known = {**request.session.get(ORDERS, {}), str(order_id): guest_id}
    request.session[ORDERS] = dict(list(known.items())[-ORDERS_KEPT_MAX:])


def identities(request: HttpRequest, order_id: UUID) -> list[int]:
    """Return the customers as whom this browser may see an order: the member signed in, the guest let in."""
    mine = [request.user.pk] if request.user.is_authenticated else []
    guest = request.session.get(ORDERS, {}).get(str(order_id))
    return [*mine, guest] if isinstance(guest, int) else mine


def guests_of(member: Member) -> list[int]:
    """Return the guests whose contact this member has proven to be theirs."""
    proven = list(member.emailaddress_set.filter(verified=True).values_list("email", flat=True))  # type: ignore[attr-defined]
    if member.phone_verified and member.phone:
        proven.append(member.phone)
    return list(Guest.objects.filter(contact__in=proven).values_list("pk", flat=True))
