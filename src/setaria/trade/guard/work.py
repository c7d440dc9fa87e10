"""Proof of work: a signed challenge for one account and drop, good for ten minutes, and the check of its solution.

ALTCHA's second protocol with PBKDF2: a browser runs it natively, so a robot's program is not much faster than a
phone's page. The number to be found lies in the upper half of the tries, so luck saves nobody much.
"""

import hmac
from datetime import datetime, timedelta
from secrets import randbelow
from uuid import UUID

import altcha
import msgspec

ALGORITHM = "PBKDF2/SHA-256"
ITERATIONS = 2_000  # a try; the server does one to make a challenge
LIFE = timedelta(minutes=10)
PROOF_CHARS_MAX = 4_096


class Proof(msgspec.Struct, frozen=True):
    """A solution that is right: of which challenge, and whether that was a hard one."""

    id: UUID
    hard: bool
    expires_at: datetime


class BadProof(Exception):
    """Not a solution of a challenge of ours for this account and drop, or too late; the text says which."""


class _About(msgspec.Struct):
    drop: int
    customer: int
    hard: bool


def keys_from(secret: str) -> tuple[bytes, bytes]:
    """Derive the keys that sign challenges and solutions, apart from every other use of the secret."""
    return tuple(hmac.digest(secret.encode(), b"setaria.guard." + use, "sha256") for use in (b"challenge", b"solution"))  # type: ignore[return-value]


def challenge(
    keys: tuple[bytes, bytes], drop_id: int, customer_id: int, tries: int, hard: bool, now: datetime
) -> dict[str, object]:
    """Make a challenge that takes `tries` at most, three quarters of them on average."""
    tries = max(2, tries)
    made = altcha.create_challenge(
        ALGORITHM, ITERATIONS, counter=tries // 2 + randbelow(tries - tries // 2), expires_at=now + LIFE,
        data={"drop": drop_id, "customer": customer_id, "hard": hard, "tries": tries},
        hmac_secret=keys[0], hmac_key_secret=keys[1],
    )  # fmt: skip
    told: dict[str, object] = made.to_dict()
    return told


def check(keys: tuple[bytes, bytes], token: str, drop_id: int, customer_id: int, now: datetime) -> Proof:
    """Check a solution (base64 of ALTCHA's JSON); raises BadProof. Whether it was used before is not its business."""
    if len(token) > PROOF_CHARS_MAX:
        raise BadProof("too long")
    try:
        payload = altcha.Payload.from_base64(token)
        result = altcha.verify_solution(payload, keys[0], hmac_key_secret=keys[1])
        if not result.verified:
            raise BadProof("expired" if result.expired else "wrong")
        parameters = payload.challenge.parameters
        about = msgspec.convert(parameters.data, _About)
        proof = Proof(UUID(hex=parameters.nonce), about.hard, now + LIFE)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadProof("malformed") from error
    if (about.drop, about.customer) != (drop_id, customer_id):
        raise BadProof("somebody else's")
    return proof
