"""Writing down which words mean the same thing; each group is a line of its own."""

from collections.abc import Iterable

import msgspec
from django.db import transaction

from setaria.goods.search.models import Synonyms
from setaria.goods.search.synonyms import group

GROUPS_MAX = 500


class Taught(msgspec.Struct, frozen=True):
    """What became of some lines: how many are new, how many were there already, which are no group of words."""

    added: int
    known: int
    refused: list[str]


def teach(lines: Iterable[str]) -> Taught:
    """Add groups of words, each a line with commas between, `#` before a remark. Beyond `GROUPS_MAX` they are refused."""
    written = {line.strip(): as_written(line) for line in lines if line.strip() and not line.lstrip().startswith("#")}
    wanted = list(dict.fromkeys(terms for terms in written.values() if terms))
    with transaction.atomic():
        there = set(Synonyms.objects.values_list("terms", flat=True))
        fresh = [terms for terms in wanted if terms not in there]
        fits = fresh[: max(0, GROUPS_MAX - len(there))]
        Synonyms.objects.bulk_create([Synonyms(terms=terms) for terms in fits], ignore_conflicts=True)
    left_over = set(fresh[len(fits) :])
    refused = [line for line, terms in written.items() if not terms or terms in left_over]
    return Taught(len(fits), len(wanted) - len(fresh), refused)


def change(number: int, *, was: str, becomes: str) -> bool:
    """Write a group anew, or forget it where nothing is written. False, and nothing changed, when somebody else changed it
    since it said `was`, when `becomes` is no group, or when it is there already.
    """
    there = Synonyms.objects.filter(pk=number, terms=was)
    if not becomes.strip():
        return there.delete()[0] == 1
    terms = as_written(becomes)
    with transaction.atomic():
        if not terms or Synonyms.objects.exclude(pk=number).filter(terms=terms).exists():
            return False
        return there.update(terms=terms) == 1


def as_written(line: str) -> str:
    """Return a group in its one form; empty where a line is no group of two terms or longer than a group may be."""
    terms = list(dict.fromkeys(group(line).terms))
    text = ", ".join(terms)
    return text if len(terms) > 1 and len(text) <= Synonyms.TERMS_CHARS_MAX else ""
