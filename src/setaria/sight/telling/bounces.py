"""Addresses that mail came back from, and letting everything go there again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.people.notices import bounces as verbs
from setaria.people.notices.models import Bounce
from setaria.sight.staff import for_staff_who_may
from setaria.sight.telling import words

PERMISSION = "notices.change_bounce"
LISTED_MAX = 100


@for_staff_who_may(PERMISSION)
@require_safe
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    """List the addresses that only get what everybody is always told, the latest first; or those that contain `q`."""
    found = Bounce.objects.filter(lifted_at=None)
    wanted = request.GET.get("q", "").strip().lower().replace("\x00", "")[:100]
    if wanted:
        found = found.filter(address__contains=wanted)
    rows = [(each, words.bounce(each.kind)) for each in found.order_by("-at", "-id")[:LISTED_MAX]]
    return render(request, "telling/bounces.html", {"rows": rows, "wanted": wanted, "count": found.count()})


@for_staff_who_may(PERMISSION)
@require_POST
def lift(request: HttpRequest, bounce: int) -> HttpResponse:
    """Let everything go to an address again."""
    assert isinstance(request.user, Member), "staff has signed in"
    if bounce < 2**63 and verbs.lift(bounce, by=request.user, now=clock.now()):
        messages.success(request, _("Lifted: everything goes to this address again, until it comes back anew."))
    else:
        messages.error(request, _("Somebody has lifted it already; nothing was changed."))
    return redirect("telling:bounces")
