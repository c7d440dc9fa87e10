"""Messages to this browser: let in at a click, shown in the account, and stopped there or where they come."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from setaria.channels.storefront.browsers import browser_named
from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.kernel.clock import now
from setaria.people.members.guests import identities
from setaria.people.notices import devices
from setaria.people.notices.devices import NotASubscription, Subscription
from setaria.people.notices.models import Device

HERE = "push_device"  # in the session: which device this browser is


@never_cache
@require_POST
def add(request: Visit) -> HttpResponse:
    """Let messages come to this browser: to the member signed in, or to the guest whose order (`order`) this browser may see."""
    person = _person(request)
    if person is None:
        return JsonResponse({"code": "NOBODY", "message": _("Sign in first. Nothing was noted.")}, status=403)
    given = Subscription(*(request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth")))
    try:
        device = devices.add(
            person,
            given,
            name=browser_named(request.headers.get("User-Agent", "")) or "?",
            language=get_language() or "",
            now=now(),
        )
    except NotASubscription:
        said = _("Your browser gave no address for messages. Nothing was noted.")
        return JsonResponse({"code": "NOT_A_SUBSCRIPTION", "message": said}, status=422)
    request.session[HERE] = str(device)
    return JsonResponse({"code": "ADDED", "message": _("Noted. Messages come to this device, too.")})


def _person(request: Visit) -> int | None:
    if request.user.is_authenticated:
        return cast(MemberVisit, request).user.pk
    try:
        guests = identities(request, UUID(request.POST.get("order", "")))
    except ValueError:
        return None
    return guests[0] if guests else None


@never_cache
@require_POST
def here(request: Visit) -> HttpResponse:
    """Say whether this browser's endpoint is one that messages of whoever is here go to."""
    person = _person(request)
    endpoint = request.POST.get("endpoint", "").replace("\x00", "")
    added = person is not None and Device.objects.filter(endpoint=endpoint, member_id=person).exists()
    return JsonResponse({"added": added})


@never_cache
@require_POST
def stop(request: Visit) -> HttpResponse:
    """Send no more messages to this browser; it proves itself by its endpoint, which only it knows."""
    devices.remove_endpoint(request.POST.get("endpoint", "").replace("\x00", ""))
    request.session.pop(HERE, None)
    return JsonResponse({"code": "STOPPED", "message": _("No more messages come to this device.")})


@login_required
@require_POST
def remove(request: MemberVisit, device_id: UUID) -> HttpResponse:
    """Send no more messages to one of the member's own devices."""
    if devices.remove(request.user.pk, device_id):
        messages.success(request, _("No more messages go to that device."))
    return redirect("store:account")


def _left(request: HttpRequest | None, **_signal: object) -> None:
    """Who signs out takes their messages along: the next one at this browser does not read them."""
    device = request.session.get(HERE) if request is not None else None
    if device:
        Device.objects.filter(pk=device).delete()


user_logged_out.connect(_left, dispatch_uid="setaria.storefront.push_ends_at_sign_out")
