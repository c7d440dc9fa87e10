"""A ledger of so many orders, made by the verbs that make it in earnest: placed, paid, told of by the provider.

Every other order is a drop's; the rest are the web store's, of two lines, with delivery and the tax within. The
provider's file agrees with ours but for one line in `ODD_EACH`, in each of the ways in which a line can disagree.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TextIO
from uuid import UUID
from zoneinfo import ZoneInfo

from setaria.goods.catalog.models import Variant
from setaria.goods.inventory import move
from setaria.goods.inventory.models import Source
from setaria.goods.pricing.price import set_price
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.site.bench import ground
from setaria.site.rush.crowd import seeded_id
from setaria.site.rush.stage import add_customers
from setaria.trade.books.rules import tax_within
from setaria.trade.drops.models import Drop
from setaria.trade.orders.place import place
from setaria.trade.orders.requests import Charge, ChargeKind, Line, Placed, Request
from setaria.trade.orders.settle import Answer, Money, settle

BATCH = 1_000
ITEMS = 20  # of the drop, one of each to a customer; so many orders of it a customer has
ODD_EACH = 1_000
SHIPPING, RATE_BP, FEE_SHARE = 1_000, 1_300, 166
PROVIDER = "sandbox"
HEADING = "reference,kind,id,amount,fee,currency,at\n"


class NotMade(Exception):
    """A verb refused what it was to do: whatever would be measured after that means nothing."""


class Ledger:
    """The orders so far: whose they are, one in `BATCH` of them, and how many lines the provider tells otherwise.

    `month` is the one in which it was begun; where that ends meanwhile, the rest counts in the next.
    """

    def __init__(self, seed: int = 20261123) -> None:
        """Lay out what is sold. Needs Django set up on a database that is migrated."""
        self._ground = ground.lay("books", ITEMS)
        drop = Drop.objects.select_related("channel").get(pk=self._ground.drop_id)
        self._channel_id, self.market_id = drop.channel_id, drop.channel.market_id
        self._drop_variants = list(Variant.objects.filter(sku__in=self._ground.skus).values_list("id", flat=True))
        self._store_variants = self._lay_store()
        self._random = Random(seed)
        self._buyers: list[int] = []
        self.orders = self.differences = 0
        self.some: list[UUID] = []
        self.month = now().astimezone(ZoneInfo(drop.channel.market.time_zone)).date()

    def place(self, count: int) -> list[Money]:
        """Place so many more; return what is to be paid for each."""
        self._buyers += add_customers(f"books-{self.orders}", -(-count // ITEMS))
        due: list[Money] = []
        for size in _batches(count):
            outcomes = place([self._request(self.orders + n) for n in range(size)], now=now())
            for one in outcomes:
                if not isinstance(one, Placed):
                    raise NotMade(f"An order was refused: {one.code}.")
                due.append(Money(one.id, new_id(), PROVIDER, one.total, one.currency))
            self.orders += size
            self.some.append(due[-1].order_id)
        return due

    def settle(self, due: list[Money], file: Path) -> None:
        """Pay these, and let the provider's file go on with them."""
        with file.open("a") as out:
            if not out.tell():
                out.write(HEADING)
            for start in range(0, len(due), BATCH):
                batch, at = due[start : start + BATCH], now()
                if any(answer is not Answer.PAID for answer in settle(batch, now=at)):
                    raise NotMade("A payment was not accepted.")
                for place_in_all, money in enumerate(batch, start=start):
                    self._tell_of(out, place_in_all, money, at)

    def _tell_of(self, out: TextIO, number: int, money: Money, at: datetime) -> None:
        """Write a provider's line about a payment; of some another amount, none at all, or one that is not ours besides."""
        amount, odd = money.amount, number % ODD_EACH == ODD_EACH // 2
        way = number // ODD_EACH % 3 if odd else None
        self.differences += odd
        if way == 0:
            amount -= 1
        if way == 1:
            return
        if way == 2:
            _write(out, new_id().hex, str(new_id()), amount, at)
        _write(out, money.payment_id.hex, str(money.payment_id), amount, at)

    def _request(self, number: int) -> Request:
        customer, item = self._buyers[number // ITEMS], number % ITEMS
        id = seeded_id(self._random, int(time.time() * 1000))
        if number % 2:
            line = Line(self._drop_variants[item], 1, ground.PRICE)
            return Request(id, customer, self._channel_id, (line,), self._ground.drop_id)
        (first, dear), (second, cheap) = self._store_variants[item], self._store_variants[item - 1]
        return Request(
            id, customer, self._channel_id, (Line(first, 1, dear), Line(second, 2, cheap)), None, _charges(dear, cheap)
        )

    def _lay_store(self) -> list[tuple[int, int]]:
        """What the web store sells at its price, beside the drop: variants and prices."""
        found, at = [], now()
        like = Variant.objects.select_related("product").get(sku=self._ground.skus[0])
        warehouse = Source.objects.get(channel_id=self._channel_id).location_id
        for n in range(ITEMS):
            variant = Variant.objects.create(product=like.product, sku=f"BOOKS-STORE-{n}", name=like.name)
            price = set_price(variant.pk, self.market_id, 4_900 + 1_000 * n, since=at, now=at)
            found.append((variant.pk, price.amount))
        move.receive(new_id(), warehouse, [move.Units(pk, ground.UNITS) for pk, _ in found], now=at)
        return found


def _charges(dear: int, cheap: int) -> tuple[Charge, ...]:
    tax = f"tax:{RATE_BP}"
    return (
        Charge(ChargeKind.SHIPPING, SHIPPING, "shipping:standard"),
        Charge(ChargeKind.TAX_WITHIN, tax_within(dear, RATE_BP), tax, 0),
        Charge(ChargeKind.TAX_WITHIN, tax_within(2 * cheap, RATE_BP), tax, 1),
        Charge(ChargeKind.TAX_WITHIN, tax_within(SHIPPING, RATE_BP), tax),
    )


def _batches(count: int) -> Iterator[int]:
    for start in range(0, count, BATCH):
        yield min(BATCH, count - start)


def _write(out: TextIO, reference: str, id: str, amount: int, at: datetime) -> None:
    fee = amount // FEE_SHARE
    out.write(f"{reference},payment,{id},{_yuan(amount)},{_yuan(fee)},CNY,{at.isoformat()}\n")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
