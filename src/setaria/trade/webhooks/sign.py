"""What an endpoint's posts are signed with: derived from the installation's secret, so that no database holds one."""

from base64 import b64encode
from datetime import datetime, timedelta

from django.conf import settings

from setaria.kernel import seals
from setaria.trade.webhooks.models import Endpoint, Event

OVERLAP = timedelta(hours=24)  # in which the secret before is good, too


def secret_of(endpoint: Endpoint, generation: int | None = None) -> str:
    """Return an endpoint's secret, as its owner enters it."""
    use = f"setaria.webhooks.v1:{endpoint.pk}:{generation or endpoint.generation}"
    return "whsec_" + b64encode(seals.key_from(settings.SECRET_KEY, use)).decode()


def headers_of(endpoint: Endpoint, event: Event, now: datetime) -> dict[str, str]:
    """Return an event's headers; shortly after a rotation they are signed with both secrets."""
    from standardwebhooks import Webhook

    generations = [endpoint.generation]
    if endpoint.rotated_at is not None and now < endpoint.rotated_at + OVERLAP:
        generations.append(endpoint.generation - 1)
    signed = [Webhook(secret_of(endpoint, each)).sign(str(event.pk), now, event.body) for each in generations]
    return {
        "content-type": "application/json",
        "webhook-id": str(event.pk),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }
