"""Words for the same thing: found by each of them, taught and changed by lines, by two people at once."""

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st
from tests.races.together import together
from tests.search.test_find import everything, first, shop
from tests.world import World

from setaria.goods.search.find import find
from setaria.goods.search.models import Stale, Synonyms
from setaria.goods.search.refresh import refresh
from setaria.goods.search.synonyms import group, others
from setaria.goods.search.teach import GROUPS_MAX, as_written, change, teach

__all__ = ["shop"]
pytestmark = pytest.mark.django_db(transaction=True)
LINES = [
    "# a remark",
    "",
    "移动电源、充电宝，power bank, portable charger",
    "挂面, 面条, noodles",
    "颈枕, U 形枕, travel cushion",
]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("充电宝", "power"), ("portable charger", "power"), ("小米充电宝", "power"), ("充电宝 2", "power"), ("面条", "noodles"),
        ("小米面条", "noodles"), ("travel cushions", "pillow"), ("颈枕", "pillow"),
    ],
)  # fmt: skip
def test_each_word_finds_what_is_called_by_another(text: str, key: str, shop: dict[str, int]) -> None:
    assert teach(LINES).added == 3
    refresh()
    found = find(text, everything())
    assert first(text, shop) == key
    assert found.exactly


def test_what_a_line_says_of_a_thing_is_not_its_name(shop: dict[str, int]) -> None:
    teach(["x, gadget"])  # every product's line and text are "x"
    refresh()
    assert find("gadget", everything()).ids == []


def test_a_group_that_is_changed_or_gone_is_found_so(shop: dict[str, int]) -> None:
    teach(LINES)
    refresh()
    noodles = Synonyms.objects.get(terms__contains="面条")
    assert change(noodles.pk, was=noodles.terms, becomes="挂面, pasta")
    refresh()
    assert first("pasta", shop) == "noodles"
    assert find("面条", everything()).ids == []
    assert change(noodles.pk, was="挂面, pasta", becomes="  ")
    assert Stale.objects.count() == len(everything())
    refresh()
    assert find("pasta", everything()).ids == []


def test_who_comes_second_is_told(world: World) -> None:
    teach(["a, b", "c, d"])
    first_one = Synonyms.objects.get(terms="a, b")
    assert change(first_one.pk, was="a, b", becomes="a, b, e")
    assert not change(first_one.pk, was="a, b", becomes="a, b, f")
    assert not change(first_one.pk, was="a, b", becomes="")
    assert not change(first_one.pk, was="a, b, e", becomes="alone")
    assert not change(first_one.pk, was="a, b, e", becomes="C、d")  # another group
    assert sorted(Synonyms.objects.values_list("terms", flat=True)) == ["a, b, e", "c, d"]


def test_lines_are_taken_once_and_nonsense_is_named(world: World) -> None:
    lines = ["TV, 电视", "tv， 电视", "alone", ",,,", "!!, ??", "a, " + "b" * 500]
    taught = teach(lines)
    assert (taught.added, taught.known, taught.refused) == (1, 0, lines[2:])
    assert teach(["TV、电视"]).known == 1
    assert list(Synonyms.objects.values_list("terms", flat=True)) == ["tv, 电视"]


def test_there_is_an_end_to_it(world: World) -> None:
    taught = teach(f"word{n}, other{n}" for n in range(GROUPS_MAX + 3))
    assert taught.added == GROUPS_MAX
    assert len(taught.refused) == 3
    assert teach(["one, more"]).refused == ["one, more"]


def test_many_teach_the_same_at_once(world: World) -> None:
    together(*[lambda: teach(LINES)] * 8)
    assert Synonyms.objects.count() == 3


def test_the_database_refuses_what_is_no_group(world: World) -> None:
    with pytest.raises(IntegrityError):
        Synonyms.objects.create(terms="alone")


def test_latin_words_count_whole_chinese_ones_in_pieces() -> None:
    groups = [group("pen, 笔"), group("power bank, 充电宝")]
    assert others(["Open air"], groups) == []
    assert others(["Power strip", "Bank card"], groups) == []
    assert others(["Mi Power Banks"], groups) == ["power bank", "充电宝"]
    assert others(["金属签字笔"], groups) == ["pen", "笔"]


@given(st.text(max_size=200))
def test_what_is_written_is_written_so_again(line: str) -> None:
    written = as_written(line)
    assert as_written(written) == written
