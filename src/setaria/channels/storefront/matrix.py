"""A product's variants as a table: one option down, the others across, and in each cell what there is of it.

A table says what a list cannot: which combinations are made at all. Pure: it arranges offers, and decides nothing of
them.
"""

from collections.abc import Sequence

import msgspec

from setaria.channels.storefront.queries import Offer, Word, Words

OFFERS_MIN = 3  # fewer are read faster one below the other
COLUMNS_MAX = 6
ROWS_MAX = 24
FILLED_MIN = 0.4  # a table that is mostly holes says less than a list


class Row(msgspec.Struct, frozen=True):
    """One value of the option that runs down, and an offer a column; None for what is not made."""

    word: Word
    offers: tuple[Offer | None, ...]


class Matrix(msgspec.Struct, frozen=True):
    """All of a product's offers in a table."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    same_price: bool

    @property
    def wide(self) -> bool:
        """Whether a phone must scroll it."""
        return len(self.columns) > COLUMNS_MAX // 2


def matrix_of(offers: Sequence[Offer], words: Words) -> Matrix | None:
    """Arrange offers by what they differ in; None where a list says it better.

    A colour runs down, or else what makes the fewest columns; what more they differ in runs across, joined. It needs
    every variant to have a value of each, and no two to be alike.
    """
    if len(offers) < OFFERS_MIN:
        return None
    varying = _varying(offers, words.options)
    if len(varying) < 2 or any(option not in offer.variant.options for offer in offers for option in varying):
        return None
    down = _down(offers, words, varying)
    across = [option for option in varying if option != down]
    by_place = {(_value(o, down), tuple(_value(o, option) for option in across)): o for o in offers}
    if len(by_place) < len(offers):
        return None
    rows = sorted({row for row, _ in by_place}, key=lambda value: _word(words, down, value).position)
    columns = sorted(
        {column for _, column in by_place},
        key=lambda values: [_word(words, option, value).position for option, value in zip(across, values, strict=True)],
    )
    if len(columns) > COLUMNS_MAX or len(rows) > ROWS_MAX or len(offers) < FILLED_MIN * len(rows) * len(columns):
        return None
    return Matrix(
        columns=tuple(
            " · ".join(_word(words, option, value).name for option, value in zip(across, column, strict=True))
            for column in columns
        ),
        rows=tuple(
            Row(_word(words, down, row), tuple(by_place.get((row, column)) for column in columns)) for row in rows
        ),
        same_price=len({offer.price for offer in offers}) == 1,
    )


def _varying(offers: Sequence[Offer], options: Sequence[str]) -> list[str]:
    used = {option for offer in offers for option in offer.variant.options}
    ordered = [option for option in options if option in used] + sorted(used - set(options))
    return [option for option in ordered if len({offer.variant.options.get(option) for offer in offers}) > 1]


def _down(offers: Sequence[Offer], words: Words, varying: Sequence[str]) -> str:
    """The option that runs down: as few columns as can be, and of those that tie a colour, which is seen best there."""

    def columns(down: str) -> int:
        return len({tuple(_value(offer, option) for option in varying if option != down) for offer in offers})

    def coloured(option: str) -> bool:
        return any(_word(words, option, _value(offer, option)).swatch for offer in offers)

    return min(varying, key=lambda option: (columns(option) > COLUMNS_MAX, not coloured(option), columns(option)))


def _value(offer: Offer, option: str) -> str:
    return str(offer.variant.options[option])


def _word(words: Words, option: str, value: str) -> Word:
    """The words for a value; what nobody wrote words for is called by its value, and stands last."""
    return words.values.get((option, value)) or Word((1 << 30, value), value)
