"""Buyers who pay no tax, for the staff: who they are, by which certificate; noting one, and ending it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.sight.money import words
from setaria.sight.money.desk import dressed, say, signature
from setaria.sight.money.forms import ExemptForm
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.quotes import exempt as verbs

NOTE = "quotes.add_exemption"
SHOWN_MAX = 500


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show who pays no tax now."""
    return _render(request, ExemptForm())


@for_staff_who_may(NOTE)
@require_POST
def note(request: HttpRequest) -> HttpResponse:
    """Let a member pay no tax from now on."""
    form = ExemptForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=422)
    data = form.cleaned_data
    member = Member.objects.filter(email=data["email"].lower(), guest=None).first()
    if member is None:
        form.add_error("email", _("No member has this address."))
        return _render(request, form, status=422)
    answer = verbs.note(
        member, data["market"], data["certificate"],
        until=form.instant("until"), by=signature(request), now=clock.now(),
    )  # fmt: skip
    if answer is not verbs.Answer.NOTED:
        form.add_error("until" if answer is verbs.Answer.OVER else "email", words.exempted(answer))
        return _render(request, form, status=422)
    say(request, True, words.exempted(answer))
    return redirect("money:exempt")


@for_staff_who_may(NOTE)
@require_POST
def end(request: HttpRequest, exemption: int) -> HttpResponse:
    """Let a member pay tax again."""
    answer = verbs.end(exemption, by=signature(request), now=clock.now())
    say(request, answer is verbs.Answer.ENDED, words.exempted(answer))
    return redirect("money:exempt")


def _render(request: HttpRequest, form: ExemptForm, status: int = 200) -> HttpResponse:
    found = list(verbs.in_force(clock.now())[: SHOWN_MAX + 1])
    context = {
        "found": found[:SHOWN_MAX], "more": len(found) > SHOWN_MAX, "form": dressed(form),
        "may_note": request.user.has_perm(NOTE),
    }  # fmt: skip
    return render(request, "money/exempt.html", context, status=status)
