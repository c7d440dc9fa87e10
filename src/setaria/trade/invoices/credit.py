"""Reversing: a credit note for what was given back, and an invoice written anew for somebody else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.trade.invoices.issue import Draft, give_numbers, locked
from setaria.trade.invoices.models import Invoice, Issuer
from setaria.trade.invoices.rules import Content, Line, Party, left_of


class NothingLeft(Exception):
    """There is no invoice of this order, or not so much of it left to reverse. Nothing was written."""


class Returned(msgspec.Struct, frozen=True):
    """So much of an invoice's line (counted from 0) given back; amounts in minor units, the tax within `gross`."""

    line: int
    quantity: int
    gross: int
    tax: int


def credit(source_id: UUID, order_id: UUID, returned: Sequence[Returned], *, now: datetime) -> Invoice:
    """Write the credit note of a refund; the same `source_id` again returns the first one.

    Raises NothingLeft where it would reverse more than the invoice that stands has left.
    """
    with transaction.atomic():
        locked([order_id])
        known = Invoice.objects.filter(source_id=source_id).first()
        if known is not None:
            return known
        standing, content, left = _standing(order_id)
        lines = [msgspec.structs.replace(line, quantity=0, gross=0, tax=0) for line in content.lines]
        for each in returned:
            if not 0 <= each.line < len(left) or each.gross <= 0 or each.tax < 0 or each.quantity < 0:
                raise NothingLeft
            rest, so_far = left[each.line], lines[each.line]
            line = msgspec.structs.replace(
                so_far, quantity=so_far.quantity + each.quantity, gross=so_far.gross + each.gross,
                tax=so_far.tax + each.tax,
            )  # fmt: skip
            if line.gross > rest.gross or line.tax > rest.tax or line.quantity > rest.quantity:
                raise NothingLeft
            lines[each.line] = line
        [note] = _write(standing, [_reversal(standing, content, tuple(lines), source_id)], now)
        return note


def reissue(source_id: UUID, order_id: UUID, buyer: Party, *, now: datetime) -> Invoice:
    """Reverse what is left of an order's invoice and write it anew for `buyer`; the same `source_id` again is done.

    Returns the new invoice. Raises NothingLeft where there is none, or nothing of it is left.
    """
    with transaction.atomic():
        locked([order_id])
        known = Invoice.objects.filter(source_id=source_id).first()
        if known is not None:
            return known
        standing, content, left = _standing(order_id)
        if not any(line.gross for line in left):
            raise NothingLeft
        # The reversal has a name of its own that follows from the wish's, so that both are written once.
        reversal = UUID(int=source_id.int ^ 1)
        anew = Draft(
            source_id, order_id, standing.part, Invoice.Kind.INVOICE,
            Content(content.seller, buyer, left), standing.supplied_on,
        )  # fmt: skip
        _, written = _write(standing, [_reversal(standing, content, left, reversal), anew], now)
        return written


def _standing(order_id: UUID) -> tuple[Invoice, Content, tuple[Line, ...]]:
    """The order's invoice that stands (the latest), what it says, and what is left of it."""
    documents = list(Invoice.objects.filter(order_id=order_id).order_by("part"))
    invoices = [each for each in documents if each.kind == Invoice.Kind.INVOICE]
    if not invoices:
        raise NothingLeft
    standing = invoices[-1]
    notes = [content_of(each) for each in documents if each.corrects == standing.name]
    content = content_of(standing)
    return standing, content, left_of(content, notes)


def _reversal(standing: Invoice, content: Content, lines: tuple[Line, ...], source_id: UUID) -> Draft:
    return Draft(
        source_id, standing.order_id, 0, Invoice.Kind.CREDIT_NOTE, msgspec.structs.replace(content, lines=lines),
        standing.supplied_on, standing.name,
    )  # fmt: skip


def _write(standing: Invoice, drafts: Sequence[Draft], now: datetime) -> list[Invoice]:
    """Keep documents behind the order's others; whoever writes another one waits for the order."""
    issuer = Issuer.objects.select_related("market").get(pk=standing.market_id)
    parts = Invoice.objects.filter(order_id=standing.order_id).count()
    numbered = [msgspec.structs.replace(draft, part=parts + nth) for nth, draft in enumerate(drafts)]
    return give_numbers(issuer, lambda: numbered, now)


def content_of(invoice: Invoice) -> Content:
    """Read what a document says."""
    return msgspec.convert(invoice.content, Content)
