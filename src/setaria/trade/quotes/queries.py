"""Gathering what a quote goes by, in a number of queries that does not grow with the basket, and reckoning it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from setaria.kernel.arrays import int4s, texts
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.markets.models import Market
from setaria.trade.orders import models as orders
from setaria.trade.orders.charges import charges_read
from setaria.trade.orders.requests import Charge, ChargeKind, Line
from setaria.trade.promotions.rules import Buyer, Problem, Typed, Usable, Used, codes_of, usable
from setaria.trade.promotions.spend import Wish
from setaria.trade.quotes.quote import Delivery, Item, Points, Quote, Reduction, Wanted, quote
from setaria.trade.quotes.rulebook import RULEBOOK

_PROMOTION = "promotion:"


class Choice(msgspec.Struct, frozen=True):
    """What a buyer chose: a way of sending by its code, where to, the codes they typed, and whether points pay too."""

    delivery: str = ""
    region: str = ""
    codes: tuple[str, ...] = ()
    points: bool = False


class Priced(msgspec.Struct, frozen=True):
    """A quote for a buyer's choice, the ways of sending there are, and what is wrong with codes they typed."""

    lines: tuple[Line, ...]
    quote: Quote
    ways: tuple[Delivery, ...]
    way: Delivery | None
    problems: Mapping[str, Problem]
    code_ids: Mapping[int, int | None]  # by promotion
    points: int = 0  # that the buyer has, where they may pay with some

    @property
    def points_spent(self) -> int:
        """The points to set aside before the order is placed."""
        return sum(self.quote.taken(ChargeKind.POINTS).values())

    @property
    def mark(self) -> str:
        """The total and a digest of all that it is made of: what a page sends back of what its reader saw."""
        return mark_of(self.lines, self.quote.charges, self.quote.total)

    @property
    def wishes(self) -> list[Wish]:
        """The promotions to set aside before the order is placed."""
        taken = self.quote.taken(ChargeKind.DISCOUNT)
        return [
            Wish(promotion, amount, self.code_ids.get(promotion))
            for source, amount in sorted(taken.items())
            if source.startswith(_PROMOTION) and (promotion := int(source.removeprefix(_PROMOTION)))
        ]


def mark_of(lines: Sequence[Line], charges: Sequence[Charge], total: int) -> str:
    """Return the mark of an order's lines and charges; the same for what was quoted and what was placed."""
    return f"{total}-{sha256(msgspec.json.encode([lines, charges])).hexdigest()[:24]}"


# All that of a buyer and their goods decides, in one trip; what it goes by is in the rulebook. What is set aside under the
# order's own id is theirs still: who presses twice is not told that it changed, while the first press becomes an order.
_BUYER = """
    SELECT version.number,
           coalesce((SELECT balance FROM points_account WHERE member_id = %(member)s AND market_id = %(market)s), 0)
           + coalesce((SELECT amount FROM points_spending WHERE order_id = %(order)s AND member_id = %(member)s
                       AND market_id = %(market)s AND state IN (1, 2)), 0),
           EXISTS (SELECT 1 FROM quotes_exemption WHERE member_id = %(member)s AND market_id = %(market)s
                   AND valid @> %(now)s),
           EXISTS (SELECT 1 FROM orders_order WHERE customer_id = %(member)s AND paid_at IS NOT NULL)
    FROM quotes_version AS version
"""
_KINDS = """
    SELECT variant.id, product.kind_id FROM catalog_variant AS variant
    JOIN catalog_product AS product ON product.id = variant.product_id WHERE variant.id = ANY (%(variants)s)
"""
_TYPED = """
    SELECT code.text, code.id, code.promotion_id, code.uses_max IS NOT NULL
           AND code.used - (SELECT count(*) FROM promotions_use AS own WHERE own.order_id = %(order)s
                            AND own.promotion_id = code.promotion_id AND own.code_id = code.id AND own.state IN (1, 2))
               >= code.uses_max
    FROM promotions_code AS code WHERE code.text = ANY (%(codes)s)
"""
_USED = """
    SELECT p.id, p.used_uses - own.uses, p.used_amount - own.amount, greatest(coalesce(tally.used, 0) - own.uses, 0)
    FROM promotions_promotion AS p
    CROSS JOIN LATERAL (
        SELECT count(*) AS uses, coalesce(sum(u.amount), 0)::bigint AS amount FROM promotions_use AS u
        WHERE u.order_id = %(order)s AND u.promotion_id = p.id AND u.state IN (1, 2)
    ) AS own
    LEFT JOIN promotions_tally AS tally ON tally.promotion_id = p.id AND tally.customer_id = %(member)s
    WHERE p.market_id = %(market)s
      AND (NOT p.needs_code AND p.since <= %(now)s AND p.until > %(now)s
           OR p.id IN (SELECT promotion_id FROM promotions_code WHERE text = ANY (%(codes)s)))
"""


