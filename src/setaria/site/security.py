"""Headers that tell browsers what a page of ours may do: only what comes from our own address."""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# `data:` pictures are the empty icons that keep browsers from asking for one.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        # Browsers hold a form's redirects to this, too, and signing in with another account is one.
        " ".join(["form-action 'self'", *settings.FORM_ACTION_ORIGINS]),
        "frame-ancestors 'none'",
    ]
)


class ContentSecurityPolicyMiddleware:
    """Sets the Content-Security-Policy of every page, so that injected markup could neither run nor send anything.

    And keeps pages out of caches that several people share, unless they say that they may be there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the policy added."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY + _also(getattr(response, "origins", ())))
        response.headers.setdefault("Cache-Control", "private, no-cache")  # what says nothing of it may be one person's
        return response


def _also(origins: Sequence[str]) -> str:
    """What a page that names others' addresses may do beyond the policy: run their scripts, show their frames."""
    if not origins:
        return ""
    named = " ".join(origins)
    return f"; script-src 'self' {named}; frame-src {named}; connect-src 'self' {named}"
