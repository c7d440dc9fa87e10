"""Keeping the entries true: products that changed are read again and indexed again."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection, transaction

from setaria.goods.catalog.models import Product
from setaria.goods.search.models import Synonyms
from setaria.goods.search.synonyms import Group, group, others
from setaria.goods.search.words import index_sounds, index_words, plain

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
    INSERT INTO search_entry (product_id, words, names, sounds)
    SELECT product_id, words::tsvector, names, sounds
    FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) AS e (product_id, words, names, sounds)
    ON CONFLICT (product_id) DO UPDATE SET words = excluded.words, names = excluded.names, sounds = excluded.sounds
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
        rows = [(p.pk, _vector(_weighed(p, groups)), plain(names := _names(p)), index_sounds(names)) for p in products]
        if rows:
            cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    return len(stale)


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
        for text in variant.name.values():
            yield "C", text
    chosen = {f.key: {c.value: c.name for c in f.choices} for f in product.kind.specification_fields}
    for key, value in product.specification.items():
        if isinstance(value, str):
            for text in chosen.get(key, {}).get(value, {"": value}).values():
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


def _names(product: Product) -> str:
    said = [*product.name.values(), *product.kind.name.values(), product.maker_name]
    return " ".join(dict.fromkeys(said))
