"""Finding: by all words first; when nothing has them all, by what is written nearly so."""

from collections.abc import Container, Iterable
from itertools import islice

import msgspec
from django.db import connection, transaction

from setaria.goods.search.words import is_chinese, plain, words

QUERY_CHARS_MAX = 80
QUERY_WORDS_MAX = 12
FOUND_PRODUCTS_MAX = 1_000
COMPARED_PRODUCTS_MAX = 200  # by name, of what has the words
# How alike a stretch of the names must be to what was typed, of 1; one wrong letter in a word of six passes.
LIKENESS_MIN = 0.4


# By the weight of the words; of the first of these, what is called so comes before what only mentions it. Comparing
# names takes ten times as long as weighing words, and beyond a few screens nobody looks for what is called so.
_FIND = """
    WITH found AS (
        SELECT product_id, names, ts_rank(words, query) AS weight
        FROM search_entry, CAST(%(query)s AS tsquery) AS query WHERE words @@ query
    ), placed AS (
        SELECT *, row_number() OVER (ORDER BY weight DESC, product_id) AS place FROM found
    )
    SELECT product_id FROM placed
    ORDER BY place > %(compared)s,
             weight + CASE WHEN place <= %(compared)s THEN word_similarity(%(asked)s, names) ELSE 0 END DESC, product_id
"""
_ALIKE = """
    SELECT product_id FROM search_entry WHERE %(asked)s <%% names
    ORDER BY word_similarity(%(asked)s, names) DESC, product_id
"""


class Found(msgspec.Struct, frozen=True):
    """Products by their keys, the best first; `nearly`: nothing has all the words, these are written like them."""

    ids: list[int]
    nearly: bool


def find(text: str, among: Container[int]) -> Found:
    """Find `text` among products, by their keys; one query, or four when it is misspelt. Words in any order, the last
    as typed so far; what is no word (punctuation, control characters) is passed over.
    """
    asked = plain(text.replace("\x00", " ")[:QUERY_CHARS_MAX])
    query = as_query(words(asked)[:QUERY_WORDS_MAX])
    if not query:
        return Found([], nearly=False)
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"query": query, "asked": asked, "compared": COMPARED_PRODUCTS_MAX})
        ids = _first(cursor.fetchall(), among)
    return Found(ids, nearly=False) if ids else Found(_alike(asked, among), nearly=True)


def _first(rows: Iterable[tuple[int]], among: Container[int]) -> list[int]:
    return list(islice((id for (id,) in rows if id in among), FOUND_PRODUCTS_MAX))


def as_query(asked: list[str]) -> str:
    """Write a tsquery for words of ours: all of them, the last one as a beginning."""
    parts = [_part(word) for word in asked]
    if parts and not is_chinese(asked[-1]):
        parts[-1] += ":*"
    return " & ".join(parts)


def _part(word: str) -> str:
    # The dictionary may cut a word differently inside a longer name; its characters are there in any case.
    if is_chinese(word) and len(word) > 1:
        return f"('{word}' | {' & '.join(repr(c) for c in word)})"
    return f"'{word}'"


def _alike(asked: str, among: Container[int]) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS_MIN)])
        cursor.execute(_ALIKE, {"asked": asked})
        return _first(cursor.fetchall(), among)
