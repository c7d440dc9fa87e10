"""Promotions made and ended by the staff."""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.db import transaction

from setaria.trade.promotions.codes import CODES_MAX, make_codes
from setaria.trade.promotions.models import Code, Promotion

log = structlog.get_logger(__name__)


class Answer(StrEnum):
    """What became of making or ending a promotion; nothing was changed but where it says so."""

    MADE = "MADE"
    ENDED = "ENDED"
    CODE_TAKEN = "CODE_TAKEN"  # another promotion has this code
    OVER = "OVER"  # there is none, or it has ended
    UNSIGNED = "UNSIGNED"  # nobody's name
    NO_CODES = "NO_CODES"  # it works by itself, or so many codes are more than it may have


def make(promotion: Promotion, code: str, *, by: str, many: bool = False) -> Answer:
    """Keep a new promotion, with the code that everybody types, if there is one; or for `many` codes, made afterwards."""
    if not by.strip():
        return Answer.UNSIGNED
    promotion.needs_code, promotion.made_by = bool(code) or many, by.strip()[:254]
    with transaction.atomic():
        if code and Code.objects.filter(text=code).exists():
            return Answer.CODE_TAKEN
        promotion.save(force_insert=True)
        if code:
            Code.objects.create(promotion=promotion, text=code)
    return Answer.MADE


def add_codes(promotion_id: int, count: int, *, by: str, now: datetime) -> list[str] | Answer:
    """Make so many codes of a promotion, each good for one order; up to `CODES_MAX` of one promotion in all.

    Whoever asks at the same time waits, so both together stay within that.
    """
    if not by.strip():
        return Answer.UNSIGNED
    with transaction.atomic():
        found = _locked(promotion_id, now)
        if found is None:
            return Answer.OVER
        if not found.needs_code or count < 1 or found.codes.count() + count > CODES_MAX:
            return Answer.NO_CODES
        texts = make_codes(found, count)
    log.info("codes_made", promotion=promotion_id, count=count, by=by)
    return texts


def _locked(promotion_id: int, now: datetime) -> Promotion | None:
    """A promotion that has not ended, locked."""
    return Promotion.objects.select_for_update(no_key=True).filter(pk=promotion_id, until__gt=now).first()


def end(promotion_id: int, *, by: str, now: datetime) -> Answer:
    """Let a promotion end now, or never begin. What was set aside for an order under way is kept."""
    if not by.strip():
        return Answer.UNSIGNED
    with transaction.atomic():
        found = _locked(promotion_id, now)
        if found is None or found.ended_by:
            return Answer.OVER
        found.until = max(now, found.since + timedelta(microseconds=1))
        found.ended_by = by.strip()[:254]
        found.save(update_fields=["until", "ended_by"])
    return Answer.ENDED
