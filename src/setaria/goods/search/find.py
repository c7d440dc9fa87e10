"""Finding: by all words first; when nothing has them all, by what was nearly written or sounds so, then by some of them."""

from collections.abc import Container, Iterable
from itertools import islice
from typing import LiteralString

import msgspec
from django.db import connection

from setaria.goods.search.nearly import nearly
from setaria.goods.search.words import is_chinese, plain, words

QUERY_CHARS_MAX = 80
QUERY_WORDS_MAX = 12
FOUND_PRODUCTS_MAX = 1_000
COMPARED_PRODUCTS_MAX = 200  # by name, of what has the words
PARTS_CHARS = (3, 4)  # a Chinese word so long is also looked for without one of its characters
PARTLY_PRODUCTS_MAX = 24  # a page; who has some of the words only is soon beside the point

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
_NEARLY = _FIND.replace("words", "heard")
_PARTLY = """
    SELECT product_id FROM search_entry, CAST(%(query)s AS tsquery) AS query WHERE words @@ query
    ORDER BY ts_rank(words, query) DESC, product_id
"""


class Found(msgspec.Struct, frozen=True):
    """Products by their keys, the best first. `nearly`: nothing has all the words, these are written or sound like them.
    `partly`: these have but some of them.
    """

    ids: list[int]
    nearly: bool = False
    partly: bool = False

    @property
    def exactly(self) -> bool:
        """Whether these have all that was asked for."""
        return not (self.nearly or self.partly)


def find(text: str, among: Container[int]) -> Found:
    """Find `text` among products, by their keys; one query, up to five when nothing is called so. Words in any order, the
    last as typed so far; what is no word (punctuation, control characters) is passed over.
    """
    asked = plain(text.replace("\x00", " ")[:QUERY_CHARS_MAX])
    wanted = words(asked)[:QUERY_WORDS_MAX]
    if not wanted:
        return Found([])
    if ids := _having(asked, wanted, among):
        return Found(ids)
    meant = nearly(asked)
    if meant.whole and (ids := _ranked(_NEARLY, meant.whole, asked, among)):
        return Found(ids, nearly=True)
    if meant.but_one and (ids := _ranked(_NEARLY, meant.but_one, asked, among)):
        return Found(ids[:PARTLY_PRODUCTS_MAX], partly=True)
    if loose := all_but_one(wanted):
        return Found(_ask(_PARTLY, {"query": loose}, among)[:PARTLY_PRODUCTS_MAX], partly=True)
    return Found([])


def having_all(text: str) -> list[int]:
    """Return the products that have all the words of `text`, whoever shows them, the best first; one query."""
    asked = plain(text.replace("\x00", " ")[:QUERY_CHARS_MAX])
    wanted = words(asked)[:QUERY_WORDS_MAX]
    return _having(asked, wanted, None) if wanted else []


def _having(asked: str, wanted: list[str], among: Container[int] | None) -> list[int]:
    return _ranked(_FIND, as_query(wanted), asked, among)


def _ranked(found: LiteralString, query: str, asked: str, among: Container[int] | None) -> list[int]:
    return _ask(found, {"query": query, "asked": asked, "compared": COMPARED_PRODUCTS_MAX}, among)


def _ask(query: LiteralString, about: dict[str, str | int], among: Container[int] | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, about)
        return _first(cursor.fetchall(), among)


def _first(rows: Iterable[tuple[int]], among: Container[int] | None) -> list[int]:
    """The first of those shown; `among` None: wherever they are."""
    return list(islice((id for (id,) in rows if among is None or id in among), FOUND_PRODUCTS_MAX))


def as_query(asked: list[str]) -> str:
    """Write a tsquery for words of ours: all of them, the last one as a beginning."""
    parts = [_part(word) for word in asked]
    if parts and not is_chinese(asked[-1]):
        parts[-1] += ":*"
    return " & ".join(parts)


def all_but_one(asked: list[str]) -> str:
    """Write a tsquery for words of ours of which one may be missing, or one character of a Chinese word of three or four. Only in
    what a product is called and is: in its text nearly every word is said of something.
    """
    parts = list(dict.fromkeys(asked))
    choices = [_without(number, [_part(word, "ABC") for word in parts]) for number in range(len(parts))]
    whole = max(parts, key=len)  # the dictionary gives a long word's pieces, too
    if is_chinese(whole) and PARTS_CHARS[0] <= len(whole) <= PARTS_CHARS[1] and all(part in whole for part in parts):
        choices += [_without(number, [f"'{c}':AB" for c in whole]) for number in range(len(whole))]
    return " | ".join(f"({choice})" for choice in choices if choice)


def _without(number: int, parts: list[str]) -> str:
    return " & ".join(parts[:number] + parts[number + 1 :])


def _part(word: str, weights: str = "") -> str:
    """`weights`: of what weight a word must be; any, where empty. Single characters count in what a product is called and
    is, whatever is asked: nearly every one stands somewhere in a text.
    """
    weighed = f":{weights}" if weights else ""
    if not is_chinese(word):
        return f"'{word}'{weighed}"
    # The dictionary may cut a word differently inside a longer name; its characters are there in any case.
    characters = " & ".join(f"{c!r}:ABC" for c in word)
    return f"('{word}'{weighed} | {characters})" if len(word) > 1 else characters
