"""Which promotions may be used, by whom, and why a code may not; pure. Nothing is promised by it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from setaria.trade.promotions.models import Promotion

CODES_MAX = 5


class Problem(StrEnum):
    """Why a code that was typed takes nothing off."""

    UNKNOWN = "UNKNOWN"  # or of another market, or not yet: a guess learns nothing
    OVER = "OVER"
    USED_UP = "USED_UP"
    NOT_YOURS = "NOT_YOURS"  # for members, or for newcomers
    OVER_LIMIT = "OVER_LIMIT"


class Terms(msgspec.Struct, frozen=True):
    """A promotion as the staff made it (`models.Promotion` says what each is), without what its uses change."""

    id: int
    name: Mapping[str, str]
    percent_bp: int
    amount: int
    amount_max: int | None
    goods_min: int
    kind_ids: Sequence[int]
    audience: str
    needs_code: bool
    since: datetime
    until: datetime
    group: str
    alone: bool
    priority: int
    per_customer: int | None
    budget_uses: int | None
    budget_amount: int | None


class Used(msgspec.Struct, frozen=True):
    """How far a promotion is used: by everybody (times, minor units), and by the buyer (times)."""

    uses: int
    amount: int
    own: int


class Typed(msgspec.Struct, frozen=True):
    """A code that was typed and exists: whose it is, and whether it was used as often as it may be."""

    code_id: int
    promotion_id: int
    used_up: bool


class Usable(msgspec.Struct, frozen=True):
    """A promotion that may be used, the most it may take off (None: any amount), and the code it was asked for by."""

    promotion: Terms
    amount_max: int | None
    code_id: int | None = None


class Buyer(msgspec.Struct, frozen=True):
    """What of a buyer decides: whether they are known, have paid for an order before, and how far each promotion is used."""

    known: bool
    bought: bool
    used: Mapping[int, Used]  # by promotion: those without a code that are on, and those of typed codes


def codes_of(texts: Iterable[str]) -> list[str]:
    """Return the codes that are looked at of those that were typed, as they are kept. None has what nobody can type."""
    return sorted({text.strip().upper() for text in texts if text.strip() and text.isprintable()})[:CODES_MAX]


def usable(
    terms: Mapping[int, Terms], codes: Iterable[str], typed: Mapping[str, Typed], buyer: Buyer, *, now: datetime
) -> tuple[list[Usable], dict[str, Problem]]:
    """Return which of a market's promotions may be used, by themselves or for codes, and what is wrong with other codes."""
    found: dict[int, Usable] = {}
    problems: dict[str, Problem] = {}
    for one in terms.values():
        if not one.needs_code and one.since <= now and _problem(one, buyer, now) is None:
            found[one.id] = _usable(one, buyer)
    for text in codes:
        code = typed.get(text)
        promotion = terms.get(code.promotion_id) if code else None
        if code is None or promotion is None or promotion.since > now:
            problems[text] = Problem.UNKNOWN
        elif code.used_up:
            problems[text] = Problem.USED_UP
        elif problem := _problem(promotion, buyer, now):
            problems[text] = problem
        elif promotion.id not in found:
            found[promotion.id] = _usable(promotion, buyer, code.code_id)
    return list(found.values()), problems


def _usable(promotion: Terms, buyer: Buyer, code_id: int | None = None) -> Usable:
    left = None if promotion.budget_amount is None else promotion.budget_amount - buyer.used[promotion.id].amount
    caps = [cap for cap in (promotion.amount_max, left) if cap is not None]
    return Usable(promotion, min(caps) if caps else None, code_id)


def _problem(promotion: Terms, buyer: Buyer, now: datetime) -> Problem | None:
    used = buyer.used.get(promotion.id)
    if used is None or promotion.until <= now:
        return Problem.OVER
    if promotion.budget_uses is not None and used.uses >= promotion.budget_uses:
        return Problem.USED_UP
    if promotion.budget_amount is not None and used.amount >= promotion.budget_amount:
        return Problem.USED_UP
    if promotion.audience != Promotion.Audience.EVERYONE and not buyer.known:
        return Problem.NOT_YOURS
    if promotion.audience == Promotion.Audience.NEWCOMERS and buyer.bought:
        return Problem.NOT_YOURS
    return Problem.OVER_LIMIT if promotion.per_customer is not None and used.own >= promotion.per_customer else None
