"""What follows an order that was placed: where it goes, what it takes out of the basket, the beginning of its payment."""

from collections.abc import Mapping
from datetime import datetime

from setaria.kernel.questions import ask
from setaria.people.members.addresses import remembering
from setaria.trade.baskets.keep import Owner, taking_out
from setaria.trade.orders.destination import noting
from setaria.trade.orders.requests import Placed
from setaria.trade.payments.models import Payment
from setaria.trade.payments.start import payment_of, starting
from setaria.trade.purchases.buy import Agreed


def finish(
    agreed: Agreed, placed: Placed, to: Mapping[str, str], owner: Owner, *, now: datetime, pay_by: str = ""
) -> Payment | None:
    """Note where an order goes, remember it for a member, take it out of the owner's basket; one trip, one commit.

    With `pay_by`, a means that takes the order's total, its payment is begun, too, and returned; None when not all of it
    is left to pay, as `start` finds out. Each is harmless again.
    """
    asked = noting(placed.id, agreed.customer_id, **to)
    if agreed.member:
        asked += remembering(agreed.customer_id, now=now, **to)
    asked += taking_out(owner, placed.id, {line.variant_id: line.quantity for line in agreed.lines}, now=now)
    if not pay_by:
        ask(*asked)
        return None
    *_, begun = ask(*asked, *starting(placed.id, agreed.customer_id, pay_by, now, due=placed.total))
    return next((payment_of(columns) for _status, _pay_by, *columns in begun if columns[0] is not None), None)
