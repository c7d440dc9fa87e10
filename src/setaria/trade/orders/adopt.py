"""A guest's orders become an account's, once the account has proven the guest's contact (decision 0022)."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from setaria.trade.orders.models import Order


def adopt(guests: Sequence[int], member_id: int) -> list[UUID]:
    """Give a member the orders of guests, whatever became of them; return which. Doing it again changes nothing.

    Guests order nothing in drops, where a pass needs an account, so no claim moves. Whoever is settling or cancelling
    one of the orders this instant holds its row, and is waited for.
    """
    if not guests:
        return []
    with transaction.atomic():
        found = Order.objects.filter(customer_id__in=guests, drop_id=None).order_by("pk").select_for_update(no_key=True)
        ids = list(found.values_list("pk", flat=True))
        Order.objects.filter(pk__in=ids).update(customer_id=member_id)
    return ids
