"""What names are heard by, for whoever misspells them: Latin words by stem, Chinese by syllable. Pure.

Chinese has few letters to mistype: what goes wrong is the character, of the right sound. So its syllables are indexed
one after the other, and asked for as a phrase; and its words as one types their sound, with no space within.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

import msgspec

from setaria.goods.search.words import dictionary, is_chinese, runs, stem, syllables, words

POSITIONS_MAX = 16_383  # what a tsvector can hold
PLACES_MAX = 8  # of one word


class Heard(msgspec.Struct, frozen=True):
    """`vector`: a tsvector, written. `known`: words that misspelt ones may mean."""

    vector: str
    known: set[str]


def heard(called: Iterable[str], said: Iterable[str]) -> Heard:
    """Return what a product is heard by: all of what it is `called`; of what is `said` of it, the Latin words."""
    places: dict[str, list[int]] = {}
    known: set[str] = set()
    position = 0
    for text, name in [*((text, True) for text in called), *((text, False) for text in said)]:
        position += 1  # the end of a text is no place for a phrase to go on
        for forms in _places(text, name=name):
            position = min(position + 1, POSITIONS_MAX)
            for lexeme, by in forms.items():
                at = places.setdefault(lexeme, [])
                if len(at) < PLACES_MAX and position not in at:
                    at.append(position)
                known |= by
    vector = " ".join(f"'{lexeme}':{','.join(str(p) + 'A' for p in at)}" for lexeme, at in places.items())
    return Heard(vector, known)


def _places(text: str, *, name: bool) -> Iterator[dict[str, set[str]]]:
    """Yield, place by place, the lexemes there, each with the words it is known by."""
    in_order = runs(text)
    for number, run in enumerate(in_order):
        if is_chinese(run):
            if name:
                yield from _chinese(run)
            continue
        lexeme = stem(run)
        forms = {lexeme: set() if run.isdigit() else {run, lexeme}}
        after = in_order[number + 1] if number + 1 < len(in_order) else ""
        if name and run.isalpha() and after.isalpha() and not is_chinese(after):
            forms[stem(run + after)] = {run + after}  # "powerbank"
        yield forms


def _chinese(run: str) -> Iterator[dict[str, set[str]]]:
    """Every syllable is a place; what is typed as one word stands at the last."""
    for syllable in syllables(run):
        yield {syllable: {syllable}}
    typed = {*words(run), *(one + other for one, other in pairwise(dictionary(run)))}
    yield {sound: {sound} for word in typed if len(word) > 1 and (sound := "".join(syllables(word)))}


def pieces(run: str) -> list[str]:
    """Cut Chinese as it may have been meant: by dictionary, single characters together, since a wrong one makes them. No
    piece of one character, unless there is no other: a syllable alone is said of too much.
    """
    found: list[str] = []
    for single, cut in groupby(dictionary(run), key=lambda word: len(word) == 1):
        some = list(cut)
        some = ["".join(some)] if single else some
        if len(some[0]) == 1 and found:
            found[-1] += some[0]
        else:
            found += some
    if len(found) > 1 and len(found[0]) == 1:
        found[:2] = [found[0] + found[1]]
    return found
