"""What somebody is told: chosen in the account, or stopped by a message's link without signing in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.kernel import clock
from setaria.people.notices import preferences as verbs
from setaria.people.notices.kinds import REFUSABLE, Topic


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: MemberVisit) -> HttpResponse:
    """Show what one is told by which way, and keep what one chooses."""
    if request.method == "POST":
        wanted = [choice for choice in verbs.ALL if "-".join(choice) in request.POST]
        verbs.choose(request.user.pk, wanted, now=clock.now())
        messages.success(request, _("Noted: you are told what you chose."))
        return redirect("store:told")
    refused = verbs.refused_by(request.user.pk)
    rows = [
        (topic_name(topic), [(f"{topic}-{channel}", channel_name(channel), (topic, channel) not in refused)
                             for channel in verbs.CHANNELS])
        for topic in REFUSABLE
    ]  # fmt: skip
    return render(request, "storefront/told.html", {"rows": rows})


@csrf_exempt  # the link is the authority, and mail programs unsubscribe without a page of ours
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: Visit, token: str) -> HttpResponse:
    """Ask whether to stop (GET changes nothing: mail scanners follow links), and do so (RFC 8058's one click, or a button)."""
    found = verbs.opened(token)
    if found is None:
        return render(request, "storefront/stop.html", {"unknown": True}, status=404)
    member_id, (topic, channel) = found
    if request.method == "POST":
        match request.POST.get("do"):
            case "all":
                verbs.refuse(member_id, verbs.ALL, now=clock.now())
            case "again":
                verbs.choose(
                    member_id, {*verbs.ALL} - verbs.refused_by(member_id) | {(topic, channel)}, now=clock.now()
                )
            case _:  # the button, and mail programs' one click
                verbs.refuse(member_id, [(topic, channel)], now=clock.now())
    refused = verbs.refused_by(member_id)
    return render(request, "storefront/stop.html", {
        "topic": topic_name(topic),
        "way": channel_name(channel),
        "stopped": (topic, channel) in refused,
        "all_stopped": refused >= {*verbs.ALL},
    })  # fmt: skip


def topic_name(topic: str) -> str:
    """Name a topic as its reader knows it."""
    return {Topic.DROPS: _("Sales that open"), Topic.OFFERS: _("Offers and news")}[Topic(topic)]


def channel_name(channel: str) -> str:
    """Name a way to be told."""
    return {"email": _("Mail"), "push": _("On your devices"), "sms": _("Text message")}[channel]
