"""Writing documents: each gets the next number of its market's year, in the transaction that keeps it.

Whoever writes holds the row of the year, so numbers are given one after the other; what fails gives its numbers back.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from setaria.goods.catalog.models import Variant
from setaria.kernel.texts import text_in
from setaria.markets.models import Market
from setaria.trade.invoices.models import Billing, Invoice, Issuer, Series
from setaria.trade.invoices.rules import Content, Line, Party, deliveries, line_of, line_with, name_of
from setaria.trade.orders import models as orders
from setaria.trade.orders.requests import Charge, ChargeKind
from setaria.trade.quotes.within import RATE

ISSUE_MAX = 500
LATE = timedelta(minutes=1)  # a payment may commit so long after the instant it is stamped with


class Refusal(StrEnum):
    """Why an order got no invoice; nothing was written."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    NOT_PAID = "NOT_PAID"
    NO_ISSUER = "NO_ISSUER"  # nobody was named who sells in this market


class Draft(msgspec.Struct, frozen=True):
    """A document that wants a number."""

    source_id: UUID
    order_id: UUID
    part: int
    kind: Invoice.Kind
    content: Content
    supplied_on: date
    corrects: str = ""


def issue(order_ids: Sequence[UUID], *, now: datetime) -> list[Invoice | Refusal]:
    """Write the invoices of paid orders; return each order's first invoice, now or since an earlier call.

    At most `ISSUE_MAX` orders, all or nothing. Several may do so at once: an order has one invoice.
    """
    if len(order_ids) > ISSUE_MAX:
        raise ValueError(f"At most {ISSUE_MAX} invoices at a time, not {len(order_ids)}.")
    issuers = {each.pk: each for each in Issuer.objects.select_related("market")}
    with transaction.atomic():
        wanted = locked(order_ids)
        refusals = {id: _refusal(wanted.get(id), issuers) for id in order_ids}
        sound = [wanted[id] for id, refusal in refusals.items() if refusal is None]
        for market_id in sorted({order.market_id for order in sound}):
            issuer = issuers[market_id]
            mine = [order for order in sound if order.market_id == market_id]
            give_numbers(issuer, lambda mine=mine, issuer=issuer: _drafts(mine, issuer), now)  # type: ignore[misc]
        Billing.objects.filter(pk__in=[order.pk for order in sound], waits=True).update(waits=False)
    written = {each.order_id: each for each in Invoice.objects.filter(order_id__in=list(order_ids), part=0)}
    return [refusals[id] or written[id] for id in order_ids]


def locked(order_ids: Iterable[UUID]) -> dict[UUID, orders.Order]:
    """Return orders, locked within the caller's transaction: what is said about an invoice waits for its writing."""
    rows = orders.Order.objects.select_for_update(no_key=True).filter(pk__in=list(order_ids)).order_by("pk")
    return {order.pk: order for order in rows}


def _refusal(order: orders.Order | None, issuers: dict[int, Issuer]) -> Refusal | None:
    if order is None:
        return Refusal.UNKNOWN_ORDER
    if order.market_id not in issuers:
        return Refusal.NO_ISSUER
    return None if order.status == orders.Status.PAID else Refusal.NOT_PAID


def _drafts(paid: Sequence[orders.Order], issuer: Issuer) -> list[Draft]:
    """Write what is not written yet; the year's row is locked, so nobody else is at it."""
    done = set(Invoice.objects.filter(order_id__in=[o.pk for o in paid], part=0).values_list("order_id", flat=True))
    fresh = sorted((o for o in paid if o.pk not in done), key=lambda o: (o.paid_at, o.pk))
    buyers = buyers_of(fresh, issuer.market)
    lines = lines_of(fresh, issuer.market)
    seller = seller_of(issuer)
    zone = ZoneInfo(issuer.market.time_zone)
    return [
        Draft(
            o.pk, o.pk, 0, Invoice.Kind.INVOICE, Content(seller, buyers[o.pk], lines[o.pk]),
            (o.paid_at or o.placed_at).astimezone(zone).date(),
        )
        for o in fresh
    ]  # fmt: skip


def give_numbers(issuer: Issuer, drafts: Callable[[], Iterable[Draft]], now: datetime) -> list[Invoice]:
    """Keep documents under the next numbers, within the caller's transaction; `drafts` is asked once nobody else gives.

    What it reads it reads under the lock, and so sees all that was written before.
    """
    market = issuer.market
    zone = ZoneInfo(market.time_zone)
    year = now.astimezone(zone).year
    Series.objects.bulk_create([Series(market_id=market.pk, year=year)], ignore_conflicts=True)
    series = Series.objects.select_for_update().get(pk=(market.pk, year))
    written = [
        Invoice(
            market_id=market.pk, year=year, number=number, name=name_of(issuer.prefix, year, number), kind=draft.kind,
            order_id=draft.order_id, part=draft.part, source_id=draft.source_id, corrects=draft.corrects, issued_at=now,
            supplied_on=draft.supplied_on, currency=market.currency, net=draft.content.net,
            tax=draft.content.tax, gross=draft.content.gross, language=market.language,
            content=msgspec.to_builtins(draft.content),
        )
        for number, draft in enumerate(drafts(), start=series.last + 1)
    ]  # fmt: skip
    if written:
        Invoice.objects.bulk_create(written)
        Series.objects.filter(pk=series.pk).update(last=written[-1].number)
    return written


