"""Setting prices: the one verb that writes the price book."""

from datetime import datetime

from django.db import transaction

from setaria.goods.pricing.models import Price


@transaction.atomic
def set_price(variant_id: int, market_id: int, amount: int, *, since: datetime, until: datetime | None = None) -> Price:
    """Let a variant cost `amount` (minor units) in a market from `since` to `until`, or from then on.

    What the book says for that time is cut out and replaced; a price that is interrupted comes back afterwards.
    `since` must not lie in the past: the database refuses to change history.
    """
    overlapping = Price.objects.select_for_update().filter(
        variant_id=variant_id, market_id=market_id, valid__overlap=(since, until)
    )
    for old in overlapping:
        _cut(old, since, until)
    return Price.objects.create(variant_id=variant_id, market_id=market_id, amount=amount, valid=(since, until))


def _cut(old: Price, since: datetime, until: datetime | None) -> None:
    begins, ends = old.valid.lower, old.valid.upper
    comes_back = until is not None and (ends is None or ends > until)
    if begins is not None and begins >= since:
        old.delete()
    else:
        old.valid = (begins, since)
        old.save(update_fields=["valid"])
    if comes_back:
        Price.objects.create(variant_id=old.variant_id, market_id=old.market_id, amount=old.amount, valid=(until, ends))
