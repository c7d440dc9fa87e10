"""The page of words that mean the same thing, a group a line."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.goods.search import teach
from setaria.goods.search.models import Stale, Synonyms
from setaria.sight.staff import for_staff_who_may

PERMISSION = "search.change_synonyms"
WRITTEN_CHARS_MAX = 50_000


@for_staff_who_may(PERMISSION)
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show every group, and a place to write more."""
    return _shown(request, "")


def _shown(request: HttpRequest, written: str) -> HttpResponse:
    """`written`: lines that were no groups, to be mended."""
    context = {
        "groups": Synonyms.objects.all(), "written": written, "groups_max": teach.GROUPS_MAX, "waiting": Stale.objects.count(),
    }  # fmt: skip
    return render(request, "office/finding.html", context)


@for_staff_who_may(PERMISSION)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Take groups in, a line each; lines that are none are shown again to be mended."""
    taught = teach.teach(_typed(request, "lines").splitlines())
    if taught.added:
        done = ngettext("%(n)d group added; products are indexed anew.", "%(n)d groups added; products are indexed anew.",
                        taught.added)  # fmt: skip
        messages.success(request, done % {"n": taught.added})
    if taught.known:
        messages.info(request, _("What is there already was passed over."))
    if taught.refused:
        messages.error(
            request, _("A group is two words at least, with commas between, in 400 characters; these lines are none.")
        )
        return _shown(request, "\n".join(taught.refused))
    return redirect("office:finding")


@for_staff_who_may(PERMISSION)
@require_POST
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Write a group anew; what is emptied is forgotten."""
    becomes = "" if "forget" in request.POST else _typed(request, "terms")
    if number < 2**63 and teach.change(number, was=_typed(request, "was"), becomes=becomes):
        messages.success(request, _("Changed; products are indexed anew."))
    else:
        messages.error(request, _("Nothing was changed: it is no group of two words, is there already, or somebody else "
                                  "changed it meanwhile."))  # fmt: skip
    return redirect("office:finding")


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "")[:WRITTEN_CHARS_MAX]
