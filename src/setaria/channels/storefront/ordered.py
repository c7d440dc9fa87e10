"""All that an order's page says of it, read in one trip."""

from uuid import UUID

import msgspec

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask, rows_of
from setaria.trade.aftersales.models import Return
from setaria.trade.invoices.models import Billing, Invoice
from setaria.trade.orders.charges import charges_read
from setaria.trade.orders.models import Destination, Event, Line, Order, Status
from setaria.trade.orders.requests import Charge
from setaria.trade.payments.models import Dispute, Payment, Refund
from setaria.trade.quotes.rulebook import RULEBOOK, Rules


class Ordered(msgspec.Struct, frozen=True):
    """An order with everything around it. `credit` counts towards it already, `store_credit` is what `member_id` has left
    on gift cards in its market (minor units); `products` by variant; `returned`: units taken back by the line's position;
    `invoiced`: whether its market writes invoices; `of_place`: whether a pre-order's place became it.
    """

    order: Order
    credit: int
    store_credit: int
    invoiced: bool
    of_place: bool
    rules: Rules
    lines: list[Line]
    products: dict[int, int]
    charges: tuple[Charge, ...]
    destination: Destination | None
    events: list[Event]
    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    returns: list[Return]
    returned: dict[int, int]
    invoices: list[Invoice]
    billing: Billing | None

    @property
    def gone(self) -> bool:
        """Whether it was paid and every unit of it taken back since, so that nothing of it is sent any more."""
        return self.order.status == Status.PAID and all(
            self.returned.get(line.position, 0) >= line.quantity for line in self.lines
        )

    @property
    def lost(self) -> bool:
        """Whether it was paid and the buyer's bank gave all of that back: it may have been sent, but need not be any more."""
        given_back = sum(dispute.amount for dispute in self.disputes if dispute.outcome == "lost")
        return self.order.status == Status.PAID and 0 < self.order.total <= given_back


_SUMS = """
    SELECT coalesce((SELECT sum(amount) FROM orders_credit WHERE order_id = o.id AND revoked_at IS NULL), 0)::bigint,
           coalesce((SELECT sum(balance) FROM giftcards_card
                     WHERE market_id = o.market_id AND member_id = %(member)s), 0)::bigint,
           EXISTS (SELECT FROM invoices_issuer WHERE market_id = o.market_id),
           EXISTS (SELECT FROM preorders_place WHERE id = o.id),
           (SELECT number FROM quotes_version)
    FROM orders_order AS o WHERE o.id = %(order)s
"""
_PRODUCTS = """
    SELECT id, product_id FROM catalog_variant
    WHERE id IN (SELECT variant_id FROM orders_line WHERE order_id = %(order)s)
"""
_RETURNED = """
    SELECT position, sum(quantity)::bigint FROM aftersales_returnedline WHERE order_id = %(order)s GROUP BY position
"""
_CHARGES = "SELECT kind, amount, source, line FROM orders_charge WHERE order_id = %(order)s ORDER BY position"


def ordered(order_id: UUID, member_id: int | None) -> Ordered | None:
    """Return an order as it stands, whoever's it is; None where there is none. One trip."""
    about: dict[str, Value] = {"order": order_id, "member": member_id or 0}
    of_order = "WHERE order_id = %(order)s"
    (
        orders,
        sums,
        lines,
        products,
        charges,
        to,
        events,
        payments,
        refunds,
        disputes,
        returns,
        returned,
        invoices,
        billing,
    ) = ask(
        rows_of(Order, "WHERE id = %(order)s", about),
        Question(_SUMS, about),
        rows_of(Line, f"{of_order} ORDER BY position", about),
        Question(_PRODUCTS, about),
        Question(_CHARGES, about),
        rows_of(Destination, of_order, about),
        rows_of(Event, of_order, about),
        rows_of(Payment, f"{of_order} ORDER BY started_at", about),
        rows_of(Refund, f"{of_order} ORDER BY due_at", about),
        rows_of(Dispute, f"WHERE payment_id IN (SELECT id FROM payments_payment {of_order}) ORDER BY opened_at", about),
        rows_of(Return, f"{of_order} ORDER BY at", about),
        Question(_RETURNED, about),
        rows_of(Invoice, f"{of_order} ORDER BY part", about),
        rows_of(Billing, of_order, about),
    )
    if not orders or not sums:
        return None
    order, [(credit, store_credit, invoiced, of_place, version)] = orders[0], sums
    return Ordered(
        order, credit, store_credit, invoiced, of_place, RULEBOOK.rules(version, order.market_id), lines, dict(products),
        charges_read(*(zip(*charges, strict=True) if charges else [(), (), (), ()])),
        to[0] if to else None, events, payments, refunds, disputes, returns, dict(returned), invoices, billing[0] if billing else None,
    )  # fmt: skip
