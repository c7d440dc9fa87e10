"""Which market a visitor shops in."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class MarketMiddleware:
    """Sets `request.market`: the one chosen by the visitor, else the first that sells."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
