"""Markup that a page repeats dozens of times, written in Python: a card of a grid, a facet with its choices.

A listing's first visitor waits for 24 cards. A template takes fourteen times as long for one (decision 25), which is
longer than everything else on the page together; Django's own `format_html` takes three times as long as Python's own
strings. So everything that is not markup of ours goes through `escape` here, one by one.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache, partial
from html import escape
from typing import TYPE_CHECKING, Protocol

from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from setaria.channels.storefront.faces import Image
from setaria.channels.storefront.kept import PIECES
from setaria.channels.storefront.queries import Card, Offer
from setaria.channels.storefront.tiles import Tile
from setaria.goods.catalog.measure import Packed, price_each, price_per_measure
from setaria.kernel.texts import text_in
from setaria.kernel.written import money_parts

if TYPE_CHECKING:
    from setaria.channels.storefront.facets import Facet

NOTHING = SafeString("")
PICTURES_KEPT_MAX = 20_000  # addresses


def money(amount: int | None, currency: str) -> SafeString:
    """Write an amount of minor units: the sign in a smaller span, digits grouped as the currency's country does.

    Whole amounts go without decimals (¥1,999); Chinese readers are spared a trailing zero (¥59.9).
    """
    if amount is None:
        return NOTHING
    return SafeString(_money(amount, currency, get_language() or "zh-hans"))


@lru_cache(maxsize=20_000)  # a shop has some hundreds of prices
def _money(amount: int, currency: str, language: str) -> str:
    sign, digits = money_parts(amount, currency, language)
    return f'<span class="money"><span class="money__sign">{escape(sign)}</span>{escape(digits)}</span>'


@lru_cache(maxsize=PICTURES_KEPT_MAX)  # what files there are is read once a process
def picture_url(path: str) -> str:
    """Return the address of a picture, or nothing for one whose file is missing: a page is better than none."""
    try:
        return static(path)
    except ValueError:
        return ""


def grid(tiles: Sequence[Tile], currency: str, mark: str, wished: Collection[int] | None, *, compare: bool) -> str:
    """Write the tiles of a grid as items of a list: with hearts unless `wished` is None, with boxes to `compare` them by.

    `mark` stands for a missing picture.
    """
    prefix, language = get_script_prefix(), get_language()
    hearts = () if wished is None else (_("Put on the wish list"), _("On your wish list"))
    box = _("Compare") if compare else ""
    written = []
    for tile in tiles:
        words = PIECES.get((prefix, language, "card", tile.key), partial(card_words, tile, currency, mark))
        name = escape(text_in(tile.product.name))
        ticked = _compare(tile, name, box) if compare else ""
        heart = _heart(tile, name, hearts, tile.product.pk in wished) if wished is not None else ""
        written.append(f'<li class="card">{words}{ticked}{heart}</li>')
    return "".join(written)


def card_words(tile: Tile, currency: str, mark: str) -> str:
    """Write what a card says of its product: picture, maker, name, line, price. `mark` stands for a missing picture."""
    product = tile.product
    maker = f'<p class="card__maker">{escape(product.maker_name)}</p>' if product.maker == "third_party" else ""
    return (
        f'{_picture(tile.picture, mark)}{maker}<h3 class="card__name"><a href="{escape(product.get_absolute_url())}">'
        f'{escape(text_in(product.name))}</a></h3><p class="card__line">{escape(text_in(product.line))}</p>'
        f"{_price(tile, currency)}"
    )


def _picture(picture: Image | None, mark: str) -> str:
    if picture is None:
        return f'<div class="plate plate--none">{mark}</div>'
    url, alt = escape(picture_url(picture.path)), escape(text_in(picture.alt))
    return f'<div class="plate"><img src="{url}" alt="{alt}" width="480" height="480" loading="lazy" decoding="async"></div>'


def _price(tile: Tile, currency: str) -> str:
    if tile.cheapest is None:
        return ""
    sold_out = f' <span class="tag">{escape(_("Sold out"))}</span>' if tile.sold_out else ""
    each = _each(tile.price, tile.cheapest, currency)
    return f'<p class="card__price">{price(tile, currency)} {each}{sold_out}</p>'


def price(card: Card | Tile, currency: str) -> SafeString:
    """Write what a product costs: "from" where its variants cost differently."""
    sum = money(card.price, currency)
    return SafeString(_('<span class="price__from">from</span> %(sum)s') % {"sum": sum}) if card.varies else sum


def each(offer: Offer | None, currency: str) -> SafeString:
    """Write what a measure of an offer costs: one of a pack, 100 g or 100 ml (R-009)."""
    return SafeString(_each(offer.price, offer.variant, currency)) if offer else NOTHING


def _each(price: int | None, packed: "_Measured", currency: str) -> str:
    told = []
    if (one := price_each(price, packed)) is not None:
        told.append(_("%(each)s each") % {"each": money(one, currency)})
    if (measure := price_per_measure(price, packed)) is not None:
        words = _("%(each)s per 100 g") if packed.net_unit == "g" else _("%(each)s per 100 ml")
        told.append(words % {"each": money(measure, currency)})
    return " ".join(f'<span class="card__each">{one}</span>' for one in told)


class _Measured(Packed, Protocol):
    @property
    def net_unit(self) -> str: ...


def _compare(tile: Tile, name: str, word: str) -> str:
    """The box that ticks a card for the comparison, whose form stands below the grid."""
    return (
        f'<label class="card__compare small"><input type="checkbox" name="p" value="{escape(tile.product.slug)}"'
        f' form="compare" data-kind="{tile.product.kind_id}" data-name="{name}">{escape(word)}'
        f'<span class="visually-hidden"> {name}</span></label>'
    )


def _heart(tile: Tile, name: str, words: Sequence[str], wished: bool) -> str:
    """The heart that puts a card's product on the wish list or takes it off; its forms stand at the page's end."""
    state, form = (" heart--on", "unwish") if wished else ("", "wish")
    return (
        f'<button class="heart heart--bare{state}" form="{form}" name="product" value="{escape(tile.product.slug)}"'
        f' aria-label="{escape(words[wished])}: {name}"><svg aria-hidden="true"><use href="#heart"/></svg></button>'
    )


def facet(facet: "Facet") -> SafeString:
    """Write one thing to narrow by: boxes to tick, each with what it would leave, or the two ends of a range."""
    label, name, unit = escape(facet.label), escape(facet.name), escape(facet.unit)
    if not facet.is_range:
        choices = "\n".join(_choices(facet, name, f" {unit}" if unit else ""))
        return SafeString(f'<fieldset class="facet"><legend>{label}</legend>{choices}</fieldset>')
    about = {"name": facet.label}
    low = _end(f"{name}.min", facet.low, facet.least, _("%(name)s, from") % about)
    high = _end(f"{name}.max", facet.high, facet.most, _("%(name)s, up to") % about)
    unit = f' <span class="quiet">({unit})</span>' if unit else ""
    return SafeString(
        f'<fieldset class="facet"><legend>{label}{unit}</legend>'
        f'<div class="facet__range">{low}<span aria-hidden="true">–</span>{high}</div></fieldset>'
    )


def _end(name: str, chosen: float | None, least: float | None, words: str) -> str:
    return (
        f'<input class="input figures" name="{name}" inputmode="decimal" value="{bare(chosen)}"'
        f' placeholder="{bare(least)}" aria-label="{escape(words)}">'
    )


def _choices(facet: "Facet", name: str, unit: str) -> list[str]:
    return [
        f'<label class="facet__choice{"" if one.count or one.chosen else " facet__choice--none"}"><input type="checkbox"'
        f' name="{name}" value="{escape(one.value)}"{" checked" if one.chosen else ""}><span>{escape(one.label)}{unit}'
        f'</span> <span class="facet__count figures">{one.count}</span></label>'
        for one in facet.choices
    ]


def bare(value: float | None) -> str:
    """Write a number as a form field takes it: no grouping, no needless decimals."""
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
