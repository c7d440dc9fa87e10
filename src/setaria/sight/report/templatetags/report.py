"""How a report writes spans of time."""

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from setaria.kernel.written import money_parts

register = template.Library()


@register.filter
def span(seconds: float | None) -> str:
    """Write a span: seconds below a minute to a tenth, above it minutes and seconds if any, from an hour on no seconds."""
    if seconds is None:
        return ""
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.1f}".removesuffix(".0")}
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    if whole < 3600 and not rest:
        return _("%(minutes)s min") % {"minutes": minutes}
    if whole < 3600:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.simple_tag
def amount(minor: float, currency: str) -> str:
    """Write an amount of minor units as plain text, for drawings."""
    return "".join(money_parts(int(minor), currency, get_language() or "zh-hans"))


@register.filter
def clock(hours: float) -> str:
    """Write hours since the opening as h:mm."""
    whole, minutes = divmod(round(hours * 60), 60)
    return f"{whole}:{minutes:02}"
