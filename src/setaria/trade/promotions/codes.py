"""Making codes: one that everybody types, or many that each work once."""

import secrets
from collections.abc import Iterator

from setaria.trade.promotions.models import Code, Promotion

CODES_MAX = 100_000
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like something else
LENGTH = 12  # 60 bits: not to be guessed


def make_codes(promotion: Promotion, count: int, *, uses_max: int = 1) -> list[str]:
    """Make so many new codes of a promotion, each good for `uses_max` orders; return them.

    Raises ValueError for more than `CODES_MAX`.
    """
    if not 0 < count <= CODES_MAX:
        raise ValueError(f"Between 1 and {CODES_MAX} codes at a time, not {count}.")
    texts = list(_new(count))
    Code.objects.bulk_create(
        [Code(promotion=promotion, text=text, uses_max=uses_max) for text in texts], batch_size=5000
    )
    return texts


def _new(count: int) -> Iterator[str]:
    for _ in range(count):
        letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        yield "-".join(letters[n : n + 4] for n in range(0, LENGTH, 4))