NO_ORDER = UUID(int=0)


class Pricing(msgspec.Struct, frozen=True):
    """Lines to be quoted at the prices they name, for a buyer (None: not known yet), as the order with an id, if it has one.

    `questions` and `priced` are the halves of `price`, for who has more to ask in the same trip.
    """

    lines: Sequence[Line]
    market: Market
    choice: Choice
    customer_id: int | None
    now: datetime
    order_id: UUID = NO_ORDER

    @property
    def _codes(self) -> list[str]:
        return codes_of(self.choice.codes)

    @property
    def questions(self) -> list[Question]:
        """What of the buyer and their goods decides."""
        about: dict[str, Value] = {
            "member": self.customer_id or 0, "market": self.market.pk, "now": self.now, "codes": texts(self._codes),
            "order": self.order_id,
        }  # fmt: skip
        variants = int4s([line.variant_id for line in self.lines])
        return [
            Question(_BUYER, about),
            Question(_KINDS, {"variants": variants}),
            Question(_TYPED, about),
            Question(_USED, about),
        ]

    def priced(self, answers: Sequence[list[Any]]) -> Priced:
        """Reckon with the answers to `questions`; after a change of rates, promotions or programmes, seven queries."""
        ((version, balance, exempt, bought),), kinds_found, typed, used = answers
        rules = RULEBOOK.rules(version, self.market.pk)
        kinds: dict[int, int] = dict(kinds_found)
        items = tuple(Item(x.variant_id, kinds.get(x.variant_id, 0), x.quantity, x.unit_price) for x in self.lines)
        ways = rules.ways_to(self.choice.region, self.now)
        way = next((one for one in ways if one.code == self.choice.delivery), ways[0] if ways else None)
        buyer = Buyer(self.customer_id is not None, bought, {row[0]: Used(*row[1:]) for row in used})
        codes = {row[0]: Typed(*row[1:]) for row in typed}
        found, problems = usable(rules.promotions, self._codes, codes, buyer, now=self.now)
        points = Points(balance, rules.share_max_bp) if balance and rules.share_max_bp else None
        wanted = Wanted(
            items=items,
            reductions=tuple(_reduction(one) for one in found),
            points=points if self.choice.points else None,
            delivery=way,
            tax=rules.tax_at(self.now, exempt=exempt),
        )
        code_ids = {one.promotion.id: one.code_id for one in found}
        return Priced(
            tuple(self.lines), quote(wanted), ways, way, problems, code_ids, points.wanted if points else 0
        )  # fmt: skip


def price(lines: Sequence[Line], market: Market, choice: Choice, *, customer_id: int | None, now: datetime) -> Priced:
    """Quote lines; four queries in one trip."""
    pricing = Pricing(lines, market, choice, customer_id, now)
    return pricing.priced(ask(*pricing.questions))


def _reduction(one: Usable) -> Reduction:
    p = one.promotion
    return Reduction(
        source=f"{_PROMOTION}{p.id}", name=p.name, percent_bp=p.percent_bp, amount=p.amount,
        amount_max=one.amount_max, goods_min=p.goods_min, kinds=frozenset(p.kind_ids), group=p.group,
        alone=p.alone, priority=p.priority, asked=p.needs_code,
    )  # fmt: skip


def charges_of(order_id: UUID) -> tuple[Charge, ...]:
    """Return what an order was charged beside its lines, in the order it was written."""
    rows = orders.Charge.objects.filter(order_id=order_id).order_by("position")
    columns = list(zip(*rows.values_list("kind", "amount", "source", "line"), strict=True)) or [(), (), (), ()]
    return charges_read(*columns)
