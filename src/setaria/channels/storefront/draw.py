"""A draw in the store: entering it, how it stands, and its public file."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront.panel import Panel
from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.goods.catalog.models import Variant
from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.trade.draws.enter import Wish, Withdrawal, enter, withdraw
from setaria.trade.draws.models import Draw, Prize
from setaria.trade.draws.publish import publish
from setaria.trade.draws.queries import Luck, Phase, Standing, standing
from setaria.trade.draws.rules import Answer
from setaria.trade.drops.models import Drop

WINNERS_SHOWN_MAX = 50


class About(msgspec.Struct, frozen=True):
    """What the panel and the page show."""

    drop: Drop
    standing: Standing
    prizes: list[Prize]
    yours: Variant | None  # what the visitor entered for
    too_early: bool
    waits_for: datetime | None  # when the page is worth loading again


def panel(drop: Drop, member: Member | None, at: datetime) -> Panel:
    """Return the drop page's panel; a drop whose draw was not announced yet lets nobody in."""
    draw = Draw.objects.filter(drop=drop).first()
    if draw is None:
        return Panel("storefront/parts/draw_none.html", None, may_order=False)
    draw.drop = drop
    about = _about(draw, member, at)
    found = about.standing
    won = found.prize_id if found.luck is Luck.WON else None
    return Panel("storefront/parts/draw.html", about, found.may_order, only_variant=won)


def _about(draw: Draw, member: Member | None, at: datetime) -> About:
    found = standing(draw, member, at)
    prizes = list(
        Prize.objects.filter(draw_id=draw.pk).select_related("variant__product").order_by("variant__position")
    )
    yours = {prize.variant_id: prize.variant for prize in prizes}
    opens = found.opens_for_you
    waits_for = {Phase.BEFORE: draw.opens_at, Phase.OPEN: draw.closes_at}.get(found.phase)
    if found.phase is Phase.CLOSED and not draw.witness_source:
        waits_for = at
    return About(
        drop=draw.drop,
        standing=found,
        prizes=prizes,
        yours=yours.get(found.entry.variant_id) if found.entry else None,
        too_early=found.phase is Phase.OPEN and opens is not None and at < opens,
        waits_for=waits_for,
    )


def _draw_of(slug: str) -> Draw:
    return get_object_or_404(Draw.objects.select_related("drop__channel__market"), drop__slug=slug)


@require_safe
@never_cache
def page(request: Visit, slug: str) -> HttpResponse:
    """Show how a draw is decided, what came of it, for everybody and for the visitor, and how to check it."""
    draw = _draw_of(slug)
    member = request.user if request.user.is_authenticated else None
    about = _about(draw, member, now())
    context = {"draw": draw, "about": about, "verify": f"setaria draw verify {slug}-draw.json"}
    with timezone.override(ZoneInfo(draw.drop.channel.market.time_zone)):
        return render(request, "storefront/draw.html", context)


@require_safe
@never_cache
def file(request: Visit, slug: str) -> StreamingHttpResponse:
    """Send the draw's public file."""
    answer = StreamingHttpResponse(_encoded(_draw_of(slug)), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-draw.json"'
    return answer


def _encoded(draw: Draw) -> Iterator[bytes]:
    for piece in publish(draw):
        yield piece.encode()


@login_required
@require_POST
def join(request: MemberVisit, slug: str) -> HttpResponse:
    """Enter the draw for the variant chosen."""
    draw = _draw_of(slug)
    chosen = dict(Prize.objects.filter(draw_id=draw.pk).values_list("variant__sku", "variant_id"))
    variant_id = chosen.get(request.POST.get("sku", ""))
    if variant_id is None:
        raise Http404
    [answer] = enter([Wish(draw.pk, request.user.pk, variant_id)], now=now())
    _say(request, answer)
    return redirect(draw.drop)


@login_required
@require_POST
def leave(request: MemberVisit, slug: str) -> HttpResponse:
    """Take the visitor out of the draw."""
    draw = _draw_of(slug)
    [answer] = withdraw([Withdrawal(draw.pk, request.user.pk)], now=now())
    _say(request, answer)
    return redirect(draw.drop)


def _say(request: MemberVisit, answer: Answer) -> None:
    words = {
        Answer.ENTERED: _("You are in the draw. Entering costs nothing and binds you to nothing."),
        Answer.WITHDRAWN: _("You are not in the draw any more. You can enter again until it closes."),
        Answer.NOT_OPEN: _("The draw does not take your entry yet. Nothing was changed; come back at the time shown."),
        Answer.NOT_ELIGIBLE: _("This draw is not open to your account. Nothing was changed."),
        Answer.CLOSED: _("The draw has closed. Your entry is as it was."),
    }
    good = answer in (Answer.ENTERED, Answer.WITHDRAWN)
    told = words.get(answer, _("This could not be entered. Nothing was changed; reload the page and try again."))
    messages.add_message(request, messages.SUCCESS if good else messages.ERROR, told)
