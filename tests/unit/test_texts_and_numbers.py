"""What every floor leans on: texts by language, packed arrays, prices in time."""

from uuid import UUID

import hypothesis.strategies as st
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings

from setaria.kernel.arrays import int4s, int8s, texts, uuids
from setaria.kernel.batches import durable_batch
from setaria.kernel.ids import new_id
from setaria.kernel.texts import LANGUAGES, check_texts, text_in

# --- texts ---


@pytest.mark.parametrize(
    "given_texts, language, expected",
    [
        ({"zh-hans": "手机", "en": "Phone"}, "en", "Phone"),
        ({"zh-hans": "手机", "en": "Phone"}, "zh-hans", "手机"),
        ({"zh-hans": "手机"}, "en", "手机"),
        ({"en": "Phone"}, "zh-hans", "Phone"),
        ({"zh-hans": "", "en": "Phone"}, "zh-hans", "Phone"),
        ({"zh-hans": "手机", "en": "Phone"}, "fr", "手机"),
        ({}, "en", ""),
    ],
)
def test_a_text_is_read_in_the_wanted_language_or_any(
    given_texts: dict[str, str], language: str, expected: str
) -> None:
    assert text_in(given_texts, language) == expected
    with override(language):
        assert text_in(given_texts) == expected


@given(st.dictionaries(st.sampled_from(LANGUAGES), st.text(min_size=1), min_size=1))
def test_texts_of_known_languages_are_fine(value: dict[str, str]) -> None:
    check_texts(value)


@pytest.mark.parametrize(
    "value", [None, [], "x", {}, {"en": ""}, {"fr": "x"}, {"en": 1}, {"en": "x", "de": "y"}, {1: "x"}]
)
def test_anything_else_is_not(value: object) -> None:
    with pytest.raises(ValidationError):
        check_texts(value)


# --- ids ---


def test_ids_rise() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert {i.version for i in ids} == {7}


# --- arrays, through the real database ---

# One transaction an example is all that these tests need of it.
through_the_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KINDS = [
    pytest.param(int4s, "int4", st.integers(-(2**31), 2**31 - 1), id="int4"),
    pytest.param(int8s, "int8", st.integers(-(2**63), 2**63 - 1), id="int8"),
    pytest.param(uuids, "uuid", st.uuids(), id="uuid"),
    pytest.param(texts, "text", st.text(st.characters(exclude_characters="\0", codec="utf-8")), id="text"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pack, kind, values", KINDS)
def test_what_is_packed_arrives(pack: object, kind: str, values: st.SearchStrategy) -> None:
    @through_the_database
    @given(st.lists(values, max_size=50))
    def round_trip(sent: list[object]) -> None:
        with durable_batch() as batch:
            packed = pack(sent)  # type: ignore[operator]
            echo = batch.query("SELECT v, pg_typeof(v)::text FROM (SELECT %(a)s AS v) AS x", {"a": packed})
            rows = batch.query("SELECT u, n FROM unnest(%(a)s) WITH ORDINALITY AS t (u, n)", {"a": packed})
            ((arrived, type_name),) = echo.fetchall()
            found = rows.fetchall()
        assert (arrived, type_name) == (sent, f"{ {'int4': 'integer', 'int8': 'bigint'}.get(kind, kind) }[]")
        assert [value for value, _ in found] == sent
        assert [n for _, n in found] == list(range(1, len(sent) + 1))

    round_trip()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pack, kind, values", KINDS)
def test_an_empty_array_is_empty_and_not_null(pack: object, kind: str, values: object) -> None:
    with durable_batch() as batch:
        ((length, is_null),) = batch.query(
            "SELECT cardinality(%(a)s), %(a)s IS NULL", {"a": pack([])}  # type: ignore[operator]
        ).fetchall()  # fmt: skip
    assert (length, is_null) == (0, False)


@pytest.mark.django_db(transaction=True)
def test_a_failed_batch_leaves_a_usable_connection() -> None:
    with pytest.raises(Exception, match="division by zero"), durable_batch() as batch:
        batch.query("SELECT 1 / %(n)s::int", {"n": 0}).fetchall()
    with pytest.raises(ZeroDivisionError), durable_batch():
        raise ZeroDivisionError
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_at_the_end_writes_nothing() -> None:
    from setaria.trade.orders.models import Destination

    def write(id: UUID) -> None:
        with durable_batch() as batch:
            for n in (1, 1):
                batch.query(
                    "INSERT INTO orders_destination VALUES (%(id)s, 'a', 'b', 'c', 'd', 'e', 'f', 'g')",
                    {"id": UUID(int=id.int + n)},
                )

    with pytest.raises(Exception, match="duplicate key"):
        write(new_id())
    assert Destination.objects.count() == 0
