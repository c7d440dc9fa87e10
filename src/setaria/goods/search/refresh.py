"""Keeping the entries true: products that changed are read again and indexed again."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection, transaction

from setaria.goods.catalog.models import Product
from setaria.goods.search.heard import heard
from setaria.goods.search.models import Synonyms
from setaria.goods.search.spelling import shapes
from setaria.goods.search.synonyms import Group, group, others
from setaria.goods.search.words import index_words, plain

REFRESH_PRODUCTS_MAX = 500
POSITIONS_MAX = 16_383  # what a tsvector can hold; beyond it a word counts as if it stood there
PLACES_MAX = 8  # of one word; more of the same say nothing new
# A product that is changed while it is indexed waits here, and is noted as stale again: nothing is missed.
_TAKE = """
    DELETE FROM search_stale WHERE product_id IN (
        SELECT product_id FROM search_stale ORDER BY product_id LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING product_id
"""
_WRITE = """
    INSERT INTO search_entry (product_id, words, names, heard)
    SELECT product_id, words::tsvector, names, heard::tsvector
    FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) AS e (product_id, words, names, heard)
    ON CONFLICT (product_id) DO UPDATE SET words = excluded.words, names = excluded.names, heard = excluded.heard
"""
# In one order, so that two who index at once do not wait for each other. A word that is known is locked even where
# nothing is written: whoever forgets words waits for this transaction, and then sees how lately it was noted.
_NOTE = """
    INSERT INTO search_known AS known (word, noted_at)
    SELECT word, statement_timestamp() FROM unnest(%s::text[]) AS n (word) ORDER BY word
    ON CONFLICT (word) DO UPDATE SET noted_at = excluded.noted_at
    WHERE known.noted_at < excluded.noted_at - interval '1 hour'
    RETURNING word
"""
_SHAPE = """
    INSERT INTO search_shape (shape, word) SELECT shape, word FROM unnest(%s::text[], %s::text[]) AS s (shape, word)
    ON CONFLICT DO NOTHING
"""


@transaction.atomic
def refresh() -> int:
    """Index up to `REFRESH_PRODUCTS_MAX` products that changed; return how many. Several may do so at once."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [REFRESH_PRODUCTS_MAX])
        stale = [row[0] for row in cursor.fetchall()]
        if not stale:
            return 0
        products = Product.objects.filter(pk__in=stale).select_related("kind").prefetch_related("variants")
        groups = [group(terms) for terms in Synonyms.objects.values_list("terms", flat=True)]
        by = {p.pk: heard(_called(p), _chosen(p)) for p in products}
        rows = [(p.pk, _vector(_weighed(p, groups)), plain(" ".join(_called(p))), by[p.pk].vector) for p in products]
        if rows:
            _note(set().union(*(each.known for each in by.values())))
            cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    return len(stale)


def _note(words: set[str]) -> None:
    """Keep words as known, for those who misspell them."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [sorted(words)])
        rows = [(shape, word) for (word,) in cursor.fetchall() for shape in shapes(word)]
        if rows:
            cursor.execute(_SHAPE, [list(column) for column in zip(*sorted(rows), strict=True)])


def _weighed(product: Product, groups: Sequence[Group]) -> Iterator[tuple[str, str]]:
    """What is said of a product, with the weight of where it is said: A counts most."""
    for text in product.name.values():
        yield "A", text
    yield "A", product.maker_name
    for text in (*product.kind.name.values(), *product.line.values()):
        yield "B", text
    # By its names alone: a line says much of what the thing is not.
    for term in others([*product.name.values(), *product.kind.name.values()], groups):
        yield "B", term
    for variant in product.variants.all():
        yield "B", variant.sku
    for text in _chosen(product):
        yield "C", text
    for text in product.text.values():
        yield "D", text


def _vector(weighed: Iterable[tuple[str, str]]) -> str:
    """Write a tsvector; words of ours have no character that would need quoting but the quote itself."""
    found: dict[str, list[str]] = {}
    position = 0
    for weight, text in weighed:
        for word in index_words(text):
            position = min(position + 1, POSITIONS_MAX)
            places = found.setdefault(word, [])
            if len(places) < PLACES_MAX:
                places.append(f"{position}{weight}")
    return " ".join(f"'{word}':{','.join(dict.fromkeys(places))}" for word, places in found.items())


def _chosen(product: Product) -> Iterator[str]:
    """What is said of its variants, and in its specification."""
    for variant in product.variants.all():
        yield from variant.name.values()
    chosen = {f.key: {c.value: c.name for c in f.choices} for f in product.kind.specification_fields}
    for key, value in product.specification.items():
        if isinstance(value, str):
            yield from chosen.get(key, {}).get(value, {"": value}).values()


def _called(product: Product) -> list[str]:
    return list(dict.fromkeys([*product.name.values(), *product.kind.name.values(), product.maker_name]))
