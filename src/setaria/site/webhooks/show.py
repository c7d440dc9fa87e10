"""What `setaria webhooks` does and prints."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Count, Q
from rich.console import Console
from rich.table import Table

from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.trade.webhooks import endpoints
from setaria.trade.webhooks.models import Attempt, Endpoint
from setaria.trade.webhooks.sign import secret_of


def _done(work: Callable[[], str]) -> int:
    console = Console(soft_wrap=True, highlight=False)
    try:
        console.print(work(), markup=False)
    except endpoints.Refused as refused:
        console.print(f"[red]{refused.code}[/] {refused} Nothing was changed.")
        return 1
    return 0


def add_endpoint(url: str, kinds: list[str], by: str) -> int:
    """Add an endpoint and print its secret."""

    def work() -> str:
        member = Member.objects.filter(email=by.lower()).first()
        if member is None:
            raise endpoints.Refused("NOT_STAFF", f"There is no {by}.")
        made = endpoints.add(url, kinds, by=member, now=now())
        return f"{made.pk}\n{secret_of(made)}"

    return _done(work)


def switch_endpoint(endpoint: UUID, *, on: bool) -> int:
    """Switch an endpoint on or off."""

    def work() -> str:
        endpoints.switch(endpoint, on=on, now=now(), because="" if on else "Switched off by hand.")
        return "It hears what happens from now on." if on else "It hears nothing any more."

    return _done(work)


def rotate_secret(endpoint: UUID) -> int:
    """Print another secret."""
    return _done(lambda: secret_of(endpoints.rotate(endpoint, now=now())))


def replay_events(endpoint: UUID, since: datetime, until: datetime | None) -> int:
    """Post again; say of how much."""
    end = until.replace(tzinfo=UTC) if until else now()
    return _done(
        lambda: f"{endpoints.replay(endpoint, since=since.replace(tzinfo=UTC), until=end, now=now())} are posted again."
    )


def show_endpoints() -> int:
    """Print the endpoints."""
    waiting = Count("deliveries", filter=Q(deliveries__done_at=None, deliveries__given_up_at=None))
    given_up = Count("deliveries", filter=Q(deliveries__given_up_at__isnull=False))
    table = Table("endpoint", "url", "kinds", "stands", "waiting", "given up", box=None)
    for one in Endpoint.objects.annotate(waiting=waiting, given_up=given_up).order_by("made_at"):
        stands = f"off: {one.off_because}" if one.off_at else f"fails since {one.failing_since:%d %b %H:%M}" if one.failing_since else "on"  # fmt: skip
        table.add_row(str(one.pk), one.url, " ".join(one.kinds), stands, str(one.waiting), str(one.given_up))
    Console(soft_wrap=True).print(table)
    return 0


def show_log(endpoint: UUID, count: int) -> int:
    """Print the latest posts to an endpoint."""
    table = Table("at (UTC)", "event", "kind", "attempt's answer", "ms", box=None)
    found = Attempt.objects.filter(delivery__endpoint=endpoint).select_related("delivery__event").order_by("-id")
    for one in found[:count]:
        event = one.delivery.event
        table.add_row(f"{one.at:%d %b %H:%M:%S}", str(event.pk), event.kind, f"{one.status or '-'} {one.said}", str(one.took_ms))  # fmt: skip
    Console(soft_wrap=True).print(table)
    return 0
