"""Credit notes of what was taken back: one for every return of an order that has an invoice, with the same amounts."""

from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef

from setaria.trade.aftersales.models import Return, ReturnedLine, ReturnedPart
from setaria.trade.invoices.credit import NothingLeft, Returned, content_of, credit
from setaria.trade.invoices.models import Invoice
from setaria.trade.orders.models import Line
from setaria.trade.orders.requests import ChargeKind

CREDIT_MAX = 200

log = structlog.get_logger(__name__)


def credit_returns(*, now: datetime) -> int:
    """Write up to `CREDIT_MAX` credit notes that returns wait for; return how many. Several may do so at once."""
    invoiced = Invoice.objects.filter(order_id=OuterRef("order_id"), part=0)
    noted = Invoice.objects.filter(source_id=OuterRef("pk"))
    waiting = Return.objects.filter(Exists(invoiced), ~Exists(noted), amount__gt=0).order_by("at", "pk")
    written = 0
    for each in waiting[:CREDIT_MAX]:
        try:
            credit(each.pk, each.order_id, _returned(each), now=now)
            written += 1
        except NothingLeft:
            log.exception("return_without_credit_note", order=str(each.order_id), returned=str(each.pk))
    return written


def _returned(back: Return) -> list[Returned]:
    """A return's amounts by the invoice's lines; what belongs to no line is the delivery, which comes back whole."""
    delivery = Line.objects.filter(order_id=back.order_id).count()
    shipped = list(content_of(Invoice.objects.get(order_id=back.order_id, part=0)).lines[delivery:])
    quantities = dict(ReturnedLine.objects.filter(return_id=back.pk).values_list("position", "quantity"))
    gross: dict[int, int] = {}
    tax: dict[int, int] = {}
    for part in ReturnedPart.objects.filter(order_id=back.order_id, return_id=back.pk):
        if part.line is None:
            continue
        line = part.line
        if part.kind != ChargeKind.TAX_WITHIN:
            gross[line] = gross.get(line, 0) + part.amount
        if part.kind in (ChargeKind.TAX, ChargeKind.TAX_WITHIN):
            tax[line] = tax.get(line, 0) + part.amount
    found = [
        Returned(line, quantities.get(line, 0), amount, tax.get(line, 0))
        for line, amount in sorted(gross.items())
        if amount
    ]
    if ReturnedPart.objects.filter(order_id=back.order_id, return_id=back.pk, line=None).exists():
        found += [Returned(delivery + nth, 1, each.gross, each.tax) for nth, each in enumerate(shipped) if each.gross]
    return found
