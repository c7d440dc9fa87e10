"""A drop's waiting room in the store: the panel on its page, and the public proof afterwards."""

from datetime import datetime

import msgspec
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront.panel import Panel
from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.orders.models import Order, Status
from setaria.trade.queues import tickets
from setaria.trade.queues.models import Queue
from setaria.trade.queues.proof import publish
from setaria.trade.queues.turns import NoTurn, Turn, turn_of

PROOF_SECONDS = 86_400  # it never changes; how long others may keep it


class About(msgspec.Struct, frozen=True):
    """What the panel shows. `state` is one of out, in, turn, over, used; the script tells the rest apart."""

    drop: Drop
    queue: Queue
    state: str
    spent: bool  # the turn has had its order, whatever became of it
    turn: Turn | None
    ticket: str
    pseudonym: str
    seed: str  # empty while it is secret
    published: bool
    words: dict[str, str]


_STATES = {
    NoTurn.NOT_IN_ROOM: "out",
    NoTurn.NOT_YET: "in",
    NoTurn.TURN_OVER: "over",
    NoTurn.TURN_USED: "used",
}


def panel(drop: Drop, member: Member | None, at: datetime) -> Panel | None:
    """Return the drop page's panel; the script shows and hides its parts as the gate tells it."""
    queue = Queue.objects.filter(drop_id=drop.pk).first()
    if queue is None:
        return None
    stands = turn_of(drop.pk, member.pk, at) if member is not None else NoTurn.NOT_IN_ROOM
    spent = stands is NoTurn.TURN_USED
    if spent and member is not None and not _has_order(drop, member):
        stands = NoTurn.TURN_OVER
    key = tickets.key_from(settings.SECRET_KEY)
    over = at >= drop.closes_at or drop.finished_at is not None
    about = About(
        drop=drop,
        queue=queue,
        state="closed" if over else _STATES[stands] if isinstance(stands, NoTurn) else "turn",
        spent=spent,
        turn=stands if isinstance(stands, Turn) else None,
        ticket=tickets.issue(key, member.pk, drop.pk, at) if member is not None else "",
        pseudonym=str(tickets.pseudonym(key, member.pk, drop.pk)) if member is not None else "",
        seed=bytes(queue.seed).hex() if queue.numbered_at is not None else "",
        published=over and queue.numbered_at is not None,
        words=_words(),
    )
    return Panel("storefront/parts/room.html", about, may_order=True)


def _has_order(drop: Drop, member: Member) -> bool:
    living = (Status.PLACED, Status.PAID)
    return Order.objects.filter(customer_id=member.pk, drop_id=drop.pk, status__in=living).exists()


@require_safe
def proof(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish how the early ones were put in order, once the sale is over: before, it would be asked for in the rush."""
    drop = Drop.objects.filter(slug=slug, admission=Drop.Admission.QUEUE, closes_at__lte=now()).first()
    if drop is None or not Queue.objects.filter(drop_id=drop.pk, numbered_at__isnull=False).exists():
        raise Http404
    body = msgspec.json.encode(publish(slug))
    headers = {"Cache-Control": f"public, max-age={PROOF_SECONDS}, immutable"}
    return HttpResponse(body, content_type="application/json", headers=headers)


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "buyOut": _("Take a place first"),
        "buyWait": _("Wait for your turn"),
        "buyOver": _("Your turn is over"),
        "buyUsed": _("You have ordered"),
        "joining": _("Taking a place…"),
        "asking": _("Many people at once. We go on asking by ourselves; nobody gets two places."),
        "reload": _("This page is too old to take a place. Reload it."),
        "inRoom": _("You are in."),
        "yourNumber": _("You have number %(number)s."),
        "aheadNone": _("You are next."),
        "aheadOne": _("1 person is before you."),
        "ahead": _("%(count)s people are before you."),
        "placesOne": _("1 person is in the room."),
        "places": _("%(count)s people are in the room."),
        "aboutMinute": _("It should be your turn within half a minute."),
        "aboutMinutes": _("It should be your turn in about %(minutes)s min or less."),
        "cannotTell": _("We cannot tell yet when it will be your turn."),
        "behindStock": _(
            "What is left is offered to people before you. You get a turn when they leave something, or when units come back."
        ),
        "gone": _("Everything is ordered for now. You keep your number."),
        "unpaid": _(
            "%(count)s orders are not paid yet. What is not paid in time is offered in the order of the numbers."
        ),
        "allPaid": _("Everything is ordered and paid."),
        "turn": _("It is your turn. You have until %(time)s to order."),
        "turnBack": _("A unit came back, and it is offered to you. You have until %(time)s to order."),
        "cameBack": _("A unit came back and is offered to number %(number)s."),
        "over": _("Your turn is over; it passed on to the next."),
        "title": _("Your turn"),
    }
