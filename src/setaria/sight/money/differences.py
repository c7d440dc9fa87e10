"""Differences between providers' settlement files and ours, for the staff: listed until somebody resolves each."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.sight.money import words
from setaria.sight.staff import for_staff
from setaria.trade.reconciliation import take_in as verbs
from setaria.trade.reconciliation.models import Difference, Statement

OPEN_MAX, FILES_MAX = 200, 30


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show what differs, the oldest first, and the files that came last."""
    found = Difference.objects.filter(resolved_at=None).order_by("found_at", "id")
    context = {
        "open": [(each, words.difference(each.kind), words.line(each.what)) for each in found[:OPEN_MAX]],
        "count": found.count(),
        "files": Statement.objects.order_by("-id")[:FILES_MAX],
    }
    return render(request, "money/differences.html", context)


@for_staff
@require_POST
def resolve(request: HttpRequest, difference: int) -> HttpResponse:
    """Close a difference with a note, under the name of whoever is signed in."""
    assert isinstance(request.user, Member), "staff has signed in"
    note = request.POST.get("note", "").replace("\0", "")
    answer = verbs.resolve(difference, note=note, by=request.user.email or "", now=now())
    if answer is verbs.Answer.RESOLVED:
        messages.success(request, _("The difference is resolved."))
    elif answer is verbs.Answer.UNSIGNED:
        messages.error(request, _("Say in a few words what was done; nothing was changed."))
    else:
        messages.error(request, _("Somebody has resolved it already; nothing was changed."))
    return redirect("money:differences")
