"""Rates of tax and delivery, set by the staff: each from an instant on, and the ones before stay as they were."""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.db import transaction

from setaria.trade.quotes.models import DeliveryTaxRule, ShippingRate, TaxRate

Rate = TaxRate | ShippingRate | DeliveryTaxRule

log = structlog.get_logger(__name__)
GRACE = timedelta(minutes=5)  # a form takes a moment to fill in


class Answer(StrEnum):
    """What became of a rate; nothing was changed unless it was set."""

    SET = "SET"
    PAST = "PAST"  # an instant that is over: what was quoted then stays
    TAKEN = "TAKEN"  # there is one from that instant already
    UNSIGNED = "UNSIGNED"
    WITHDRAWN = "WITHDRAWN"


def set_tax(rate: TaxRate, *, by: str, now: datetime) -> Answer:
    """Tax a kind of product at another rate from `rate.since` on."""
    same = TaxRate.objects.filter(market=rate.market, kind=rate.kind, since=_from(rate.since, now))
    return _set(rate, same.exists(), by, now)


def set_delivery(rate: ShippingRate, *, by: str, now: datetime) -> Answer:
    """Let a way of sending to a region cost something else from `rate.since` on."""
    same = ShippingRate.objects.filter(
        market=rate.market, code=rate.code, region=rate.region, since=_from(rate.since, now)
    )
    return _set(rate, same.exists(), by, now)


def set_delivery_tax(rule: DeliveryTaxRule, *, by: str, now: datetime) -> Answer:
    """Tax a market's delivery by another named rule from `rule.since` on."""
    same = DeliveryTaxRule.objects.filter(market=rule.market, since=_from(rule.since, now))
    return _set(rule, same.exists(), by, now)


def withdraw(kind: type[Rate], id: int, *, by: str, now: datetime) -> Answer:
    """Take a rate back before it begins; one that has begun stays, since quotes went by it."""
    if not by.strip():
        return Answer.UNSIGNED
    gone, _rows = kind.objects.filter(pk=id, since__gt=now).delete()
    if gone:
        log.info("rate_withdrawn", kind=kind.__name__, rate=id, by=by)
    return Answer.WITHDRAWN if gone else Answer.PAST


def _from(since: datetime, now: datetime) -> datetime:
    return now if now - GRACE < since < now else since


@transaction.atomic
def _set(rate: Rate, taken: bool, by: str, now: datetime) -> Answer:
    if not by.strip():
        return Answer.UNSIGNED
    rate.since, rate.by = _from(rate.since, now), by.strip()[:254]
    if rate.since < now:
        return Answer.PAST
    if taken:
        return Answer.TAKEN
    rate.save(force_insert=True)
    return Answer.SET
