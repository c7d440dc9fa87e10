"""Promotions for the staff: what runs, what of its budget is used, making one, ending one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.sight.money.desk import dressed, say, signature
from setaria.sight.money.forms import PromotionForm
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.promotions import plan
from setaria.trade.promotions.models import Promotion
from setaria.trade.promotions.plan import Answer

SHOWN_MAX, CODES_SHOWN = 100, 3
MAKE, END = "promotions.add_promotion", "promotions.change_promotion"


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the promotions, those that end last first."""
    return _render(request, PromotionForm())


@for_staff_who_may(MAKE)
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Make one of the form."""
    form = PromotionForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=422)
    answer = plan.make(form.promotion, form.cleaned_data["code"], by=signature(request))
    if answer is Answer.CODE_TAKEN:
        form.add_error("code", _("Another promotion has this code."))
        return _render(request, form, status=422)
    say(request, answer is Answer.MADE, _("The promotion is made."))
    return redirect("money:promotions")


@for_staff_who_may(END)
@require_POST
def end(request: HttpRequest, promotion: int) -> HttpResponse:
    """End one now."""
    ended = plan.end(promotion, by=signature(request), now=clock.now()) is Answer.ENDED
    say(request, ended, _("The promotion has ended.") if ended else _("It has ended already; nothing was changed."))
    return redirect("money:promotions")


def _render(request: HttpRequest, form: PromotionForm, status: int = 200) -> HttpResponse:
    at = clock.now()
    found = Promotion.objects.select_related("market").prefetch_related("codes").order_by("-until", "-id")[:SHOWN_MAX]
    context = {
        "rows": [
            (each, list(each.codes.all())[:CODES_SHOWN], each.since <= at < each.until, at < each.until)
            for each in found
        ],
        "form": dressed(form),
        "may_make": request.user.has_perm(MAKE),
        "may_end": request.user.has_perm(END),
    }
    return render(request, "money/promotions.html", context, status=status)
