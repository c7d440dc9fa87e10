"""Which promotions may be used now, by whom, and why a code may not. Reads only; nothing is promised by it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from django.db.models import Exists, OuterRef, QuerySet

from setaria.trade.orders.models import Order
from setaria.trade.promotions.models import Code, Promotion, Tally

CODES_MAX = 5


class Problem(StrEnum):
    """Why a code that was typed takes nothing off."""

    UNKNOWN = "UNKNOWN"  # or of another market, or not yet: a guess learns nothing
    OVER = "OVER"
    USED_UP = "USED_UP"
    NOT_YOURS = "NOT_YOURS"  # for members, or for newcomers
    OVER_LIMIT = "OVER_LIMIT"


class Usable(msgspec.Struct, frozen=True):
    """A promotion that may be used, and the code it was asked for by."""

    promotion: Promotion
    code_id: int | None = None


def usable(
    market_id: int, texts: Sequence[str], customer_id: int | None, *, now: datetime
) -> tuple[list[Usable], dict[str, Problem]]:
    """Return what may be taken off in a market, by itself or for codes, and what is wrong with the others; two queries.

    `customer_id` is None for somebody without an account, who is only known when the order is placed.
    """
    wanted = {text.strip().upper() for text in texts if text.strip()}
    wanted = set(sorted(wanted)[:CODES_MAX])
    found: list[Usable] = []
    problems: dict[str, Problem] = {}
    rows = Promotion.objects.filter(market_id=market_id, needs_code=False, since__lte=now, until__gt=now)
    found += [Usable(p) for p in _about(rows, customer_id) if _problem(p, customer_id, now) is None]
    if wanted:
        codes = {code.text: code for code in Code.objects.filter(text__in=wanted)}
        about = _about(
            Promotion.objects.filter(pk__in={c.promotion_id for c in codes.values()}, market_id=market_id), customer_id
        )
        promotions = {p.pk: p for p in about}
        for text in sorted(wanted):
            code = codes.get(text)
            promotion = promotions.get(code.promotion_id) if code else None
            if code is None or promotion is None or promotion.since > now:
                problems[text] = Problem.UNKNOWN
            elif code.uses_max is not None and code.used >= code.uses_max:
                problems[text] = Problem.USED_UP
            elif problem := _problem(promotion, customer_id, now):
                problems[text] = problem
            elif promotion.pk not in {one.promotion.pk for one in found}:
                found.append(Usable(promotion, code.pk))
    return found, problems


def _about(rows: QuerySet[Promotion], customer_id: int | None) -> QuerySet[Promotion]:
    tally = Tally.objects.filter(
        promotion_id=OuterRef("pk"), customer_id=customer_id or 0, used__gte=OuterRef("per_customer")
    )
    bought = Order.objects.filter(customer_id=customer_id or 0, paid_at__isnull=False)
    return rows.annotate(at_limit=Exists(tally), bought=Exists(bought)).order_by("pk")


def _problem(promotion: Promotion, customer_id: int | None, now: datetime) -> Problem | None:
    if promotion.until <= now:
        return Problem.OVER
    if promotion.budget_uses is not None and promotion.used_uses >= promotion.budget_uses:
        return Problem.USED_UP
    if promotion.budget_amount is not None and promotion.used_amount >= promotion.budget_amount:
        return Problem.USED_UP
    if promotion.audience != Promotion.Audience.EVERYONE and customer_id is None:
        return Problem.NOT_YOURS
    if promotion.audience == Promotion.Audience.NEWCOMERS and promotion.bought:  # type: ignore[attr-defined]
        return Problem.NOT_YOURS
    return Problem.OVER_LIMIT if promotion.at_limit else None  # type: ignore[attr-defined]
