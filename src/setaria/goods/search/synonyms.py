"""Words for the same thing: what else a product is called, by groups of terms that somebody wrote down. Pure.

They are looked for when a product is indexed, not when somebody searches: a search stays one query, and a term of two
words ("power bank") is met where both stand together.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from setaria.goods.search.words import is_chinese, plain, words

TERMS_MAX = 20
_BETWEEN = re.compile(r"[,，、;；\n]+")


class Group(msgspec.Struct, frozen=True):
    """Terms for one thing, and each as it is looked for."""

    terms: list[str]
    sought: list[str]


def group(written: str) -> Group:
    """Read a group: terms between commas, in Chinese or Latin letters."""
    terms = [term for part in _BETWEEN.split(written) if (term := plain(part)) and words(term)][:TERMS_MAX]
    return Group(terms, [_sought(term) for term in terms])


def others(called: Iterable[str], groups: Sequence[Group]) -> list[str]:
    """Return the terms of every group of which one is said in `called`."""
    said = [form for text in called for form in (plain(text), _in_line(text))]
    return [term for each in groups if any(sought in text for sought in each.sought for text in said)
            for term in each.terms]  # fmt: skip


def _sought(term: str) -> str:
    # The dictionary cuts a Chinese word differently inside a longer one; of other words whole ones count.
    return term if is_chinese(term) else _in_line(term)


def _in_line(text: str) -> str:
    """Write a text's words one after the other, each between spaces."""
    return f" {' '.join(words(text))} "
