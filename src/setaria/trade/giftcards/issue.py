"""Making gift cards and store credit, and finding a card by its code."""

import hmac
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from setaria.kernel import seals
from setaria.kernel.ids import new_id
from setaria.markets.models import Market
from setaria.trade.giftcards.models import Card, Movement

AMOUNT_MAX = 10**9  # minor units
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16  # 80 bits: not to be guessed


def issue(
    market: Market, amount: int, *, why: str, by: str, now: datetime, sold: bool = False, member_id: int | None = None
) -> tuple[Card, str]:
    """Issue a card over `amount` (minor units of the market's currency); return it and its code, which is not kept.

    For a member it is store credit, and has no code. `sold`: somebody paid for it outside of the shop, so the books take
    its money as banked; else it is a gift. Raises ValueError for an amount or a reason that makes no sense.
    """
    if not 0 < amount <= AMOUNT_MAX or not why.strip() or not by.strip():
        raise ValueError("A card has an amount, a reason, and the name of who issues it.")
    code = "" if member_id else "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    card = Card(
        id=new_id(), lookup=lookup(code) if code else None, tail=code[-4:], member_id=member_id, market=market,
        balance=amount, sold=sold, why=why.strip()[:120], issued_by=by.strip()[:254], issued_at=now,
    )  # fmt: skip
    with transaction.atomic():
        card.save(force_insert=True)
        Movement.objects.bulk_create(
            [Movement(id=card.id, kind=Movement.Kind.ISSUED, card=card, amount=amount, at=now)]
        )
    return card, "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def lookup(code: str) -> str:
    """Return what a code is found by; spaces, dashes and small letters do not matter."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hmac.digest(seals.key_from(settings.SECRET_KEY, "setaria.giftcards.v1"), plain.encode(), "sha256").hex()


def card_of(code: str) -> Card | None:
    """Return the card with this code."""
    return Card.objects.filter(lookup=lookup(code)).first()


def credit_of(member_id: int, market_id: int) -> int:
    """Return how much store credit a member has in a market (minor units)."""
    cards = Card.objects.filter(member_id=member_id, market_id=market_id)
    return cards.aggregate(sum=Sum("balance"))["sum"] or 0


def credits_of(member_id: int) -> list[Card]:
    """Return a member's store credit that is not spent, the oldest first."""
    return list(Card.objects.filter(member_id=member_id, balance__gt=0).order_by("issued_at", "pk"))
