"""What was meant by a text that nothing is called: words that are known and written nearly so, names that sound so.

Read as a query over what is heard (`heard.py`). Latin words are corrected first, each by the words that are known; so
what is misspelt costs one small question more than what is not, however large the catalogue.
"""

from itertools import combinations, pairwise

import msgspec
from django.db import connection

from setaria.goods.search.heard import pieces
from setaria.goods.search.spelling import distance, shapes, slips
from setaria.goods.search.words import is_chinese, runs, stem, syllables

CORRECTIONS_MAX = 8  # of one word, the nearest first
RUNS_MAX = 12  # of what was typed
KNOWN_READ_MAX = 200  # words that share a shape with one of those asked for
BEGINNING_CHARS_MIN = 3  # the last word may be unfinished
_KNOWN = "SELECT DISTINCT word FROM search_shape WHERE shape = ANY(%s) ORDER BY word LIMIT %s"


class Meant(msgspec.Struct, frozen=True):
    """What was meant, as tsqueries over what is heard, empty where there is none. `whole`: all of it. `but_one`: all but one
    word of it, where one was misspelt; what was not is better asked of everything that is said.
    """

    whole: str = ""
    but_one: str = ""


def nearly(asked: str) -> Meant:
    """Return what was meant by `asked`; one query at most."""
    typed = runs(asked)[:RUNS_MAX]
    latin = [run for run in typed if not is_chinese(run) and not run.isdigit()]
    joined = {one + other for one, other in pairwise(typed) if one in latin and other in latin}
    known = _known(latin, joined)
    parts = [_part(run, known, last=number == len(typed) - 1) for number, run in enumerate(typed)]
    # "note book": two words that are known as one.
    whole = [parts, *(
        [*parts[:number], _any_of([one + other]), *parts[number + 2 :]]
        for number, (one, other) in enumerate(pairwise(typed)) if one + other in joined & known
    )]  # fmt: skip
    misspelt = any(part and run in latin and run not in known for run, part in zip(typed, parts, strict=True))
    there = [part for part in parts if part]
    least = len(parts) - 1
    some = [list(each) for each in combinations(there, least)] if misspelt and least else []
    return Meant(_either([each for each in whole if all(each)]), _either(some))


def _either(choices: list[list[str]]) -> str:
    return " | ".join(f"({' & '.join(choice)})" for choice in choices)


def _known(latin: list[str], joined: set[str]) -> set[str]:
    """Read the words near those."""
    if not latin:
        return set()
    sought = joined.union(*(shapes(form) for run in latin for form in (run, stem(run))))
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [sorted(sought), KNOWN_READ_MAX])
        return {word for (word,) in cursor.fetchall()}


def _part(run: str, known: set[str], *, last: bool) -> str:
    """Write what one run may mean; empty: nothing."""
    if is_chinese(run):
        return " & ".join(f"({_phrase(piece)})" for piece in pieces(run)) if len(run) > 1 else ""
    if run.isdigit():
        return f"'{run}'"
    meant = _any_of(_meant(run, known))
    if last and len(run) >= BEGINNING_CHARS_MIN:
        return f"({meant} | '{run}':*)" if meant else f"'{run}':*"
    return meant


def _phrase(chinese: str) -> str:
    return " <-> ".join(f"'{each}'" for each in syllables(chinese))


def _any_of(known: list[str]) -> str:
    forms = dict.fromkeys(form for word in known for form in (word, stem(word)))
    quoted = " | ".join(f"'{form}'" for form in forms)
    return f"({quoted})" if quoted else ""


def _meant(run: str, known: set[str]) -> list[str]:
    """Return the word itself where it is known, else those nearest to it."""
    if run in known:
        return [run]
    most = slips(run)
    alike = [(form, word) for word in known for form in {run, stem(run)} if abs(len(form) - len(word)) <= most]
    near: dict[str, int] = {}
    for form, word in alike:
        if (apart := distance(form, word)) <= most:
            near[word] = min(apart, near.get(word, apart))
    return sorted(near, key=lambda word: (near[word], word))[:CORRECTIONS_MAX]
