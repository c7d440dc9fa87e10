"""The buttons on a campaign's page: the second signature under it and under its messages, and calling it off.

The verbs decide; who may not is told why, and nothing was changed.
"""

from django.conf import settings
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.sight.staff import for_staff
from setaria.trade.campaigns import approve, messages, words
from setaria.trade.campaigns import call_off as calling_off
from setaria.trade.campaigns.answers import Done, Refused
from setaria.trade.campaigns.capacity import last_measured
from setaria.trade.campaigns.models import Campaign, Message


@for_staff
@require_POST
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """Approve a rehearsed campaign."""
    signed = approve.approve(slug, by=_who(request), now=now(), capacity=last_measured(settings.HOME))
    return _told(request, slug, signed, _("Approved: its drops, prices and messages are set."))


@for_staff
@require_POST
def message(request: HttpRequest, slug: str, message: int) -> HttpResponse:
    """Approve the newest wording of a message of this campaign."""
    found = get_object_or_404(Message, pk=message, campaign__slug=slug)
    return _told(request, slug, messages.approve(found.pk, by=_who(request), now=now()), _("The message is approved."))


@for_staff
@require_POST
def call_off(request: HttpRequest, slug: str) -> HttpResponse:
    """Call a campaign off that has not begun."""
    called = calling_off.call_off(slug, by=_who(request), now=now())
    return _told(request, slug, called, _("Called off: its drops will not open, its units and prices are as before."))


def _who(request: HttpRequest) -> Member:
    assert isinstance(request.user, Member), "staff has signed in"
    return request.user


def _told(request: HttpRequest, slug: str, answer: Done | Refused, done: str) -> HttpResponse:
    get_object_or_404(Campaign, slug=slug)
    if isinstance(answer, Refused):
        notices.error(request, words.refusal(answer))
    else:
        notices.success(request, done)
    return redirect("calendar:campaign", slug)
