"""Who a request is from, read without Django's ORM: every page of a signed-in visitor asks twice.

Sessions and their members are Django's, rows and rules alike; only these two lookups are ours.
"""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.models import Session

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import ask, rows_of
from setaria.people.members.models import Member


class SessionStore(DatabaseSessions):
    """Sessions in the database (`SESSION_ENGINE` names this module)."""

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key or ""
        if key.isascii() and key.isalnum():
            about: dict[str, Value] = {"key": key}
            [found] = ask(rows_of(Session, "WHERE session_key = %(key)s AND expire_date > now()", about))
            if found:
                session: Session = found[0]
                return session
        self._session_key = None
        return None


class Backend(AuthenticationBackend):
    """How members sign in, and who they are afterwards."""

    def get_user(self, user_id: int) -> Member | None:
        """Return the member of a session; None for one who is gone or may not come in any more."""
        [found] = ask(rows_of(Member, "WHERE id = %(id)s", {"id": user_id}))
        return found[0] if found and self.user_can_authenticate(found[0]) else None
