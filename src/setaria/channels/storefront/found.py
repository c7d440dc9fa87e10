"""What tells search engines and other sites what a page is: its one address, the same page elsewhere, and its facts.

Facts are schema.org's, written as JSON-LD. Ratings are left out until there are reviews to count (R-010).
"""

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

import msgspec
from babel.numbers import get_currency_precision
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from setaria.channels.storefront import directory
from setaria.channels.storefront.models import Storefront
from setaria.channels.storefront.queries import Card, Offer
from setaria.channels.storefront.tiles import Tile
from setaria.channels.storefront.visit import Visit
from setaria.goods.catalog.models import Kind
from setaria.kernel.texts import text_in

SCHEMA = "https://schema.org"
HREFLANG = {"zh-hans": "zh-Hans"}
LOCALES = {"zh-hans": "zh_CN", "en": "en_GB"}
REGION_CHARS = 2  # a market's code is a region where it is one of ISO 3166


class Alternate(msgspec.Struct, frozen=True):
    """The same page for readers of another language or market."""

    language: str
    url: str


class Found(msgspec.Struct, frozen=True):
    """What the head of a page says of it."""

    url: str
    alternates: list[Alternate]
    title: str
    line: str
    picture: str
    data: list[dict[str, object]]
    type: str = "website"
    locale: str = ""


def root(storefront: Storefront) -> str:
    """Return the full address of a storefront's front page."""
    return directory.origin(storefront) + (f"/{storefront.path}/" if storefront.path else "/")


def places(known: directory.Known) -> Iterator[tuple[str, str]]:
    """Return how pages of a storefront are addressed by language and market: (hreflang, part of the path)."""
    for place in known.places:
        code = place.market.code
        region = f"-{code.upper()}" if len(code) == REGION_CHARS else ""
        for language in known.languages:
            yield HREFLANG.get(language, language) + region, f"{directory.named(language, place.market)}/"


def alternates(known: directory.Known, path: str) -> list[Alternate]:
    """Return a page in all languages and markets of a storefront, and where the visitor's own choice counts."""
    base = root(known.storefront)
    unique = dict(places(known))
    found = [Alternate(language, f"{base}{segment}{path}") for language, segment in unique.items()]
    return [*found, Alternate("x-default", base + path)]


def _head(
    visit: Visit, known: directory.Known, path: str, title: str, line: str, picture: str, data: list[dict[str, object]],
    type: str = "website",
) -> Found:  # fmt: skip
    segment = visit.standing.segment if visit.standing.segment in dict(places(known)).values() else ""
    return Found(
        url=f"{root(known.storefront)}{segment}{path}", alternates=alternates(known, path), title=title, line=line,
        picture=picture, data=data, type=type, locale=LOCALES.get(get_language() or "", ""),
    )  # fmt: skip


def _own_path(visit: Visit) -> str:
    return visit.standing.rest.removeprefix("/")


def picture_of(known: directory.Known, card: Card | Tile | None) -> str:
    """Return the address of a product's picture as other sites can show it (PNG); nothing without a picture."""
    return f"{root(known.storefront)}products/{card.product.slug}/picture.png" if card and card.picture else ""


def of_home(visit: Visit, lead: Tile | None) -> Found:
    """Say what a storefront is, and how to search in it."""
    known = visit.standing.known
    name, base = text_in(known.storefront.name), root(known.storefront)
    search = f"{base}{visit.standing.segment}search/?q={{search_term_string}}"
    data: list[dict[str, object]] = [
        {"@context": SCHEMA, "@type": "Organization", "@id": f"{base}#organization", "name": name, "url": base},
        {
            "@context": SCHEMA, "@type": "WebSite", "@id": f"{base}#website", "name": name, "url": base,
            "publisher": {"@id": f"{base}#organization"},
            "potentialAction": {
                "@type": "SearchAction",
                "target": {"@type": "EntryPoint", "urlTemplate": search},
                "query-input": "required name=search_term_string",
            },
        },
    ]  # fmt: skip
    return _head(visit, known, "", name, text_in(known.storefront.line), picture_of(known, lead), data)


