"""Markup that a page repeats dozens of times, written in Python: a card of a grid, a facet with its choices.

A listing's first visitor waits for 24 cards. A template takes fourteen times as long for one (decision 25), which is
longer than everything else on the page together.
"""

from typing import TYPE_CHECKING

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from setaria.channels.storefront.queries import Card, Offer
from setaria.goods.catalog.models import Picture
from setaria.kernel.texts import text_in
from setaria.kernel.written import money_parts

if TYPE_CHECKING:
    from setaria.channels.storefront.facets import Facet

NOTHING = SafeString("")
_PICTURE = '<div class="plate"><img src="{}" alt="{}" width="480" height="480" loading="lazy" decoding="async"></div>'
_COMPARE = (
    '<label class="card__compare small"><input type="checkbox" name="p" value="{}" form="compare" data-kind="{}"'
    ' data-name="{}">{}<span class="visually-hidden"> {}</span></label>'
)
_HEART = (
    '<button class="heart heart--bare{}" form="{}" name="product" value="{}" aria-label="{}: {}">'
    '<svg aria-hidden="true"><use href="#heart"/></svg></button>'
)

_FACET = '<fieldset class="facet"><legend>{}{}</legend>{}</fieldset>'
_CHOICE = (
    '<label class="facet__choice{}"><input type="checkbox" name="{}" value="{}"{}><span>{}{}</span>'
    ' <span class="facet__count figures">{}</span></label>'
)
_END = '<input class="input figures" name="{}.{}" inputmode="decimal" value="{}" placeholder="{}" aria-label="{}">'


def money(amount: int | None, currency: str) -> SafeString:
    """Write an amount of minor units: the sign in a smaller span, digits grouped as the currency's country does.

    Whole amounts go without decimals (¥1,999); Chinese readers are spared a trailing zero (¥59.9).
    """
    if amount is None:
        return NOTHING
    sign, digits = money_parts(amount, currency, get_language() or "zh-hans")
    return format_html('<span class="money"><span class="money__sign">{}</span>{}</span>', sign, digits)


def picture_url(path: str) -> str:
    """Return the address of a picture, or nothing for one whose file is missing: a page is better than none."""
    try:
        return static(path)
    except ValueError:
        return ""


def card_words(card: Card, currency: str, mark: str = "") -> SafeString:
    """Write what a card says of its product: picture, maker, name, line, price. `mark` stands for a missing picture."""
    product = card.product
    return format_html(
        '{}{}<h3 class="card__name"><a href="{}">{}</a></h3><p class="card__line">{}</p>{}',
        _picture(card.picture, mark),
        format_html('<p class="card__maker">{}</p>', product.maker_name) if product.maker == "third_party" else "",
        product.get_absolute_url(), text_in(product.name), text_in(product.line), _price(card, currency),
    )  # fmt: skip


def _picture(picture: Picture | None, mark: str) -> SafeString:
    if picture is None:
        return format_html('<div class="plate plate--none">{}</div>', mark)
    return format_html(_PICTURE, picture_url(picture.path), text_in(picture.alt))


def _price(card: Card, currency: str) -> SafeString:
    if card.price is None:
        return NOTHING
    sold_out = format_html(' <span class="tag">{}</span>', _("Sold out")) if card.sold_out else ""
    return format_html(
        '<p class="card__price">{} {}{}</p>', price(card, currency), each(card.cheapest, currency), sold_out
    )


def price(card: Card, currency: str) -> SafeString:
    """Write what a product costs: "from" where its variants cost differently."""
    sum = money(card.price, currency)
    return SafeString(_('<span class="price__from">from</span> %(sum)s') % {"sum": sum}) if card.varies else sum


def each(offer: Offer | None, currency: str) -> SafeString:
    """Write what a measure of an offer costs: one of a pack, 100 g or 100 ml (R-009)."""
    if offer is None:
        return NOTHING
    told = []
    if offer.unit_price is not None:
        told.append(_("%(each)s each") % {"each": money(offer.unit_price, currency)})
    if offer.measure_price is not None:
        words = _("%(each)s per 100 g") if offer.variant.net_unit == "g" else _("%(each)s per 100 ml")
        told.append(words % {"each": money(offer.measure_price, currency)})
    return SafeString(" ".join(f'<span class="card__each">{one}</span>' for one in told))


def compare_box(card: Card) -> SafeString:
    """Write the box that ticks a card for the comparison, whose form stands below the grid."""
    product, name = card.product, text_in(card.product.name)
    return format_html(_COMPARE, product.slug, product.kind_id, name, _("Compare"), name)


def heart(card: Card, wished: bool) -> SafeString:
    """Write the heart that puts a card's product on the wish list or takes it off; its forms stand at the page's end."""
    words = _("On your wish list") if wished else _("Put on the wish list")
    name = text_in(card.product.name)
    return format_html(
        _HEART, " heart--on" if wished else "", "unwish" if wished else "wish", card.product.slug, words, name
    )


def facet(facet: "Facet") -> SafeString:
    """Write one thing to narrow by: boxes to tick, each with what it would leave, or the two ends of a range."""
    if not facet.is_range:
        return format_html(_FACET, facet.label, "", SafeString("\n".join(_choices(facet))))
    unit = format_html(' <span class="quiet">({})</span>', facet.unit) if facet.unit else ""
    about = {"name": facet.label}
    ends = format_html(
        '<div class="facet__range">{}<span aria-hidden="true">–</span>{}</div>',
        format_html(_END, facet.name, "min", bare(facet.low), bare(facet.least), _("%(name)s, from") % about),
        format_html(_END, facet.name, "max", bare(facet.high), bare(facet.most), _("%(name)s, up to") % about),
    )
    return format_html(_FACET, facet.label, unit, ends)


def _choices(facet: "Facet") -> list[SafeString]:
    unit = f" {facet.unit}" if facet.unit else ""
    return [
        format_html(
            _CHOICE, "" if one.count or one.chosen else " facet__choice--none", facet.name, one.value,
            SafeString(" checked") if one.chosen else "", one.label, unit, one.count,
        )
        for one in facet.choices
    ]  # fmt: skip


def bare(value: float | None) -> str:
    """Write a number as a form field takes it: no grouping, no needless decimals."""
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
