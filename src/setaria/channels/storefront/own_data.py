"""A member's data: taken along, or forgotten for good. Both only after they have just proven who they are."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from setaria.channels.storefront.guest import claim
from setaria.channels.storefront.visit import MemberVisit
from setaria.kernel import clock
from setaria.trade.draws.models import Draw
from setaria.trade.privacy.erase import StillRunning, erase
from setaria.trade.privacy.export import export
from setaria.trade.privacy.running import Kind, Running, running

WORD = "yes"


@never_cache
@login_required
@require_POST
@reauthentication_required
def take(request: MemberVisit) -> HttpResponse:
    """Answer with the member's own data as a zip."""
    now = clock.now()
    claim(request.user)
    answer = HttpResponse(export(request.user, now), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="setaria-{now:%Y-%m-%d}.zip"'
    return answer


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def leave(request: MemberVisit) -> HttpResponse:
    """Say what happens and what comes first; on POST, forget the member."""
    now = clock.now()
    claim(request.user)  # what they ordered as a guest since they signed in is theirs, too, and may be under way
    what = running(request.user.pk, now)
    if request.method == "POST":
        if request.POST.get("sure") != WORD:
            messages.error(request, _("Tick the box to say that you are sure. Nothing was changed."))
            return _page(request, what, status=422)
        try:
            erase(request.user.pk, now=now)
        except StillRunning as still:
            messages.error(request, _("Something is still under way. Nothing was changed."))
            return _page(request, still.what, status=409)
        logout(request)
        messages.success(request, _("Your account is closed and what we knew of you is forgotten. Goodbye."))
        return redirect("store:home")
    return _page(request, what)


def _page(request: MemberVisit, what: list[Running], status: int = 200) -> HttpResponse:
    draws = Draw.objects.select_related("drop").in_bulk([each.id for each in what if each.kind is Kind.DRAW])
    rows: list[dict[str, Any]] = [{"it": each, "draw": draws.get(each.id)} for each in what]
    return render(request, "storefront/leave.html", {"running": rows, "word": WORD}, status=status)
