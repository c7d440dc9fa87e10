"""Gift cards and store credit: what is left, and paying an order with them. Who guesses codes is slowed as on the pages."""

from uuid import UUID

from setaria.channels.api.asked import Asked
from setaria.channels.api.belongings import CardIn, CardStandsOut, SpendIn, StoreCreditOut
from setaria.channels.api.deals import OrderOut
from setaria.channels.api.own import order_as_it_is, own_order
from setaria.channels.api.refusals import No
from setaria.trade.giftcards.issue import card_of, credit_of, credits_of
from setaria.trade.giftcards.models import Block, Card
from setaria.trade.giftcards.spend import Refusal, spend

_CODES = {
    Refusal.UNKNOWN_ORDER: "NOT_PAYABLE", Refusal.NOT_PAYABLE: "NOT_PAYABLE", Refusal.PAYING: "PAYING",
    Refusal.EMPTY: "CARD_EMPTY", Refusal.BLOCKED: "CARD_BLOCKED", Refusal.OTHER_MARKET: "CARD_OF_ELSEWHERE",
}  # fmt: skip


def stands(asked: Asked, wanted: CardIn) -> CardStandsOut | No:
    """Say what is left on the card with a code."""
    if not asked.allowed("gift_card", key=str(asked.member_id or asked.address)):
        return No(code="TOO_MANY")
    card = card_of(wanted.code)
    if card is None:
        return No(code="CARD_UNKNOWN")
    market = asked.market_of(card.market_id)
    blocked = Block.objects.filter(card=card, lifted_at=None).exists()
    return CardStandsOut(balance=card.balance, currency=market.currency, market=market.code, blocked=blocked)


def credit(asked: Asked) -> StoreCreditOut | No:
    """Say how much store credit the member has in this market."""
    if asked.member_id is None:
        return No(code="SIGN_IN")
    return StoreCreditOut(currency=asked.market.currency, balance=credit_of(asked.member_id, asked.market.pk))


def use(asked: Asked, order_id: UUID, wanted: SpendIn) -> OrderOut | No:
    """Pay an order, or as much of it as there is, with a card or with the member's store credit."""
    order = own_order(asked, order_id)
    if order is None:
        return No(code="NOT_FOUND")
    if wanted.code and not asked.allowed("gift_card", key=str(order.customer_id)):
        return No(code="TOO_MANY")
    cards = _with_code(wanted.code) if wanted.code else _own(asked, order.market_id)
    if not cards:
        return No(code="CARD_UNKNOWN" if wanted.code else "CARD_EMPTY")
    for number, card in enumerate(cards):
        paid = spend(card, order_id, order.customer_id, now=asked.now)
        if isinstance(paid, Refusal):
            if not number:
                return No(code=_CODES[paid])
            break  # the first ones have paid all of it
    return order_as_it_is(asked, order_id)


def _with_code(code: str) -> list[Card]:
    card = card_of(code)
    return [card] if card else []


def _own(asked: Asked, market_id: int) -> list[Card]:
    if asked.member_id is None:
        return []
    return [card for card in credits_of(asked.member_id) if card.market_id == market_id]
