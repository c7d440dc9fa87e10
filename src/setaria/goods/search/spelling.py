"""How words may be misspelt: shapes by which those nearly alike meet in an index, and how far apart two are. Pure.

Two words one slip apart (a letter too many, too few, another one, two swapped) have a shape in common that either becomes
by leaving letters out. So the few words near a misspelt one are found by equality, which any index answers at once;
measures of likeness have to look at every word that shares some letters.
"""

from itertools import combinations

SLIP_CHARS_MIN = 4  # in shorter words one other letter makes another word
TWO_SLIPS_CHARS_MIN = 8
TWO_SLIPS_CHARS_MAX = 24  # shapes grow with the square of the length: of 24 letters there are 301


def slips(word: str) -> int:
    """Return how many slips a word of such a length may have and still be recognised."""
    return (len(word) >= SLIP_CHARS_MIN) + (TWO_SLIPS_CHARS_MIN <= len(word) <= TWO_SLIPS_CHARS_MAX)


def shapes(word: str) -> set[str]:
    """Return the word and what it is with so many letters left out as it may have slips."""
    left_out = (places for many in range(slips(word) + 1) for places in combinations(range(len(word)), many))
    return {"".join(c for place, c in enumerate(word) if place not in places) for places in left_out}


def distance(one: str, other: str) -> int:
    """Return how many slips apart two words are: letters put in, left out, changed, or swapped with the next."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, a in enumerate(one, 1):
        here = [row]
        for column, b in enumerate(other, 1):
            least = min(above[column] + 1, here[-1] + 1, above[column - 1] + (a != b))
            if row > 1 and column > 1 and a == other[column - 2] and one[row - 2] == b:
                least = min(least, before[column - 2] + 1)
            here.append(least)
        before, above = above, here
    return above[-1]
