"""Up to four products of one kind beside each other, by their typed specification; the address holds what is compared."""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.product import facts
from setaria.channels.storefront.visit import Visit
from setaria.goods.catalog.models import Kind, Product
from setaria.kernel import clock
from setaria.kernel.texts import text_in

COMPARED_MAX = 4
OTHERS_MAX = 8
SLUG_CHARS_MAX = 80
GIVEN_MAX = 40  # of an address are looked at


class Column(msgspec.Struct, frozen=True):
    """A product, and the address of the comparison without it."""

    card: queries.Card
    without: str


class Row(msgspec.Struct, frozen=True):
    """A property, what each product has of it ("" for what says nothing), and whether they differ."""

    name: str
    unit: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether not all say the same."""
        return len(set(self.values)) > 1


def address(slugs: Sequence[str], **more: str) -> str:
    """Return the address of a comparison."""
    pairs = [*(("p", slug) for slug in slugs), *more.items()]
    return f"{reverse('store:compare')}?{urlencode(pairs)}" if slugs else reverse("store:compare")


def asked_for(given: Sequence[str]) -> list[str]:
    """Return the products that an address names, each once; what can be none is passed over."""
    sound = [
        slug
        for slug in given[:GIVEN_MAX]
        if slug and len(slug) <= SLUG_CHARS_MAX and slug.isascii() and "\x00" not in slug
    ]
    return list(dict.fromkeys(sound))


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show the products named by `?p=`; of several kinds, those of the first one's, and say what was left out."""
    shelf = queries.shelf(request, clock.now())
    asked = asked_for(request.GET.getlist("p"))
    known = shelf.window.named(asked)
    kind = known[0].kind if known else None
    compared = [product for product in known if kind and product.kind_id == kind.pk][:COMPARED_MAX]
    slugs = [product.slug for product in compared]
    rows = rows_of(kind, compared)
    only = request.GET.get("only") == "differences" and len(compared) > 1
    context = {
        "kind": kind,
        "columns": [
            Column(card, address([slug for slug in slugs if slug != card.product.slug]))
            for card in queries.cards([product.pk for product in compared], shelf)
        ],
        "rows": [row for row in rows if row.differs or not only],
        "differences": sum(row.differs for row in rows) if len(compared) > 1 else 0,
        "only": only,
        "all_address": address(slugs),
        "differences_address": address(slugs, only="differences"),
        "left_out": len(asked) - len(compared),
        "most": COMPARED_MAX,
        "others": _others(kind, slugs, shelf) if kind and len(compared) < COMPARED_MAX else [],
        "more_address": f"{kind.get_absolute_url()}?{urlencode([('p', slug) for slug in slugs])}" if kind else "",
        "shelf": shelf,
    }
    return render(request, "storefront/compare.html", context)


def rows_of(kind: Kind | None, products: Sequence[Product]) -> list[Row]:
    """Return a row for each field of the kind that any of the products has, and who makes them and since when."""
    if kind is None:
        return []
    fields = kind.specification_fields
    each = [{fact.name: fact for fact in facts(fields, product.specification)} for product in products]
    rows = []
    for field in fields:
        name = text_in(field.name)
        told = [one.get(name) for one in each]
        unit = next((fact.unit for fact in told if fact), "")
        if any(told):
            rows.append(Row(name, unit, tuple(fact.value if fact else "" for fact in told)))
    makers = Row(_("Made by"), "", tuple(product.maker_name for product in products))
    years = Row(
        _("Released"), "", tuple(str(product.released.year) if product.released else "" for product in products)
    )
    return [*rows, makers, *([years] if any(years.values) else [])]


def _others(kind: Kind, slugs: Sequence[str], shelf: queries.Shelf) -> list[tuple[Product, str]]:
    """Return the newest others of a kind, each with the address of the comparison with it."""
    newest = [seen.slug for seen in shelf.window.of_kind(kind.pk) if seen.slug not in slugs]
    return [(product, address([*slugs, product.slug])) for product in shelf.window.named(newest[:OTHERS_MAX])]
