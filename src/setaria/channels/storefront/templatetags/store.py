"""How the store writes texts, money, numbers and times."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from secrets import token_hex

from babel.dates import format_date
from babel.numbers import format_decimal
from django import template
from django.template.loader import render_to_string
from django.templatetags.i18n import do_translate
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import unescape_string_literal
from django.utils.translation import get_language, gettext

from setaria.channels.storefront import markup
from setaria.channels.storefront.browsers import browser_named
from setaria.channels.storefront.kept import PIECES
from setaria.channels.storefront.queries import Card, Offer
from setaria.channels.storefront.tiles import Tile
from setaria.kernel.texts import text_in
from setaria.kernel.written import FORMS, locale_of, moment_in
from setaria.people.members import phones

AGENT_CHARS_MAX = 40

register = template.Library()


@register.tag
def translate(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """Say a text in the reader's language, as Django's own tag does; what it was once in a language is remembered.

    Pages have dozens of them, and Django's takes some ninety function calls for each.
    """
    words = token.split_contents()
    literal = len(words) == 2 and words[1][0] in "\"'" and words[1][0] == words[1][-1]
    return _Said(unescape_string_literal(words[1])) if literal else do_translate(parser, token)


class _Said(template.Node):
    child_nodelists = ()

    def __init__(self, text: str) -> None:
        self._text = text.replace("%", "%%")  # as texts stand in the catalogues
        self._said: dict[str | None, str] = {}

    def render(self, context: template.Context) -> str:
        language = get_language()
        said = self._said.get(language)
        if said is None:
            said = self._said[language] = gettext(self._text).replace("%%", "%")
        return said


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


register.simple_tag(markup.money)
register.simple_tag(markup.picture_url)
register.simple_tag(markup.facet)
register.filter(markup.bare)


@register.simple_tag(takes_context=True)
def grid(context: template.Context, tiles: Sequence[Tile], *more: str) -> SafeString:
    """Write the items of a grid; `more`: "compare" for boxes that tick them, "heart" for the wish list."""
    wished = context["wished_ids"]() if "heart" in more else None
    written = markup.grid(tiles, context["market"].currency, _mark_of(context), wished, compare="compare" in more)
    return SafeString(written)


@register.simple_tag(takes_context=True)
def card(context: template.Context, tile: Tile) -> SafeString:
    """Write a product as it stands in a grid."""
    return SafeString(markup.card_words(tile, context["market"].currency, _mark_of(context)))


def _mark_of(context: template.Context) -> str:
    """What stands for a missing picture."""
    storefront = context["storefront"]
    return PIECES.get(
        ("mark", storefront.mark), lambda: render_to_string("storefront/parts/mark.html", {"storefront": storefront})
    )


@register.simple_tag(takes_context=True)
def price(context: template.Context, card: Card | Tile) -> str:
    """Write what a product costs, "from" where its variants cost differently."""
    return markup.price(card, context["market"].currency)


@register.simple_tag(takes_context=True)
def each(context: template.Context, offer: Offer | None) -> str:
    """Write what a measure of an offer costs (R-009)."""
    return markup.each(offer, context["market"].currency)


@register.filter
def number(value: object) -> str:
    """Write a number with the reader's grouping; up to three decimals, none that say nothing."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format_decimal(value, format="#,##0.###", locale=locale_of(get_language() or "zh-hans"))
    return str(value)


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
def keys(tiles: Sequence[Tile], wished: Collection[int]) -> tuple[object, ...]:
    """Return what a grid says as the key of a piece: what each tile says, and whether its heart is on."""
    return tuple([(tile.key, tile.product.pk in wished) for tile in tiles])


@register.tag
def piece(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """Keep what is between this and `endpiece` by the name and the values given, the reader's language, and where the store
    is mounted.

    What is inside must follow from these, and from the settings. What is the visitor's own stands in holes, which are
    filled anew each time: a form's token by itself, others as `{% hole here %}`.
    `{% piece "card" card.key %}…{% endpiece %}`
    """
    _, *values = token.split_contents()
    inner = parser.parse(("endpiece",))
    parser.delete_first_token()
    return _Piece([parser.compile_filter(value) for value in values], inner)


@register.simple_tag(takes_context=True)
def hole(context: template.Context, name: str) -> str:
    """Write what the page calls by this name; in a piece it is not kept with the others."""
    return _mark(name) if context.get(_KEEPING) else conditional_escape(str(context.get(name) or ""))


_KEEPING = "in a piece"
_SIGN = f"\x00{token_hex(8)}:"  # nobody can write it into a text of theirs
_HOLE = re.compile(_SIGN + "([a-z_]+)\x00")


def _mark(name: str) -> SafeString:
    return SafeString(f"{_SIGN}{name}\x00")


class _Piece(template.Node):
    def __init__(self, values: list[template.base.FilterExpression], inner: template.NodeList) -> None:
        self._values, self.nodelist = values, inner

    def render(self, context: template.Context) -> SafeString:
        key = (get_script_prefix(), get_language(), *(value.resolve(context) for value in self._values))
        kept = PIECES.get(key, lambda: self._render(context))
        if _SIGN not in kept or context.get(_KEEPING):
            return SafeString(kept)
        fill = cache(lambda name: conditional_escape(str(context.get(name) or "")))  # a form's token is in many places
        return SafeString(_HOLE.sub(lambda found: fill(found[1]), kept))

    def _render(self, context: template.Context) -> str:
        with context.push(**{_KEEPING: True, "csrf_token": _mark("csrf_token")}):
            return self.nodelist.render(context)
