"""Pages for when something is wrong: said plainly, with a way on."""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The request makes no sense."""
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Not for this visitor."""
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No such page."""
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Our fault. Needs no database and no session, and falls back to bare words if even the template fails."""
    try:
        return HttpResponseServerError(render_to_string("500.html"))
    except Exception:  # the page that explains a failure must not be a second one
        log.exception("the error page failed too")
        return HttpResponseServerError("Something broke on our side. Please try again in a minute.")
