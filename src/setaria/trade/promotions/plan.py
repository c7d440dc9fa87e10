"""Promotions made and ended by the staff."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction

from setaria.trade.promotions.models import Code, Promotion


class Answer(StrEnum):
    """What became of making or ending a promotion; nothing was changed but where it says so."""

    MADE = "MADE"
    ENDED = "ENDED"
    CODE_TAKEN = "CODE_TAKEN"  # another promotion has this code
    OVER = "OVER"  # there is none, or it has ended
    UNSIGNED = "UNSIGNED"  # nobody's name


def make(promotion: Promotion, code: str, *, by: str) -> Answer:
    """Keep a new promotion, with the code that everybody types, if there is one."""
    if not by.strip():
        return Answer.UNSIGNED
    promotion.needs_code, promotion.made_by = bool(code), by.strip()[:254]
    with transaction.atomic():
        if code and Code.objects.filter(text=code).exists():
            return Answer.CODE_TAKEN
        promotion.save(force_insert=True)
        if code:
            Code.objects.create(promotion=promotion, text=code)
    return Answer.MADE


def end(promotion_id: int, *, by: str, now: datetime) -> Answer:
    """Let a promotion end now, or never begin. What was set aside for an order under way is kept."""
    if not by.strip():
        return Answer.UNSIGNED
    with transaction.atomic():
        found = Promotion.objects.select_for_update(no_key=True).filter(pk=promotion_id, until__gt=now).first()
        if found is None or found.ended_by:
            return Answer.OVER
        found.until = max(now, found.since + timedelta(microseconds=1))
        found.ended_by = by.strip()[:254]
        found.save(update_fields=["until", "ended_by"])
    return Answer.ENDED
