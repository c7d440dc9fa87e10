"""Finding: by all words first; when nothing has them all, by what is written nearly so."""

import msgspec
from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db import connection, transaction
from django.db.models import F, QuerySet

from setaria.goods.catalog.models import Product
from setaria.goods.search.models import Entry
from setaria.goods.search.words import is_chinese, plain, words

QUERY_CHARS_MAX = 80
QUERY_WORDS_MAX = 12
FOUND_PRODUCTS_MAX = 1_000
# How alike a stretch of the names must be to what was typed, of 1; one wrong letter in a word of six passes.
LIKENESS_MIN = 0.4


class _Words(SearchQuery):
    """A tsquery of words that need no parsing any more."""

    template = "(%(expressions)s)::tsquery"

    def __init__(self, query: str) -> None:
        super().__init__(query, search_type="raw")


class Found(msgspec.Struct, frozen=True):
    """Products by their keys, the best first; `nearly`: nothing has all the words, these are written like them."""

    ids: list[int]
    nearly: bool


def find(products: QuerySet[Product], text: str) -> Found:
    """Find `text` among `products`; two queries, or four when it is misspelt. Words in any order, the last as typed
    so far; what is no word (punctuation, control characters) is passed over.
    """
    asked = plain(text.replace("\x00", " ")[:QUERY_CHARS_MAX])
    query = as_query(words(asked)[:QUERY_WORDS_MAX])
    if not query:
        return Found([], nearly=False)
    entries = Entry.objects.filter(product__in=products)
    wanted = _Words(query)
    # What is called so comes before what only mentions it.
    rank = SearchRank(F("words"), wanted) + TrigramWordSimilarity(asked, "names")
    ranked = entries.filter(words=wanted).order_by(rank.desc(), "product_id")
    ids = list(ranked.values_list("product_id", flat=True)[:FOUND_PRODUCTS_MAX])
    return Found(ids, nearly=False) if ids else Found(_alike(entries, asked), nearly=True)


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


def _alike(entries: QuerySet[Entry], asked: str) -> list[int]:
    alike = entries.filter(names__trigram_word_similar=asked)
    alike = alike.order_by(TrigramWordSimilarity(asked, "names").desc(), "product_id")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS_MIN)])
        return list(alike.values_list("product_id", flat=True)[:FOUND_PRODUCTS_MAX])
