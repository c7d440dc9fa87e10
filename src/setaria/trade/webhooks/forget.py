"""Events that were told long ago are deleted, with their deliveries and what was noted of them."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from setaria.trade.webhooks.models import Delivery, Event

KEPT = timedelta(days=30)
FORGET_MAX = 1_000


def forget(now: datetime) -> int:
    """Delete what nobody waits for any more, `KEPT` after it happened; return how many events."""
    waiting = Delivery.objects.filter(event=OuterRef("pk"), done_at=None, given_up_at=None, endpoint__off_at=None)
    old = Event.objects.filter(~Exists(waiting), at__lt=now - KEPT).order_by("at")
    keys = list(old.values_list("pk", flat=True)[:FORGET_MAX])
    Event.objects.filter(pk__in=keys).delete()
    return len(keys)