def of_kind(visit: Visit, kind: Kind, number: int, lead: Tile | None) -> Found:
    """Say what a listing is of; each of its pages is a page of its own."""
    known = visit.standing.known
    path = _own_path(visit) + (f"?page={number}" if number > 1 else "")
    name = text_in(kind.name)
    data = [_crumbs(visit, [(name, _own_path(visit))])]
    return _head(visit, known, path, name, text_in(known.storefront.line), picture_of(known, lead), data)


def of_product(visit: Visit, card: Card, home: Storefront | None) -> Found:
    """Say what a product is, what it costs and whether it can be had. Its home is the first storefront that shows it."""
    known = next((k for k in directory.all_known() if home and k.storefront.pk == home.pk), visit.standing.known)
    product, path = card.product, _own_path(visit)
    picture = picture_of(known, card)
    url = f"{root(known.storefront)}{path}"
    facts: dict[str, object] = {
        "@context": SCHEMA, "@type": "Product", "@id": f"{url}#product", "url": url, "name": text_in(product.name),
        "description": text_in(product.text), "category": text_in(product.kind.name),
        "brand": {"@type": "Brand", "name": product.maker_name},
    }  # fmt: skip
    if picture:
        facts["image"] = [picture]
    if len(card.offers) == 1:
        facts |= _names(card.offers[0])
    offers = [_offer(visit, offer, url) for offer in card.offers if offer.price is not None and card.sells]
    if len(offers) == 1:
        facts["offers"] = offers[0]
    elif offers:
        amounts = [offer.price for offer in card.offers if offer.price is not None]
        currency = visit.market.currency
        facts["offers"] = {
            "@type": "AggregateOffer", "priceCurrency": currency, "lowPrice": _amount(min(amounts), currency),
            "highPrice": _amount(max(amounts), currency), "offerCount": len(offers), "offers": offers,
        }  # fmt: skip
    crumbs = _crumbs(
        visit,
        [(text_in(product.kind.name), f"kinds/{product.kind.slug}/"), (text_in(product.name), path)],
    )
    return _head(visit, known, path, text_in(product.name), text_in(product.line), picture, [facts, crumbs], "product")


def _names(offer: Offer) -> dict[str, object]:
    gtin = {"gtin": offer.variant.gtin} if offer.variant.gtin else {}
    return {"sku": offer.variant.sku, **gtin}


def _offer(visit: Visit, offer: Offer, url: str) -> dict[str, object]:
    state = "InStock" if offer.for_sale else "OutOfStock"
    return {
        "@type": "Offer", **_names(offer), "name": text_in(offer.variant.name),
        "url": f"{url}?sku={quote(offer.variant.sku)}", "price": _amount(offer.price or 0, visit.market.currency),
        "priceCurrency": visit.market.currency, "availability": f"{SCHEMA}/{state}",
        "itemCondition": f"{SCHEMA}/NewCondition",
        "seller": {"@type": "Organization", "name": text_in(visit.storefront.name)},
    }  # fmt: skip


def _amount(amount: int, currency: str) -> str:
    """Write minor units as a plain decimal, as machines read it."""
    places = get_currency_precision(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"


def _crumbs(visit: Visit, below: list[tuple[str, str]]) -> dict[str, object]:
    base = root(visit.storefront) + visit.standing.segment
    steps = [(_("Store"), ""), *below]
    return {
        "@context": SCHEMA, "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": base + path}
            for position, (name, path) in enumerate(steps, 1)
        ],
    }  # fmt: skip


def private_paths() -> list[str]:
    """Return addresses that are a visitor's own, or no page; told to robots."""
    names = ["basket", "checkout", "account", "search", "account_login"]
    own = [reverse(name if name.startswith("account_") else f"store:{name}") for name in names]
    return [*own, reverse("store:home") + "accounts/", reverse("store:home") + "orders/"]
