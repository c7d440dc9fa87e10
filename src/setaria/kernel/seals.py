"""Seals: a few packed values and a MAC in base64url, which any process can check without the database.

The MAC is keyed BLAKE2b: as safe as HMAC-SHA256 here, and an eighth of its time, which the gate pays for every order.
Every use has a key of its own (`key_from`), so that none can be taken for another.
"""

import hmac
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Any

MAC_BYTES = 16
_FROM_URLSAFE = bytes.maketrans(b"-_", b"+/")


class BadSeal(Exception):
    """Not sealed by us, or lapsed; the text says which: malformed, forged or lapsed."""


def key_from(secret: str, use: str) -> bytes:
    """Derive the key for one use from the installation's secret."""
    return hmac.digest(secret.encode(), use.encode(), "sha256")


class Seal:
    """Seals values of one form (that of `struct`), so that all its tokens are equally long."""

    def __init__(self, form: str) -> None:
        self._form = Struct(form)
        self._bytes = self._form.size + MAC_BYTES
        self.chars = -(-self._bytes // 3) * 4

    def close(self, key: bytes, *values: object) -> str:
        """Pack and sign the values."""
        body = self._form.pack(*values)
        return urlsafe_b64encode(body + _mac(key, body)).decode()

    def open(self, key: bytes, token: str) -> tuple[Any, ...]:
        """Return the values; raises BadSeal when the token is mangled or forged."""
        if len(token) != self.chars:
            raise BadSeal("malformed")
        try:
            raw = a2b_base64(token.encode("ascii").translate(_FROM_URLSAFE))
        except ValueError as error:
            raise BadSeal("malformed") from error
        if len(raw) != self._bytes:
            raise BadSeal("malformed")
        body = raw[:-MAC_BYTES]
        if not hmac.compare_digest(_mac(key, body), raw[-MAC_BYTES:]):
            raise BadSeal("forged")
        return self._form.unpack(body)


def _mac(key: bytes, body: bytes) -> bytes:
    begun = _keyed(key).copy()
    begun.update(body)
    return begun.digest()


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> blake2b:
    # Taking the key in is half of the work, and the same every time.
    return blake2b(key=key, digest_size=MAC_BYTES)