def seller_of(issuer: Issuer) -> Party:
    """Write the seller as the document names them."""
    return Party(issuer.name, issuer.country, issuer.tax_id, issuer.street, issuer.city, issuer.postcode)


def buyers_of(some: Sequence[orders.Order], market: Market) -> dict[UUID, Party]:
    """Write whom each order's invoice is for: as its buyer said, else where it goes, else nobody by name."""
    keys = [order.pk for order in some]
    said = Billing.objects.in_bulk(keys)
    sent = orders.Destination.objects.in_bulk(keys)
    found = {}
    for key in keys:
        if key in said:
            b, d = said[key], sent.get(key)
            # Who gave only a name lives where the parcel goes, as far as the invoice is concerned.
            street, city, postcode = (
                (d.street, d.city, d.postcode) if d and not b.street else (b.street, b.city, b.postcode)
            )
            found[key] = Party(b.name, b.country, b.tax_id, street, city, postcode)
        elif key in sent:
            d = sent[key]
            found[key] = Party(d.recipient, d.country, "", d.street, d.city, d.postcode)
        else:
            found[key] = Party("", "")
    return found


def lines_of(some: Sequence[orders.Order], market: Market) -> dict[UUID, tuple[Line, ...]]:
    """Write each order's lines in the market's language, its delivery last, a line a rate; six queries, however many there are.

    The tax is what the order's charges say; the prices of an order without any contain it, as in the books.
    """
    keys = [order.pk for order in some]
    rows = list(orders.Line.objects.filter(order_id__in=keys).order_by("order_id", "position"))
    variants = Variant.objects.select_related("product").in_bulk({row.variant_id for row in rows})
    charges: dict[UUID, dict[int | None, list[Charge]]] = {}
    for charge in orders.Charge.objects.filter(order_id__in=keys).order_by("order_id", "position"):
        of_order = charges.setdefault(charge.order_id, {})
        of_order.setdefault(charge.line, []).append(
            Charge(ChargeKind(charge.kind), charge.amount, charge.source, charge.line)
        )
    within = _within([key for key in keys if key not in charges])
    found: dict[UUID, list[Line]] = {key: [] for key in keys}
    for row in rows:
        text, sku = _text(variants[row.variant_id], market.language), variants[row.variant_id].sku
        if row.order_id in charges:
            own = charges[row.order_id].get(row.position, [])
            line = line_with(text, sku, row.quantity, row.quantity * row.unit_price, own)
        else:
            line = line_of(text, sku, row.quantity, row.unit_price, within[row.order_id, row.position])
        found[row.order_id].append(line)
    for key, of_order in charges.items():
        with translation.override(market.language):
            found[key] += deliveries(gettext("Delivery"), of_order.get(None, ()))
    return {key: tuple(lines) for key, lines in found.items()}


_WITHIN = f"""
    SELECT l.order_id, l.position, {RATE}
    FROM orders_line AS l JOIN orders_order AS o ON o.id = l.order_id
    JOIN catalog_variant AS variant ON variant.id = l.variant_id
    JOIN catalog_product AS product ON product.id = variant.product_id
    WHERE l.order_id = ANY (%s)
"""


def _within(keys: Sequence[UUID]) -> dict[tuple[UUID, int], int]:
    """Return the rate within each line's price, in basis points, of orders without charges."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHIN, [list(keys)])
        return {(order, position): rate for order, position, rate in cursor.fetchall()}


def _text(variant: Variant, language: str) -> str:
    words = dict.fromkeys(text_in(each.name, language) for each in (variant.product, variant))
    return " ".join(filter(None, words))


def issue_due(*, now: datetime) -> int:
    """Write up to `ISSUE_MAX` invoices that wait: asked for, or every order's where a market has it so; how many.

    Call again while it returns `ISSUE_MAX`.
    """
    waiting = Billing.objects.filter(waits=True).order_by("asked_at")
    # Who asks before paying waits for the payment, and stands in nobody's way meanwhile.
    paid = orders.Order.objects.filter(status=orders.Status.PAID)
    asked = list(waiting.filter(pk__in=paid.values("pk")).values_list("pk", flat=True)[:ISSUE_MAX])
    written = sum(isinstance(each, Invoice) for each in issue(asked, now=now)) if asked else 0
    for issuer in Issuer.objects.filter(when=Issuer.When.PAID):
        written += _issue_all(issuer, now)
    return written


def _issue_all(issuer: Issuer, now: datetime) -> int:
    """Look through what was paid since the last time."""
    since = max(issuer.since, issuer.until - LATE)
    paid = orders.Order.objects.filter(
        market_id=issuer.pk, paid_at__gt=since, paid_at__lte=now, status=orders.Status.PAID
    )
    done = Invoice.objects.filter(market_id=issuer.pk, part=0)
    rest = paid.exclude(pk__in=done.values("order_id"))
    found = list(rest.order_by("paid_at").values_list("pk", "paid_at")[:ISSUE_MAX])
    try:
        issue([key for key, _ in found], now=now)
    except IntegrityError:  # another worker was first; what is left comes next time
        return 0
    until = found[-1][1] if len(found) == ISSUE_MAX else now
    Issuer.objects.filter(pk=issuer.pk, until__lt=until).update(until=until)
    return len(found)
