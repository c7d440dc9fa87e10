"""What a code looks like: 18 characters in three sixes, without look-alikes, the last one checking the others.

17 characters of 30 are 83 bits: nobody guesses one. The check character is ISO 7064's MOD 31,30: it finds every wrong
character and nearly every swap, so a typing error is told apart from a code that does not exist, without a look-up.
"""

import hmac
from uuid import UUID

from stdnum.iso7064 import mod_37_36

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 O, no 1 I L, no U
BODY_CHARS = 17
CODE_CHARS = BODY_CHARS + 1
TEXT_CHARS_MAX = 40  # as typed, with what people put in between
_BETWEEN = str.maketrans("", "", "-–—_. \t\u3000")


class Mistyped(Exception):
    """Not a code at all: a character is missing, wrong or swapped."""


def text_of(secret: str, code_id: UUID, turn: int) -> str:
    """Derive a code's text. Each time it changes accounts it is another, so that the giver's copy is worth nothing."""
    number = int.from_bytes(
        hmac.digest(secret.encode(), b"setaria.friendcodes.text.v1" + code_id.bytes + bytes([turn]), "sha256")
    )
    body = ""
    for _ in range(BODY_CHARS):
        number, rest = divmod(number, len(ALPHABET))
        body += ALPHABET[rest]
    return body + mod_37_36.calc_check_digit(body, ALPHABET)


def shown(text: str) -> str:
    """Write a code for people: XXXXXX-XXXXXX-XXXXXX."""
    return "-".join(text[at : at + 6] for at in range(0, len(text), 6))


def read(typed: str) -> str:
    """Read a code as somebody typed or pasted it; raises Mistyped."""
    text = typed[: TEXT_CHARS_MAX + 1].translate(_BETWEEN).upper()
    if len(text) != CODE_CHARS or not set(text) <= set(ALPHABET) or mod_37_36.checksum(text, ALPHABET) != 1:
        raise Mistyped
    return text


def lookup_of(secret: str, text: str) -> str:
    """Return the keyed hash by which a code is found."""
    return hmac.digest(secret.encode(), b"setaria.friendcodes.lookup.v1" + text.encode(), "sha256").hex()[:32]
