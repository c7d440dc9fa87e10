"""The design system on one page: every token and every component in all its states, on light and on dark ground.

It is the reference for who builds a page or a theme. Tokens are read from their stylesheet, so that none is forgotten;
a test sees to it that every component of the stylesheets is here (`tests/storefront/test_design.py`).
"""

import re
from functools import cache
from pathlib import Path

import msgspec
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.facets import Choice, Facet
from setaria.channels.storefront.forms import AddressForm
from setaria.channels.storefront.matrix import matrix_of
from setaria.channels.storefront.theme import COLOURS
from setaria.channels.storefront.tiles import tiles
from setaria.channels.storefront.visit import Visit
from setaria.kernel import clock

PANES = ("light", "dark")
STATES = ("good", "good-wash", "bad", "bad-wash")  # a theme does not change what they mean
PARTS = [
    ("buttons", _("Buttons and links")), ("tags", _("States")), ("money", _("Money")), ("form", _("Forms")),
    ("search", _("Search")), ("cards", _("Cards")), ("choices", _("Variants")), ("listing", _("Listing")),
    ("compare", _("Compare")), ("lines", _("Lines and sums")), ("orders", _("Orders")), ("front", _("The front")),
    ("sets", _("Sets and pictures")), ("waiting", _("Empty, busy, offline")),
]  # fmt: skip
_TOKEN = re.compile(r"^  --([a-z0-9-]+): ([^;]+);", re.MULTILINE)


class Tokens(msgspec.Struct, frozen=True):
    """The names of all tokens, by what they are for."""

    colours: list[str]
    texts: list[str]
    spaces: list[str]
    rounds: list[str]
    others: list[tuple[str, str]]  # with their values


class Pane(msgspec.Struct, frozen=True):
    """One of the two grounds, with a form that is wrong and one that is not yet filled in."""

    name: str
    wrong: AddressForm
    empty: AddressForm


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show the tokens, then each component on both grounds, with real things in them."""
    shelf = queries.shelf(request, clock.now())
    ids = [seen.id for seen in shelf.window.products[:24]]
    cards, shown = queries.cards(ids, shelf), tiles(ids, shelf)
    words = queries.option_words(shelf)
    context = {
        "tokens": tokens(), "parts": PARTS, "panes": [_pane(name) for name in PANES], "cards": shown[:3], "shelf": shelf,
        "lead": next((tile for tile in shown if tile.picture), None), "drops": shelf.window.drops[:2],
        "kinds": shelf.window.kinds[:4], "facets": _facets(),
        "listed": next((card for card in cards if len(card.offers) > 1), None),
        "matrix": next((found for card in cards if (found := matrix_of(card.offers, words))), None),
    }  # fmt: skip
    return render(request, "storefront/design.html", context)


@cache
def tokens() -> Tokens:
    """Read the tokens from their stylesheet, as it stands for light."""
    found = finders.find("store/tokens.css")
    written = Path(str(found)).read_text(encoding="utf-8") if found else ""
    first = dict(_TOKEN.findall(written.partition("@media")[0]))
    kinds = {
        "colours": [name for name in first if name in COLOURS or name in STATES],
        "texts": [name for name in first if name.startswith("text-")],
        "spaces": [name for name in first if re.fullmatch(r"s\d", name)],
        "rounds": [name for name in first if name.startswith("r-")],
    }
    shown = {name for names in kinds.values() for name in names}
    return Tokens(**kinds, others=[(name, value) for name, value in first.items() if name not in shown])


def _pane(name: str) -> Pane:
    wrong = AddressForm("CN", {"recipient": "", "phone": "?"}, auto_id=f"{name}_wrong_%s")
    return Pane(name, wrong, AddressForm("CN", auto_id=f"{name}_%s"))


def _facets() -> list[Facet]:
    choices = [Choice("1", "6.1", 12, True), Choice("2", "6.4", 3, False), Choice("3", "6.7", 0, False)]
    return [
        Facet("size", str(_("Screen")), "in", choices),
        Facet("weight", str(_("Weight")), "g", is_range=True, least=120, most=240, low=150),
    ]
