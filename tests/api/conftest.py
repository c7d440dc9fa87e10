"""Apps that speak to the API's one way in, without a server between."""

from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from setaria.channels.api.answer import answer
from setaria.channels.api.asked import Call
from setaria.people.members.models import Member
from tests.storefront.conftest import ADDRESS, fan, localstripe, member, store, stripe, visitor
from tests.world import World

__all__ = ["ADDRESS", "fan", "localstripe", "member", "store", "stripe", "visitor"]


class Said(msgspec.Struct):
    """An answer."""

    status: int
    json: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """Why not."""
        return self.json["code"]


class App:
    """Somebody's app: keeps the tokens it was given, as an app does."""

    def __init__(self, session: str = "", language: str = "en") -> None:
        self.headers = {"host": "localhost", "accept-language": language}
        if session:
            self.headers["x-session-token"] = session

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Said:
        """One request; `path` below /api/v1."""
        plain, _, query = path.partition("?")
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else b""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        said = answer(Call(method, f"/api/v1{plain}", query, self.headers | more, sent, "127.0.0.1"))
        return Said(said.status, msgspec.json.decode(said.body), dict(said.headers))

    def get(self, path: str, **headers: str) -> Any:
        """What is there."""
        said = self.ask("GET", path, **headers)
        assert said.status == 200, said
        return said.json

    def put(self, sku: str, quantity: int = 1) -> Any:
        """Put something in the basket; an anonymous one is kept."""
        said = self.ask("PUT", f"/cn/basket/{sku}", {"quantity": quantity})
        assert said.status == 200, said
        if token := said.json.get("token"):
            self.headers["x-basket-token"] = token
        return said.json

    def quote(self, *lines: tuple[str, int], **choice: Any) -> Any:
        """What lines cost; without any, the basket's."""
        wanted = {"lines": [{"sku": sku, "quantity": n} for sku, n in lines]} if lines else {}
        said = self.ask("POST", "/cn/quote", wanted | ({"choice": choice} if choice else {}))
        assert said.status == 200, said
        return said.json

    def agreed(self, quote: Any, **more: Any) -> dict[str, Any]:
        """What an app sends to order a quote."""
        lines = [{name: line[name] for name in ("sku", "quantity", "price")} for line in quote["lines"]]
        mine = (
            {} if "x-session-token" in self.headers else {"contact": "g@example.org", "order_key": quote["order_key"]}
        )
        base = {"order_id": quote["order_id"], "mark": quote["mark"], "lines": lines, "address": ADDRESS}
        return base | mine | more

    def order(self, quote: Any, **more: Any) -> Said:
        """Order a quote; a guest's order is opened by its token from now on."""
        said = self.ask("POST", "/cn/orders", self.agreed(quote, **more))
        if said.status == 201 and (token := said.json.get("token")):
            self.headers["x-order-token"] = token
        return said


def session_of(member: Member) -> str:
    """Sign somebody in; return the session's token."""
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@pytest.fixture
def app(store: World, member: Member) -> App:
    """The app of somebody signed in."""
    return App(session_of(member))


@pytest.fixture
def stranger(store: World) -> App:
    """The app of somebody else, who is signed in as well."""
    return App(session_of(Member.objects.get(pk=store.member())))


@pytest.fixture
def guest(store: World) -> App:
    """The app of somebody who has not signed in."""
    return App()
