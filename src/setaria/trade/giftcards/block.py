"""Cards that are lost, stolen or in doubt: blocked, they pay nothing, and keep what is on them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from setaria.trade.giftcards.models import Block, Card

WHY_CHARS_MAX = 200


class Answer(StrEnum):
    """What became of blocking a card, or of lifting that."""

    DONE = "DONE"
    UNKNOWN = "UNKNOWN"  # no such card, or it is so already; nothing was changed
    UNSIGNED = "UNSIGNED"  # no reason, or nobody's name; nothing was changed


def block(card_id: UUID, *, why: str, by: str, now: datetime) -> Answer:
    """Let a card pay nothing from now on. What it pays at this instant goes first, or not at all."""
    if not why.strip() or not by.strip():
        return Answer.UNSIGNED
    with transaction.atomic():
        card = _locked(card_id)
        if card is None or Block.objects.filter(card=card, lifted_at=None).exists():
            return Answer.UNKNOWN
        Block.objects.create(card=card, at=now, by=by.strip()[:254], why=why.strip()[:WHY_CHARS_MAX])
    return Answer.DONE


def lift(card_id: UUID, *, by: str, now: datetime) -> Answer:
    """Let a blocked card pay again."""
    if not by.strip():
        return Answer.UNSIGNED
    with transaction.atomic():
        _locked(card_id)
        lifted = Block.objects.filter(card_id=card_id, lifted_at=None).update(lifted_at=now, lifted_by=by.strip()[:254])
    return Answer.DONE if lifted else Answer.UNKNOWN


def _locked(card_id: UUID) -> Card | None:
    """The card, under the lock that spending it takes."""
    return Card.objects.select_for_update(no_key=True).filter(pk=card_id).first()
