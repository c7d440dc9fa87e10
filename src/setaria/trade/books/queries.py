"""What the books say. Reads only; sums come from the balances by month, so their cost does not grow with the orders."""

from datetime import date
from uuid import UUID

import msgspec
from django.db.models import QuerySet, Sum

from setaria.trade.books.accounts import Account
from setaria.trade.books.models import Balance, Entry, Posting


class Standing(msgspec.Struct, frozen=True):
    """How an account stands: minor units of one currency; the balance is debit minus credit."""

    account: Account
    currency: str
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Positive on the debit side, negative on the credit side."""
        return self.debit - self.credit


def trial_balance(*, market_id: int | None = None, until: date | None = None) -> list[Standing]:
    """Return how every account stands at the end of a month (`until`, any day of it), or now. Adds up to nothing."""
    rows = Balance.objects.all()
    if market_id is not None:
        rows = rows.filter(market_id=market_id)
    if until is not None:
        rows = rows.filter(month__lte=until.replace(day=1))
    summed = rows.values("account", "currency").annotate(debits=Sum("debit"), credits=Sum("credit"))
    return [
        Standing(Account(row["account"]), row["currency"], int(row["debits"]), int(row["credits"]))
        for row in summed.order_by("currency", "account")
    ]


class Earned(msgspec.Struct, frozen=True):
    """Revenue of one kind of product in one quarter, without tax and less discounts (minor units)."""

    quarter: str
    kind_id: int
    currency: str
    amount: int


def revenue_by_quarter(market_id: int) -> list[Earned]:
    """Return a market's revenue by quarter and kind of product, the latest quarter first."""
    sums: dict[tuple[str, int, str], int] = {}
    rows = Balance.objects.filter(account__in=[Account.REVENUE, Account.DISCOUNTS], market_id=market_id)
    for month, kind_id, currency, debit, credit in rows.values_list("month", "kind_id", "currency", "debit", "credit"):
        key = f"{month.year}-Q{(month.month + 2) // 3}", kind_id, currency
        sums[key] = sums.get(key, 0) + credit - debit
    return [Earned(*key, amount) for key, amount in sorted(sums.items(), key=lambda item: item[0], reverse=True)]


class Told(msgspec.Struct, frozen=True):
    """One entry of a statement, with its lines: (account, amount, kind of product)."""

    entry: Entry
    lines: list[tuple[Account, int, int]]


def story_of(order_id: UUID) -> list[Told]:
    """Return everything that was entered for an order or a place, in the order it happened; two queries."""
    entries = Entry.objects.filter(order_id=order_id).order_by("at", "source")
    lines: dict[tuple[int, UUID], list[tuple[Account, int, int]]] = {}
    sources, ids = {entry.source for entry in entries}, {entry.source_id for entry in entries}
    found = Posting.objects.filter(source__in=sources, source_id__in=ids)  # both: the key begins with the source
    for line in found.order_by("source", "source_id", "line"):
        lines.setdefault((line.source, line.source_id), []).append((Account(line.account), line.amount, line.kind_id))
    return [Told(entry, lines[entry.source, entry.source_id]) for entry in entries]


def statement(
    account: Account, market_id: int, month: date, *, after: tuple[int, UUID, int] | None = None
) -> QuerySet[Posting]:
    """Return a month's postings on an account, by what they are about; to be read a page at a time.

    `after` is the last of the page before: its source, source_id and line. However long the statement is, a page costs
    the same.
    """
    rows = Posting.objects.filter(account=account, market_id=market_id, month=month.replace(day=1))
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return rows.order_by("source", "source_id", "line")
