"""Identity made by whoever starts a thing, before it is stored (law 8)."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """Return a UUIDv7: unique without asking anybody, and rising with time, so indexes stay compact."""
    return uuid_utils.compat.uuid7()
