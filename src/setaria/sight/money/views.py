"""What about money a person must look at, and what was done about it. For staff; to everybody else it is not there."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel.clock import now
from setaria.people.members.models import Member
from setaria.sight.money import words
from setaria.sight.money.order import REFUND
from setaria.sight.staff import for_staff
from setaria.trade.payments import cases as verbs
from setaria.trade.payments.models import Case

OPEN_MAX, RESOLVED_MAX = 200, 50


@for_staff
@require_safe
@never_cache
def cases(request: HttpRequest) -> HttpResponse:
    """Show the cases that are open, the oldest first, and those resolved last."""
    open_ones = Case.objects.filter(resolved_at=None).order_by("opened_at")
    resolved = Case.objects.exclude(resolved_at=None).order_by("-resolved_at")[:RESOLVED_MAX]
    may = request.user.has_perm(REFUND)
    context = {
        "open": [
            (case, words.kind(case.kind), words.what_to_do(case.kind), _refund(case) if may else None)
            for case in open_ones[:OPEN_MAX]
        ],
        "count": open_ones.count(),
        "resolved": [(case, words.kind(case.kind)) for case in resolved],
    }
    return render(request, "money/cases.html", context)


def _refund(case: Case) -> UUID | None:
    """The refund that a provider does not send, if it is one of ours: it can be paid by bank."""
    if case.kind != Case.Kind.REFUSED:
        return None
    try:
        return UUID(case.reference)
    except ValueError:
        return None


@for_staff
@require_POST
def resolve(request: HttpRequest, case: int) -> HttpResponse:
    """Close a case with a note, under the name of whoever is signed in."""
    assert isinstance(request.user, Member), "staff has signed in"
    answer = verbs.resolve(
        case, note=request.POST.get("note", "").replace("\0", ""), by=request.user.email or "", now=now()
    )
    if answer is verbs.Answer.RESOLVED:
        messages.success(request, _("The case is resolved."))
    elif answer is verbs.Answer.UNSIGNED:
        messages.error(request, _("Say in a few words what was done; nothing was changed."))
    else:
        messages.error(request, _("Somebody has resolved it already; nothing was changed."))
    return redirect("money:cases")
