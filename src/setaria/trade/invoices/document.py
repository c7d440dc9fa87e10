"""A document as a PDF (PDF/A-3, fonts embedded): drawn anew from what is kept, the same each time.

Set by Typst; `invoice.typ` beside this file says how it looks. Amounts and dates are written for the reader's language.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from django.utils import translation
from django.utils.translation import gettext as _

from setaria.markets.models import Market
from setaria.trade.invoices.credit import content_of
from setaria.trade.invoices.models import Invoice
from setaria.trade.invoices.queries import due_of
from setaria.trade.invoices.rules import Content, Party, percent

_TEMPLATE = Path(__file__).with_name("invoice.typ")
# The first that is there is taken, a letter at a time. Typst brings the first along; Chinese comes from the system.
CHINESE_FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC")
FONTS = ("Noto Sans", "Libertinus Serif", *CHINESE_FONTS)


def pdf(invoice: Invoice) -> bytes:
    """Draw a document. Raises what Typst raises when it cannot (a broken installation)."""
    # Not at the top: 40 MB that only who draws needs.
    import typst

    said = msgspec.json.encode(_said(invoice)).decode()
    drawn: bytes = typst.compile(_TEMPLATE, format="pdf", pdf_standards=["a-3b"], sys_inputs={"said": said})
    return drawn


def _said(invoice: Invoice) -> dict[str, object]:
    market = Market.objects.get(pk=invoice.market_id)
    content = content_of(invoice)
    with translation.override(invoice.language):
        return _words(invoice, content, market)


def _words(invoice: Invoice, content: Content, market: Market) -> dict[str, object]:
    locale = translation.to_locale(invoice.language)
    credit, due = invoice.kind == Invoice.Kind.CREDIT_NOTE, due_of(invoice)

    def money(amount: int) -> str:
        value = Decimal(amount).scaleb(-get_currency_precision(invoice.currency))
        return str(format_currency(value, invoice.currency, locale=locale))

    def day(value: object) -> str:
        return str(format_date(value, "long", locale=locale))  # type: ignore[arg-type]

    issued = invoice.issued_at.astimezone(ZoneInfo(market.time_zone)).date()
    facts = [[_("Date"), day(issued)], [_("Supplied"), day(invoice.supplied_on)], [_("Order"), str(invoice.order_id)]]
    if credit:
        facts.append([_("Reverses invoice"), invoice.corrects])
    return {
        "lang": locale.partition("_")[0],
        "fonts": FONTS,
        "title": _("Credit note") if credit else _("Invoice"),
        "name": invoice.name,
        "issued": [issued.year, issued.month, issued.day],
        "seller": _party(content.seller),
        "buyer": _party(content.buyer),
        "words": {"seller": _("Seller"), "buyer": _("Buyer")},
        "facts": facts,
        "heads": [_("Item"), _("Quantity"), _("Tax rate"), _("Net"), _("Amount")],
        "rows": [
            {
                "text": line.text, "sku": line.sku, "quantity": str(line.quantity or ""),
                "rate": f"{percent(line.rate_bp)}%", "net": money(line.net), "gross": money(line.gross),
            }
            for line in content.lines
            if line.gross
        ],
        "sums": [[_("Net"), money(content.net)]]
        + [[_("Tax at %(rate)s%%") % {"rate": percent(each.rate_bp)}, money(each.tax)] for each in content.taxes]
        + ([[_("Total"), money(content.gross)]] if due else []),
        "total": [_("Given back") if credit else _("To be paid at the door") if due else _("Paid"), money(due or content.gross)],
        "note": "",
        "footer": f"{content.seller.name} · {invoice.name}",
    }  # fmt: skip


def _party(party: Party) -> dict[str, object]:
    town = f"{party.postcode} {party.city}".strip()
    tax = _("Tax number %(number)s") % {"number": party.tax_id} if party.tax_id else ""
    lines = [each for each in (party.street, town, party.country, tax) if each]
    return {"name": party.name or _("Not named"), "lines": lines}
