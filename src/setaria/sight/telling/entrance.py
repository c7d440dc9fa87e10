"""The way in: the first of these pages that somebody of staff may see."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from setaria.sight.staff import for_staff_who_may
from setaria.sight.telling import announcements, bounces, webhooks, wordings

PAGES = {
    wordings.PERMISSION: "telling:wordings",
    announcements.WRITE: "telling:announcements",
    announcements.APPROVE: "telling:announcements",
    bounces.PERMISSION: "telling:bounces",
    webhooks.PERMISSION: "telling:webhooks",
}


@for_staff_who_may(*PAGES)
@require_safe
@never_cache
def first(request: HttpRequest) -> HttpResponse:
    """Lead to the first page that is there for whoever asks."""
    for permission, page in PAGES.items():
        if request.user.has_perm(permission):
            return redirect(page)
    raise Http404
