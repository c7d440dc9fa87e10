"""Whatever anybody sends as a passkey, the answer is that it is none: never a server error, signed in or not."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from setaria.people.members.models import Member
from tests.people.conftest import PASSWORD
from tests.world import World

RESPONSE = {"clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA", "attestationObject": "AAAA"}
KEY = {"id": "AAAA", "rawId": "AAAA", "type": "public-key"}
MALFORMED = [
    {}, [], "x", 1, None, {"id": "a"}, {"id": 1, "rawId": [], "type": "public-key", "response": {}},
    {**KEY, "rawId": "BBBB", "response": RESPONSE}, {**KEY, "response": RESPONSE},
    {**KEY, "response": {**RESPONSE, "attestationObject": "oA", "clientDataJSON": "e30"}}, {**KEY, "response": []},
    {**KEY, "response": {"userHandle": ["x"]}}, {**KEY, "response": {**RESPONSE, "userHandle": "_____w"}},
]  # fmt: skip
API = "/api/accounts/app/v1"


@pytest.fixture(autouse=True)
def many_tries(settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    cache.clear()


@pytest.fixture
def quiet(visitor: Client) -> Client:
    visitor.raise_request_exception = False
    return visitor


@pytest.mark.parametrize("sent", MALFORMED, ids=str)
def test_signing_in_with_what_is_none(store: World, quiet: Client, sent: object) -> None:
    quiet.get("/accounts/2fa/webauthn/login/", headers={"x-requested-with": "XMLHttpRequest"})
    page = quiet.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(sent)})
    assert (page.status_code, page["Location"]) == (302, "/accounts/login/")
    token = quiet.get(f"{API}/auth/webauthn/login").json()["meta"]["session_token"]
    told = quiet.post(
        f"{API}/auth/webauthn/login", {"credential": sent}, "application/json", headers={"x-session-token": token}
    )
    assert told.status_code == 400, told.content


@pytest.mark.parametrize("sent", MALFORMED, ids=str)
def test_adding_what_is_none(store: World, account: Member, quiet: Client, sent: object) -> None:
    token = quiet.post(
        f"{API}/auth/login", {"email": "mi@example.org", "password": PASSWORD}, "application/json"
    ).json()["meta"]["session_token"]
    headers = {"x-session-token": token}
    quiet.get(f"{API}/account/authenticators/webauthn", headers=headers)
    told = quiet.post(
        f"{API}/account/authenticators/webauthn", {"name": "x", "credential": sent}, "application/json",
        headers=headers,
    )  # fmt: skip
    assert told.status_code == 400, told.content
    quiet.post("/accounts/login/", {"login": "mi@example.org", "password": PASSWORD})
    quiet.post(quiet.get("/accounts/2fa/webauthn/add/")["Location"], {"password": PASSWORD})
    assert quiet.get("/accounts/2fa/webauthn/add/").status_code == 200
    page = quiet.post("/accounts/2fa/webauthn/add/", {"name": "x", "credential": json.dumps(sent)})
    assert page.status_code == 200
