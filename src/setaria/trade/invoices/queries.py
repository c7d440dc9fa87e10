"""What the documents add up to. Reads only."""

from datetime import date

import msgspec
from django.db import connection
from django.db.models import Sum

from setaria.trade.invoices.models import Invoice
from setaria.trade.orders.models import Settlement
from setaria.trade.orders.promising import PROMISING
from setaria.trade.payments.models import Remittance


class TaxTotal(msgspec.Struct, frozen=True):
    """One rate (basis points) in one month of a market: invoices less credit notes, minor units."""

    month: date
    rate_bp: int
    currency: str
    documents: int
    net: int
    tax: int


_TOTALS = """
    SELECT date_trunc('month', i.issued_at AT TIME ZONE market.time_zone)::date AS month, (line ->> 'rate_bp')::int AS rate,
           i.currency, count(DISTINCT (i.year, i.number)),
           sum(sign * ((line ->> 'gross')::bigint - (line ->> 'tax')::bigint)), sum(sign * (line ->> 'tax')::bigint)
    FROM invoices_invoice AS i
    JOIN markets_market AS market ON market.id = i.market_id
    CROSS JOIN LATERAL (SELECT CASE i.kind WHEN %(credit)s THEN -1 ELSE 1 END AS sign) AS signed
    CROSS JOIN LATERAL jsonb_array_elements(i.content -> 'lines') AS line
    WHERE i.market_id = %(market)s AND (line ->> 'gross')::bigint <> 0
    GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2 DESC
"""


def due_of(invoice: Invoice) -> int:
    """Return what was yet to be paid of an invoice when it was written (minor units): what a courier was to collect.

    Goes by instants, so that a document that is drawn again says the same.
    """
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return 0
    promised = Settlement.objects.filter(
        order_id=invoice.order_id, outcome=Settlement.Outcome.APPLIED, provider__in=PROMISING
    )
    here = Remittance.objects.filter(order_id=invoice.order_id, at__lte=invoice.issued_at).values("payment_id")
    due = int(promised.exclude(payment_id__in=here).aggregate(sum=Sum("amount"))["sum"] or 0)
    return min(due, invoice.gross)  # less was left where part of it was taken back before it was written anew


def tax_totals(market_id: int) -> list[TaxTotal]:
    """Return what a market's documents say of tax, by the month they were written in and by rate, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"market": market_id, "credit": Invoice.Kind.CREDIT_NOTE})
        return [
            TaxTotal(month, rate, currency, int(documents), int(net), int(tax))
            for month, rate, currency, documents, net, tax in cursor.fetchall()
        ]
