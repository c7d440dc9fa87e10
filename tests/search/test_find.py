"""Finding products: words in two languages, pieces, misspellings, nonsense; and how the entries are kept true."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from tests.world import World

from setaria.goods.catalog.models import Product
from setaria.goods.search.find import QUERY_CHARS_MAX, find
from setaria.goods.search.forget import forget_words
from setaria.goods.search.models import Known, Shape, Stale
from setaria.goods.search.nearly import _KNOWN
from setaria.goods.search.refresh import refresh
from setaria.goods.search.spelling import shapes
from setaria.kernel.clock import now

pytestmark = pytest.mark.django_db(transaction=True)

THINGS = {
    "band": ("小米手环 2", "Mi Band 2"),
    "power": ("小米移动电源 2", "Mi Power Bank 2, 10,000 mAh"),
    "pillow": ("8H 护颈 U 形枕", "8H Neck Pillow"),
    "max": ("小米 Max 2", "Mi Max 2"),
    "noodles": ("禾间小米挂面", "Hejian Millet Noodles"),
    "bottle": ("米家保温杯", "Mijia Water Bottle"),
    "suitcase": ("90 分旅行箱", "90FUN Trolley"),
}


@pytest.fixture
def shop(world: World) -> dict[str, int]:
    found = {}
    for key, (chinese, english) in THINGS.items():
        product = world.thing().product
        Product.objects.filter(pk=product.pk).update(
            name={"zh-hans": chinese, "en": english}, maker_name="Xiaomi", line={"en": "x"}, text={"en": "x"}
        )
        found[key] = product.pk
    refresh()
    return found


def everything() -> set[int]:
    return set(Product.objects.values_list("id", flat=True))


def first(text: str, shop: dict[str, int]) -> str | None:
    ids = find(text, everything()).ids
    names = {pk: key for key, pk in shop.items()}
    return names[ids[0]] if ids else None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("手环", "band"), ("小米手环", "band"), ("环", "band"), ("mi band", "band"), ("BAND", "band"), ("ｂａｎｄ２", "band"),
        ("颈枕", "pillow"), ("枕", "pillow"), ("neck pil", "pillow"), ("pillows", "pillow"), ("pilow neck", "pillow"),
        ("Max2", "max"), ("max 2", "max"), ("挂面", "noodles"), ("noodle", "noodles"), ("noodels", "noodles"),
        ("power bnak", "power"), ("powerbank", "power"), ("pwoer bank", "power"), ("mijai watter bottel", "bottle"), ("电源", "power"), ("watter bottle", "bottle"), ("bottel", "bottle"),
    ],
)  # fmt: skip
def test_it_is_found_first(text: str, key: str, shop: dict[str, int]) -> None:
    assert first(text, shop) == key


def test_characters_of_a_text_are_no_name(shop: dict[str, int]) -> None:
    """手 and 还 stand in a text about something else, apart; what was meant is called 手环."""
    Product.objects.filter(pk=shop["bottle"]).update(text={"zh-hans": "拿在手里不烫，盖子还能当杯子。"})
    refresh()
    assert first("手还", shop) == "band"
    assert first("本子", shop) is None
    assert first("杯子", shop) == "bottle"


def test_what_is_misspelt_is_said_to_be_near_only(shop: dict[str, int]) -> None:
    assert find("noodels", everything()).nearly
    assert not find("noodles", everything()).nearly


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("shouhuan", "band"), ("shou huan", "band"), ("手还", "band"), ("手環", "band"), ("小米手还", "band"),
        ("yidong dianyuan", "power"), ("移动店员", "power"), ("電源", "power"), ("baowenbei", "bottle"), ("保温被", "bottle"),
        ("挂麵", "noodles"), ("guamian", "noodles"), ("xiaomishouhuan", "band"), ("shouhu", "band"), ("小米电原", "power"),
    ],
)  # fmt: skip
def test_what_sounds_alike_is_found(text: str, key: str, shop: dict[str, int]) -> None:
    assert first(text, shop) == key
    assert find(text, everything()).nearly


@pytest.mark.parametrize(
    ("text", "key"), [("橡皮枕", "pillow"), ("保温箱", "bottle"), ("苹果手环", "band"), ("zebra bottel", "bottle")]
)
def test_what_has_some_of_the_words_is_found_last_and_said_to_be_that(
    text: str, key: str, shop: dict[str, int]
) -> None:
    assert first(text, shop) == key
    assert find(text, everything()).partly


@pytest.mark.parametrize("text", ["冰箱", "面条", "qwertz", "zebra crossing", "橙", "xyz 123456"])
def test_what_is_not_there_is_not_made_up(text: str, shop: dict[str, int]) -> None:
    assert find(text, everything()).ids == []


@pytest.mark.parametrize(
    "nonsense",
    ["", "   ", "🙂", "&|!():*<->", "\x00\x01", "'", "\\", "'; DROP TABLE x --", "%s", "a" * 10_000, "\u202e"],
)
def test_nonsense_finds_nothing_and_breaks_nothing(nonsense: str, shop: dict[str, int]) -> None:
    assert find(nonsense, everything()).ids == []


def test_a_long_query_is_cut(shop: dict[str, int]) -> None:
    assert first("手环 " * QUERY_CHARS_MAX, shop) == "band"


def test_only_what_is_shown_is_found(shop: dict[str, int]) -> None:
    assert find("手环", everything() - {shop["band"]}).ids == []


def test_a_change_is_found_after_the_next_refresh_whoever_made_it(world: World, shop: dict[str, int]) -> None:
    Product.objects.filter(pk=shop["band"]).update(name={"en": "Bracelet"})
    product = Product.objects.get(pk=shop["max"])
    product.variants.update(sku="ZZ-77-TOP")
    product.kind.name = {"en": "Gizmos"}
    product.kind.save()
    assert refresh() > 0
    assert first("bracelet", shop) == "band"
    assert first("zz-77", shop) == "max"
    assert len(find("gizmo", everything()).ids) >= 1
    assert not Stale.objects.exists()


def test_a_product_that_is_gone_is_forgotten(world: World, shop: dict[str, int]) -> None:
    product = Product.objects.create(
        slug="gone", kind=Product.objects.first().kind, maker="own", maker_name="x", name={"en": "Zeppelin"},
        line={"en": "x"}, text={"en": "x"},
    )  # fmt: skip
    product.delete()
    assert refresh() == 1
    assert find("zeppelin", everything()).ids == []


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("noodle", 1),
        ("手还", 2),
        ("noodels", 3),
        ("苹果手环", 3),
        ("zebra bottel", 3),
        ("mi noodels crossing", 4),
        ("橙子", 2),
    ],
)
def test_what_nothing_is_called_takes_a_few_questions_more(
    text: str, questions: int, shop: dict[str, int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shown = everything()
    find("noodels 手还", shown)  # loads the dictionary
    with django_assert_num_queries(questions):
        find(text, shown)


def test_a_correction_reads_the_words_nearby_and_no_others(shop: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO search_shape SELECT 'word' || n, 'word' || n FROM generate_series(1, 20000) AS n")
        cursor.execute("ANALYZE search_shape")
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {_KNOWN}", [sorted(shapes("noodels") | shapes("projecter")), 200]
        )
        [[[about]]] = cursor.fetchall()
    assert sum(_read(about["Plan"])) < 100


def _read(node: dict[str, Any]) -> Iterator[float]:
    """How many rows each node of a plan that reads a table read."""
    if "Relation Name" in node:
        yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    for below in node.get("Plans", []):
        yield from _read(below)


def test_nobody_is_corrected_to_what_is_not_sold(shop: dict[str, int]) -> None:
    """Once its word was not noted for a day: an entry that has it may be under way."""
    Product.objects.filter(pk=shop["noodles"]).update(name={"en": "Hejian Millet Tagliatelle"})
    refresh()
    assert forget_words() == 0
    Known.objects.update(noted_at=now() - timedelta(days=2))
    assert forget_words() > 0
    assert not Known.objects.filter(word__in=["noodles", "noodl", "guamian"]).exists()
    assert not Shape.objects.exclude(word__in=Known.objects.values("word")).exists()
    assert first("tagliatele", shop) == "noodles"
    assert first("watter bottel", shop) == "bottle"
    assert first("noodels", shop) is None


def test_what_was_forgotten_is_known_again_when_it_is_sold_again(shop: dict[str, int]) -> None:
    called = Product.objects.get(pk=shop["noodles"]).name
    Product.objects.filter(pk=shop["noodles"]).update(name={"en": "Tagliatelle"})
    refresh()
    Known.objects.update(noted_at=now() - timedelta(days=2))
    forget_words()
    Product.objects.filter(pk=shop["noodles"]).update(name=called)
    refresh()
    assert first("noodels", shop) == "noodles"
