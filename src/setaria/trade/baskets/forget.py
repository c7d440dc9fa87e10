"""What nobody comes back for is deleted; and so is everything of a member who leaves."""

from datetime import datetime, timedelta

from django.db import transaction

from setaria.trade.baskets.models import Basket, Share

KEPT = timedelta(days=60)  # an anonymous basket nobody used; its cookie lives as long
BASKETS_MAX = 1_000  # at a time


@transaction.atomic
def forget_abandoned(now: datetime) -> int:
    """Delete anonymous baskets that were not used for `KEPT`, and links that ended; return how many baskets.

    A basket in use this instant is locked by its user, and passed over.
    """
    old = Basket.objects.select_for_update(skip_locked=True).filter(member=None, touched_at__lt=now - KEPT)
    gone = list(old.order_by("touched_at").values_list("pk", flat=True)[:BASKETS_MAX])
    Basket.objects.filter(pk__in=gone).delete()
    ended = Share.objects.filter(ends_at__lte=now).values_list("pk", flat=True)[:BASKETS_MAX]
    Share.objects.filter(pk__in=list(ended)).delete()
    return len(gone)


def forget_member(member_id: int) -> None:
    """Delete everything a member kept: basket, wishes, links."""
    Basket.objects.filter(member=member_id).delete()
