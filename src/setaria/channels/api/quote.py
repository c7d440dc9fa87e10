"""What an order would cost, and under which id and mark it may be placed."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from setaria.channels.api.asked import Asked
from setaria.channels.api.deals import ChargeOut, ChoiceIn, ProblemOut, QuoteIn, QuoteLineOut, QuoteOut, WayOut
from setaria.channels.api.refusals import No
from setaria.channels.api.things import name_of, variants_by_sku
from setaria.channels.storefront import explain, queries
from setaria.channels.storefront.explain import Row
from setaria.goods.inventory.queries import free
from setaria.kernel import seals
from setaria.kernel.ids import new_id
from setaria.kernel.questions import ask
from setaria.kernel.seals import BadSeal, Seal
from setaria.kernel.texts import text_in
from setaria.trade.baskets.queries import skus_of
from setaria.trade.orders.requests import Line
from setaria.trade.promotions.rules import Problem
from setaria.trade.quotes.queries import Choice, Priced, Pricing

GOOD_FOR = timedelta(days=1)  # an order's key
_SEAL = Seal(">16sI")  # order, lapses at (seconds)


def quote(asked: Asked, wanted: QuoteIn) -> QuoteOut | No:
    """Reckon the lines named, or those of the basket."""
    if wanted.choice.codes and not asked.allowed("coupon", dry_run=True):
        return No(code="TOO_MANY")  # who guesses codes is not told any more which are right
    lines = skus_of(asked.owner) if wanted.lines is None else [(line.sku, line.quantity) for line in wanted.lines]
    if not lines:
        return No(code="BASKET_EMPTY")
    return reckoned(asked, lines, wanted.choice, new_id())


def reckoned(asked: Asked, lines: Sequence[tuple[str, int]], wanted: ChoiceIn, order_id: UUID) -> QuoteOut | No:
    """Reckon so many of each SKU, at today's prices, for an order of that id."""
    shelf = asked.shelf
    if not shelf.sells or shelf.location is None:
        return No(code="MARKET_INFORMS_ONLY")
    if len({sku for sku, _ in lines}) < len(lines):
        return No(code="MALFORMED")
    shown = variants_by_sku((sku for sku, _ in lines), shelf)
    for sku, _quantity in lines:
        if sku not in shown or shown[sku][1] is None:
            return No(code="UNKNOWN_ITEM", sku=sku, item=name_of(shown[sku][0]) if sku in shown else sku)
    wares = [(*shown[sku], quantity) for sku, quantity in lines]
    sold = tuple(Line(variant.pk, quantity, price or 0) for variant, price, quantity in wares)
    pricing = Pricing(sold, shelf.market, choice_of(wanted), asked.member_id, shelf.now)
    stock, *answers = ask(free((line.variant_id for line in sold), shelf.location.pk), *pricing.questions)
    priced, units = pricing.priced(answers), dict(stock)
    asked_for = [
        (queries.Offer(variant, price, units.get(variant.pk, 0)), quantity) for variant, price, quantity in wares
    ]  # fmt: skip
    if Problem.UNKNOWN in priced.problems.values():
        asked.allowed("coupon")
    return _quote(asked, asked_for, priced, order_id)


def choice_of(wanted: ChoiceIn) -> Choice:
    """Return a buyer's choice as quotes go by it."""
    typed = (code.strip().upper() for code in wanted.codes if code.isascii() and code.isprintable())
    codes = tuple(dict.fromkeys(code for code in typed if code))
    return Choice(wanted.delivery, wanted.region.strip(), codes, wanted.points)


def _quote(asked: Asked, lines: Sequence[tuple[queries.Offer, int]], priced: Priced, order_id: UUID) -> QuoteOut:
    currency = asked.market.currency
    shown = [
        QuoteLineOut(
            sku=offer.variant.sku, name=name_of(offer.variant), quantity=quantity, price=offer.price or 0,
            short=offer.free < quantity,
        )
        for offer, quantity in lines
    ]  # fmt: skip
    return QuoteOut(
        order_id=order_id,
        order_key=key_of(asked, order_id),
        currency=currency,
        lines=shown,
        charges=charges(explain.rows(priced.quote, currency)),
        ways=[
            WayOut(code=way.code, name=text_in(way.name), amount=way.amount, free_from=way.free_from,
                   chosen=way == priced.way)
            for way in priced.ways
        ],
        problems=[
            ProblemOut(typed=typed, code=why.value, message=str(explain.PROBLEMS[why]))
            for typed, why in priced.problems.items()
        ],
        goods=priced.quote.goods,
        total=priced.quote.total,
        mark=priced.mark,
        ready=not any(line.short for line in shown),
        points=priced.points,
    )  # fmt: skip


def charges(rows: Iterable[Row]) -> list[ChargeOut]:
    """Return amounts with their reasons; what is taken off is below nothing."""
    return [
        ChargeOut(kind=row.kind.name.lower(), label=row.label, why=row.why, tells=row.tells,
                  amount=-row.amount if row.off else row.amount)
        for row in rows
    ]  # fmt: skip


def key_of(asked: Asked, order_id: UUID) -> str:
    """Return what proves that an order's id was given to whoever has it.

    An order's id is no secret: it is its number. Only who was given it unplaced may place it as a guest, or ask what
    became of it.
    """
    return _SEAL.close(_key(), order_id.bytes, int((asked.now + GOOD_FOR).timestamp()))


def was_given(asked: Asked, order_id: UUID, key: str) -> bool:
    """Whether this key was given with that order's id, and not too long ago."""
    try:
        raw, lapses_at = _SEAL.open(_key(), key)
    except BadSeal:
        return False
    return raw == order_id.bytes and lapses_at > asked.now.timestamp()


def _key() -> bytes:
    return seals.key_from(settings.SECRET_KEY, "setaria.api.order.v1")
