"""What every page of the store needs."""

from django.http import HttpRequest


def store(request: HttpRequest) -> dict[str, object]:
    """Give templates the market."""
    return {}
