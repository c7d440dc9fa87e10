"""Who asks: the session whose token was sent, and how the terms stand, in one query.

Sessions are Django's own, begun by allauth's headless addresses or by the web store: one account. A session proves a
member only as long as the member's password is the one it was begun with, as everywhere in Django.
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import salted_hmac

from setaria.kernel.questions import Question, ask

KNOWN_MAX = 20_000  # whose session a token was, when it was last seen: only a hint, which saves a query
_SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

_known: dict[str, int] = {}

_ASK = """
    SELECT number,
           (SELECT session_data FROM django_session WHERE session_key = %(token)s AND expire_date > now()),
           (SELECT password FROM members_member WHERE id = %(member)s AND is_active)
    FROM orders_terms_version
"""


class Who(msgspec.Struct, frozen=True):
    """The version of the terms, and the member; `ended`: the token that was sent is no session any more."""

    version: int
    member_id: int | None = None
    ended: bool = False


def who(token: str) -> Who:
    """Return who asks by a session's token (nothing: nobody in particular); one query, or two the first time."""
    if not (token.isascii() and token.isalnum()):  # as the keys of sessions are
        return Who(_ask("", 0)[0], ended=bool(token))
    hint = _known.get(token, 0)
    version, data, password = _ask(token, hint)
    session = _read(data) if data is not None else {}
    raw = str(session.get(SESSION_KEY, ""))
    if not raw.isdigit() or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return Who(version, ended=True)
    member_id = int(raw)
    if member_id != hint:
        version, _data, password = _ask(token, member_id)
    if password is None or not _proves(password, str(session.get(HASH_SESSION_KEY, ""))):
        return Who(version, ended=True)
    if len(_known) >= KNOWN_MAX:
        _known.clear()
    _known[token] = member_id
    return Who(version, member_id)


def _ask(token: str, member_id: int) -> tuple[int, str | None, str | None]:
    [[row]] = ask(Question(_ASK, {"token": token, "member": member_id}))
    found: tuple[int, str | None, str | None] = row
    return found


@lru_cache(maxsize=10_000)
def _read(data: str) -> Mapping[str, Any]:
    """Read what a session holds; the same text is always the same. Nothing that is not signed by us is read."""
    found: Mapping[str, Any] = SessionStore().decode(data)
    return found


def _proves(password: str, proof: str) -> bool:
    return any(hmac.compare_digest(_hash(password, key), proof) for key in (None, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=20_000)
def _hash(password: str, secret: str | None) -> str:
    """As `AbstractBaseUser.get_session_auth_hash`, of a password that was read without its member."""
    return salted_hmac(_SALT, password, secret=secret, algorithm="sha256").hexdigest()
