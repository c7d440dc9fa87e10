"""How the store writes texts, money, numbers and times."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal
from django import template
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from setaria.channels.storefront.browsers import browser_named
from setaria.channels.storefront.kept import PIECES
from setaria.channels.storefront.queries import Card
from setaria.kernel.texts import text_in
from setaria.kernel.written import FORMS, locale_of, moment_in, money_parts
from setaria.people.members import phones

AGENT_CHARS_MAX = 40

register = template.Library()


@register.filter
def text(texts: Mapping[str, str] | None) -> str:
    """Write a text by language in the reader's language."""
    return text_in(texts) if texts else ""


# What could end the element a text stands in, or begin another.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@register.filter
def json_ld(facts: Mapping[str, object]) -> SafeString:
    """Write facts for machines. The element is data, which no browser runs."""
    written = json.dumps(facts, ensure_ascii=False).translate(_ESCAPES)
    return SafeString(f'<script type="application/ld+json">{written}</script>')


@register.filter
def of(mapping: Mapping[object, object], key: object) -> object:
    """Return what a mapping has for a key that is known only here; None if nothing."""
    return mapping.get(key)


@register.simple_tag
def gap() -> str:
    """Write what stands between two sentences: a space, but nothing in Chinese, whose full stop brings its own."""
    return "" if (get_language() or "").startswith("zh") else " "


@register.simple_tag
def money(amount: int | None, currency: str) -> SafeString | str:
    """Write an amount of minor units: the sign in a smaller span, digits grouped as the currency's country does.

    Whole amounts go without decimals (¥1,999); Chinese readers are spared a trailing zero (¥59.9).
    """
    if amount is None:
        return ""
    sign, digits = money_parts(amount, currency, get_language() or "zh-hans")
    return format_html('<span class="money"><span class="money__sign">{}</span>{}</span>', sign, digits)


@register.filter
def number(value: object) -> str:
    """Write a number with the reader's grouping; up to three decimals, none that say nothing."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format_decimal(value, format="#,##0.###", locale=locale_of(get_language() or "zh-hans"))
    return str(value)


@register.filter
def bare(value: float | None) -> str:
    """Write a number as a form field takes it: no grouping, no needless decimals."""
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


@register.simple_tag
def moment(at: datetime | None, form: str = "full") -> SafeString | str:
    """Write an instant in the market's time zone; form is date, time, short, full or zone (only the zone's name)."""
    if at is None:
        return ""
    written = moment_in(timezone.localtime(at), form, get_language() or "zh-hans")
    if form == "zone":
        return written
    return format_html('<time datetime="{}" class="figures">{}</time>', at.isoformat(), written)


@register.simple_tag
def day(on: date | None) -> str:
    """Write a calendar date, which has no time zone."""
    locale = locale_of(get_language() or "zh-hans")
    return format_date(on, FORMS["zh" if locale.language == "zh" else "en"]["date"], locale=locale) if on else ""


@register.simple_tag
def picture_url(path: str) -> str:
    """Return the address of a picture, or nothing for one whose file is missing: a page is better than none."""
    try:
        return static(path)
    except ValueError:
        return ""


@register.filter
def telephone(phone: str) -> str:
    """Write a number as people read it, with its country code."""
    return phones.shown(phone)


@register.filter
def browser(agent: str) -> str:
    """Write what a browser says of itself as its owner would."""
    return browser_named(agent) or agent[:AGENT_CHARS_MAX]


@register.filter
def address_parts(address: object) -> list[str]:
    """Return an address's lines in the order the reader's language writes them: from large to small in Chinese."""
    place = [getattr(address, name) for name in ("region", "city")]
    street, postcode = getattr(address, "street", ""), getattr(address, "postcode", "")
    if (get_language() or "").startswith("zh"):
        return [line for line in ("".join(dict.fromkeys(place)), street, postcode) if line]
    near = " ".join(part for part in (place[1], postcode) if part)
    return [line for line in (street, near, place[0] if place[0] != place[1] else "") if line]


@register.filter
def keys(cards: Sequence[Card], wished: Collection[int]) -> tuple[object, ...]:
    """Return what a list of cards says as the key of a piece: each card's, and whether its heart is on."""
    return tuple((*card.key, card.product.pk in wished) for card in cards)


@register.tag
def piece(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """Keep what is between this and `endpiece` by the name and the values given, the reader's language, and where the store
    is mounted.

    What is inside must follow from these, and from the settings; nothing of the visitor's own (a form's token, their
    basket) may be in it. `{% piece "card" card.key %}…{% endpiece %}`
    """
    _, *values = token.split_contents()
    inner = parser.parse(("endpiece",))
    parser.delete_first_token()
    return _Piece([parser.compile_filter(value) for value in values], inner)


class _Piece(template.Node):
    def __init__(self, values: list[template.base.FilterExpression], inner: template.NodeList) -> None:
        self._values, self.nodelist = values, inner

    def render(self, context: template.Context) -> SafeString:
        key = (get_script_prefix(), get_language(), *(value.resolve(context) for value in self._values))
        return SafeString(PIECES.get(key, lambda: self._render(context)))

    def _render(self, context: template.Context) -> str:
        rendered = self.nodelist.render(context)
        if "csrfmiddlewaretoken" in rendered:
            raise template.TemplateSyntaxError("A form's token is one visitor's: it cannot be kept for others.")
        return rendered
