"""Promotions for the staff: what runs, what of its budget is used, making one, ending one."""

from datetime import datetime

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.goods.catalog.models import Kind
from setaria.kernel import clock
from setaria.sight.money.desk import dressed, say, signature
from setaria.sight.money.forms import PromotionForm
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.promotions import plan
from setaria.trade.promotions.codes import CODES_MAX
from setaria.trade.promotions.models import Code, Promotion
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
    data = form.cleaned_data
    answer = plan.make(form.promotion, data["code"], many=data["many"], by=signature(request))
    if answer is Answer.CODE_TAKEN:
        form.add_error("code", _("Another promotion has this code."))
        return _render(request, form, status=422)
    say(request, answer is Answer.MADE, _("The promotion is made."))
    return redirect("money:promotions")


@for_staff_who_may(MAKE)
@require_POST
def add_codes(request: HttpRequest, promotion: int) -> HttpResponse:
    """Make so many codes and hand them out as a file, this once."""
    written = request.POST.get("count", "")
    count = int(written) if written.isascii() and written.isdigit() and len(written) < 9 else 0
    texts = plan.add_codes(promotion, count, by=signature(request), now=clock.now())
    if isinstance(texts, Answer):
        over = _("It has ended already; nothing was changed.")
        many = _("Between 1 and %(max)s codes a promotion; none was made.") % {"max": f"{CODES_MAX:,}"}
        say(request, False, over if texts is Answer.OVER else many)
        return redirect("money:promotions")
    file = HttpResponse("code\n" + "\n".join(texts) + "\n", content_type="text/csv; charset=utf-8")
    file.headers["Content-Disposition"] = f'attachment; filename="codes-{promotion}.csv"'
    file.headers["Cache-Control"] = "no-store"
    return file


@for_staff_who_may(END)
@require_POST
def end(request: HttpRequest, promotion: int) -> HttpResponse:
    """End one now."""
    ended = plan.end(promotion, by=signature(request), now=clock.now()) is Answer.ENDED
    say(request, ended, _("The promotion has ended.") if ended else _("It has ended already; nothing was changed."))
    return redirect("money:promotions")


class _Row:
    """A promotion as it is shown: its first codes, and how many more there are."""

    def __init__(self, of: Promotion, codes: list[str], count: int, kinds: list[dict[str, str]], at: datetime) -> None:
        self.of, self.codes, self.more, self.kinds = of, codes, count - len(codes), kinds
        self.runs, self.ahead = of.since <= at < of.until, at < of.until
        self.takes_codes = of.needs_code and self.ahead


def _codes(promotions: list[int]) -> tuple[dict[int, list[str]], dict[int, int]]:
    """Return the first codes of each promotion, and how many it has; two queries, however many codes there are."""
    codes = Code.objects.filter(promotion__in=promotions)
    counts = dict(codes.order_by().values_list("promotion").annotate(n=Count("pk")))
    rank = Window(RowNumber(), partition_by=F("promotion_id"), order_by="id")
    first: dict[int, list[str]] = {}
    for promotion, text in codes.annotate(rank=rank).filter(rank__lte=CODES_SHOWN).values_list("promotion_id", "text"):
        first.setdefault(promotion, []).append(text)
    return first, counts


def _render(request: HttpRequest, form: PromotionForm, status: int = 200) -> HttpResponse:
    at = clock.now()
    found = list(Promotion.objects.select_related("market").order_by("-until", "-id")[:SHOWN_MAX])
    first, counts = _codes([each.pk for each in found])
    kinds = {kind.pk: kind.name for kind in Kind.objects.all()}
    context = {
        "rows": [
            _Row(
                each,
                first.get(each.pk, []),
                counts.get(each.pk, 0),
                [kinds[k] for k in each.kind_ids if k in kinds],
                at,
            )
            for each in found
        ],
        "form": dressed(form),
        "may_make": request.user.has_perm(MAKE),
        "may_end": request.user.has_perm(END),
    }
    return render(request, "money/promotions.html", context, status=status)
