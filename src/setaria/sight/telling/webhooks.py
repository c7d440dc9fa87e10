"""Webhooks: who hears what, how it goes, and posting again. What `setaria webhooks` does, with its log, as pages."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.sight.staff import for_staff_who_may
from setaria.sight.telling import words
from setaria.trade.webhooks import endpoints as verbs
from setaria.trade.webhooks.models import Attempt, Delivery, Endpoint
from setaria.trade.webhooks.sign import secret_of

PERMISSION = "webhooks.change_endpoint"
LOG_MAX = 50
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "all": timedelta(days=30)}


@for_staff_who_may(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    """List the endpoints and how they stand; add one."""
    url, kinds, status = request.POST.get("url", "").strip(), [str(kind) for kind in verbs.KINDS], 200
    if request.method == "POST":
        kinds = request.POST.getlist("kinds")
        try:
            if not kinds:
                raise verbs.Refused("BAD_KINDS", "")
            made = verbs.add(url, kinds, by=_who(request), now=clock.now())
        except verbs.Refused as refused:
            messages.error(request, words.hook_refused(refused.code))
            status = 422
        else:
            messages.success(request, _("Added: it hears what happens from now on. Give its owner the secret below."))
            return _page(request, made.pk, secret=True)
    waiting = Count("deliveries", filter=Q(deliveries__done_at=None, deliveries__given_up_at=None))
    given_up = Count("deliveries", filter=Q(deliveries__given_up_at__isnull=False))
    found = Endpoint.objects.annotate(waiting=waiting, given_up=given_up).order_by("made_at")
    context = {
        "rows": [(each, words.hook_state(each), [words.happening(kind) for kind in each.kinds]) for each in found],
        "kinds": [(str(kind), words.happening(kind), str(kind) in kinds) for kind in verbs.KINDS],
        "url": url,
    }
    return render(request, "telling/webhooks.html", context, status=status)


@for_staff_who_may(PERMISSION)
@require_safe
@never_cache
def page(request: HttpRequest, endpoint: UUID) -> HttpResponse:
    """Show an endpoint, its deliveries and each post."""
    return _page(request, endpoint)


def _page(request: HttpRequest, endpoint: UUID, *, secret: bool = False) -> HttpResponse:
    found = get_object_or_404(Endpoint.objects.select_related("made_by"), pk=endpoint)
    deliveries = list(Delivery.objects.filter(endpoint=found).select_related("event").order_by("-id")[:LOG_MAX])
    tries: dict[int, list[Attempt]] = {}
    for each in Attempt.objects.filter(delivery__in=deliveries).order_by("id"):
        tries.setdefault(each.delivery_id, []).append(each)
    return render(request, "telling/webhook.html", {
        "endpoint": found,
        "state": words.hook_state(found),
        "kinds": [words.happening(kind) for kind in found.kinds],
        "log": [_line(each, tries.get(each.pk, [])) for each in deliveries],
        "log_max": LOG_MAX,
        "secret": secret_of(found) if secret else "",
        "spans": [(name, words.span(name)) for name in SPANS],
    })  # fmt: skip


def _line(delivery: Delivery, tries: list[Attempt]) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "kind": words.happening(delivery.event.kind),
        "state": words.delivery(delivery),
        "tries": tries,
    }


@for_staff_who_may(PERMISSION)
@require_POST
@never_cache
def act(request: HttpRequest, endpoint: UUID) -> HttpResponse:
    """Switch an endpoint off or on, show or renew its secret, or post again what happened in a span of time."""
    at = clock.now()
    try:
        match request.POST.get("do"):
            case "off":
                verbs.switch(
                    endpoint, on=False, now=at, because=str(_("Switched off by %(who)s.") % {"who": request.user})
                )
                messages.success(request, _("It hears nothing any more."))
            case "on":
                verbs.switch(endpoint, on=True, now=at)
                messages.success(request, _("It hears what happens from now on."))
            case "secret":
                return _page(request, endpoint, secret=True)
            case "rotate":
                verbs.rotate(endpoint, now=at)
                messages.success(request, _("It has another secret; for a day posts are signed with both."))
                return _page(request, endpoint, secret=True)
            case "replay":
                span = SPANS.get(request.POST.get("span", ""), SPANS["hour"])
                _said(request, verbs.replay(endpoint, since=at - span, until=at, now=at))
    except verbs.Refused as refused:
        raise Http404 from refused
    return redirect("telling:webhook", endpoint)


@for_staff_who_may(PERMISSION)
@require_POST
def again(request: HttpRequest, endpoint: UUID, delivery: int) -> HttpResponse:
    """Post one delivery again, under its own id."""
    if delivery >= 2**63 or not verbs.replay_one(endpoint, delivery, now=clock.now()):
        raise Http404
    _said(request, 1)
    return redirect("telling:webhook", endpoint)


def _said(request: HttpRequest, count: int) -> None:
    said = ngettext("%(n)d event is posted again.", "%(n)d events are posted again.", count) % {"n": count}
    messages.success(request, said)


def _who(request: HttpRequest) -> Member:
    assert isinstance(request.user, Member), "staff has signed in"
    return request.user
