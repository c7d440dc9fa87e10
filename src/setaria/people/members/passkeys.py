"""Passkeys as anybody may send them: what is no passkey is refused, whatever is wrong with it.

allauth hands what was sent to a library that expects what browsers make, and turns only some of its exceptions into an
answer; the others would be a server error for whoever likes to make some, signed in or not.
"""

import struct
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.internal import auth

_READERS = (
    "parse_registration_response", "parse_authentication_response", "complete_registration", "complete_authentication",
    "extract_user_from_response",
)  # fmt: skip
# What reading a document of any shape raises; a database that fails, and a refusal, are none of these.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, AssertionError, struct.error)


def refuse_malformed() -> None:
    """Let everything that reads a passkey refuse what it cannot read, on the pages and in the API; again is nothing."""
    for name in _READERS:
        reader = getattr(auth, name)
        if not hasattr(reader, "__wrapped__"):
            setattr(auth, name, _refusing(reader))


def _refusing(reader: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(reader)
    def read(*args: Any) -> Any:
        try:
            return reader(*args)
        except _UNREADABLE as error:
            raise get_adapter().validation_error("incorrect_code") from error

    return read
