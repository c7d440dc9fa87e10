"""The design page is the reference: nothing of the stylesheets is missing on it, on either ground."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from setaria.channels.storefront.design import PARTS
from setaria.channels.storefront.models import Storefront
from setaria.goods.catalog.models import Option, OptionValue, Picture
from tests.world import World

SHEETS = ["store", "product", "keep", "account"]
# Where a page is divided, and what every page has of itself.
LAYOUT = {
    "wrap", "section", "stack", "split", "page-head", "skip", "head", "head__nav", "head__search", "brand", "strip", "menu",
    "foot", "visually-hidden", "measure", "seen", "entrance", "product", "h-long", "h-small", "code-field", "account-links",
    "address-narrow", "row", "tiny", "listing", "order-note",
}  # fmt: skip


def source(name: str) -> str:
    found = finders.find(f"store/{name}.css")
    assert found
    return re.sub(r"/\*.*?\*/", "", Path(str(found)).read_text(encoding="utf-8"), flags=re.DOTALL)


def components() -> set[str]:
    """The first name of every class that the stylesheets know."""
    selectors = "".join(re.findall(r"([^{}]+)\{", "".join(map(source, SHEETS))))
    names = re.findall(r"\.([a-z][a-z0-9-]*?)(?:__[a-z0-9-]+|--[a-z0-9-]+)*(?![a-z0-9_-])", selectors)
    return set(names) - LAYOUT


@pytest.fixture
def page(store: World, visitor: Client) -> str:
    """The page of a store that has a little of everything."""
    colour = Option.objects.create(key="color", name={"en": "Colour"})
    size = Option.objects.create(key="size", name={"en": "Size"}, position=1)
    for option, values in ((colour, "ab"), (size, "xy")):
        for value in values:
            swatch = "#a9c3b0" if option is colour else ""
            OptionValue.objects.create(option=option, value=value, name={"en": value}, swatch=swatch)
    product = store.thing("a-x", stock=1).product
    Picture.objects.create(product=product, path="demo/su7.svg", alt={"en": "A shirt"})
    for sku in ("a-y", "b-x", "b-y"):
        store.thing(sku, stock=1, product=product)
    for variant in product.variants.all():
        variant.options = dict(zip(("color", "size"), variant.sku.lower().split("-"), strict=True))
        variant.save()
    store.drop({store.thing("offered", stock=5): 2})
    response = visitor.get("/design/")
    assert response.status_code == 200
    return response.content.decode()


def test_every_token_is_shown(page: str) -> None:
    for name in re.findall(r"^  --([a-z0-9-]+):", source("tokens"), re.MULTILINE):
        assert f"<code>--{name}</code>" in page, name


def test_every_component_is_shown(page: str) -> None:
    shown = set(re.findall(r"[a-z][a-z0-9_-]*", " ".join(re.findall(r'class="([^"]*)"', page))))
    bases = {re.split(r"__|--", name)[0] for name in shown}
    assert sorted(components() - bases) == []


def test_every_part_stands_on_light_and_on_dark_ground(page: str) -> None:
    for part, _title in PARTS:
        section = page[page.index(f'id="{part}"') :].partition("</section>")[0]
        assert re.findall(r'class="pane" data-theme="(\w+)"', section) == ["light", "dark"], part


def test_no_two_things_have_the_same_id(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


def test_it_stands_without_anything_to_show(store: World, visitor: Client) -> None:
    assert visitor.get("/design/").status_code == 200


def test_a_storefronts_theme_reaches_both_grounds(store: World, visitor: Client) -> None:
    theme = {"light": {"gold": "#2f5f52"}, "dark": {"gold": "#9fd0ba"}, "both": {"r-m": "0"}}
    Storefront.objects.create(code="fair", name={"en": "Fair"}, line={"en": "."}, path="fair", theme=theme)
    page = visitor.get("/fair/design/").content.decode()
    sheet = re.search(r'href="(/fair/theme-\w+\.css)"', page)
    assert sheet
    css = visitor.get(sheet[1]).content.decode()
    assert re.search(r'\[data-theme="light"\]\{[^}]*--gold:#2f5f52', css)
    assert re.search(r'\[data-theme="dark"\]\{[^}]*--gold:#9fd0ba', css)
