"""Friend codes in the store: spending one in a drop, the link that passes one on, and the codes of an account."""

from datetime import datetime

import msgspec
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront.panel import Panel
from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.friendcodes.queries import Held, of_member, standing
from setaria.trade.friendcodes.rules import Answer
from setaria.trade.friendcodes.spend import Outcome, Presented, look, spend, take
from setaria.trade.friendcodes.text import TEXT_CHARS_MAX, Mistyped, read, shown
from setaria.trade.guard import meet

NO_DROP = 0  # wrong codes are counted for the whole shop


class Listed(msgspec.Struct, frozen=True):
    """A code in the account's list, with the link that passes it on."""

    held: Held
    link: str


def panel(drop: Drop, member: Member | None, at: datetime) -> Panel:
    """Return the drop page's panel."""
    found = standing(drop, member, at)
    return Panel("storefront/parts/code.html", found, found.may_order)


def listed(member: Member, at: datetime) -> list[Listed]:
    """Return the codes of an account."""
    return [Listed(held, link_of(held.text) if held.text else "") for held in of_member(member.pk, at)]


def link_of(text: str) -> str:
    """Return the address that passes a code on."""
    return settings.BASE_URL + reverse("store:code", args=[text])


@login_required
@require_POST
def use_here(request: MemberVisit, slug: str) -> HttpResponse:
    """Spend the code typed on a drop's page."""
    drop = get_object_or_404(Drop, slug=slug)
    return _used(request, request.POST.get("code", "")[: TEXT_CHARS_MAX + 1], drop)


@require_safe
@never_cache
def page(request: Visit, typed: str) -> HttpResponse:
    """Show a code that was passed on by its link: what it is for, and to use it or keep it.

    A stranger is asked to sign in first and learns nothing of it, so that nobody tries out codes without an account.
    """
    answer, drop = Answer.MISTYPED, None
    try:
        text = shown(read(typed))
    except Mistyped:
        text = ""
    if text and request.user.is_authenticated:
        [told] = look([_presented(request, text)], now=now())
        answer = told.answer
        drop = _drop_of(told)
    elif text:
        answer = Answer.GOOD
    context = {"text": text, "answer": answer, "drop": drop, "why": _why(answer), "good": answer is Answer.GOOD}
    return render(request, "storefront/code.html", context, status=200 if text else 404)


@login_required
@require_POST
def use(request: MemberVisit, typed: str) -> HttpResponse:
    """Spend a code that came by its link."""
    return _used(request, typed)


@login_required
@require_POST
def keep(request: MemberVisit, typed: str) -> HttpResponse:
    """Take a code that came by its link into the visitor's own account."""
    [told] = take([_presented(request, typed)], now=now())
    if told.answer is Answer.TAKEN:
        messages.success(request, _("The code is in your account now. Its old link has stopped working."))
    else:
        messages.error(request, _why(told.answer))
    return redirect("store:account")


def _presented(request: Visit, typed: str) -> Presented:
    where = meet.origin(request.META, NO_DROP)  # who really asks, behind our own proxies
    return Presented(typed, request.user.pk or 0, str(where.address) if where else "")


def _used(request: MemberVisit, typed: str, here: Drop | None = None) -> HttpResponse:
    """Spend a code and go to the drop it is for; with a typing error, back to where one was."""
    [told] = spend([_presented(request, typed)], now=now())
    drop = _drop_of(told) or here
    if told.answer is Answer.SPENT:
        if here is not None and drop != here:
            messages.success(request, _("The code is yours. It is for this sale, not the one you came from."))
        else:
            messages.success(
                request, _("You are in. The code is used and is yours alone; order whenever the sale is open.")
            )
    else:
        messages.error(request, _why(told.answer))
    return redirect(drop) if drop is not None else redirect("store:account")


def _drop_of(told: Outcome) -> Drop | None:
    return Drop.objects.filter(pk=told.drop_id).first() if told.drop_id is not None else None


def _why(answer: Answer) -> str:
    """Say why a code was not accepted: what happened, what is kept, what to do."""
    words = {
        Answer.MISTYPED: _(
            "This is not a code: a character is missing or wrong. Nothing was used; compare it and try again."
        ),
        Answer.UNKNOWN_CODE: _(
            "There is no such code, or not any more. Nothing was used; ask your friend for a new link."
        ),
        Answer.USED: _("This code has been used by somebody else. Ask your friend for another one."),
        Answer.SPENT: _("You have used this code; it is yours. Go to the sale to order."),
        Answer.REVOKED: _("This code was taken back by the shop. It cannot be used."),
        Answer.EXPIRED: _("This code has expired. It cannot be used any more."),
        Answer.CLOSED: _("The sale this code is for is over."),
        Answer.ALREADY_IN: _(
            "You are in this sale already, with another code. This one was not used; give it to a friend."
        ),
        Answer.TOO_MANY: _("Too many wrong codes. Nothing was used; try again in an hour."),
    }
    return words.get(answer, _("The code was not understood. Nothing was used."))
