"""What a page shows of the visitor's own: what was seen, ticked to compare, narrowed by."""

from typing import Any

from django import template

from setaria.channels.storefront import recently
from setaria.channels.storefront.compare import COMPARED_MAX, asked_for
from setaria.channels.storefront.tiles import Tile

register = template.Library()


@register.simple_tag(takes_context=True)
def recently_seen(context: dict[str, Any], but: str = "") -> list[Tile]:
    """Return what the visitor saw lately as cards, without the product of this page."""
    return recently.cards_of(context["request"], [but])


@register.simple_tag(takes_context=True)
def compared(context: dict[str, Any]) -> list[str]:
    """Return the products that the address of a listing says are ticked already."""
    return asked_for(context["request"].GET.getlist("p"))[: COMPARED_MAX - 1]


@register.simple_tag(takes_context=True)
def query_without(context: dict[str, Any], name: str) -> str:
    """Return this page's query without one facet: what to go on with when nothing fits all that was chosen."""
    query = context["request"].GET.copy()
    for key in (name, f"{name}.min", f"{name}.max", "page"):
        query.pop(key, None)
    return f"?{query.urlencode()}"
