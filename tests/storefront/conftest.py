"""A store to visit: the small world, with its clock on the wall of every view."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront import directory
from setaria.kernel import clock
from setaria.people.members.models import Member
from tests.stripe.conftest import localstripe, stripe
from tests.world import World

__all__ = ["localstripe", "stripe"]

ADDRESS = {"recipient": "Fan", "phone": "138 0000 0000", "region": "北京市", "city": "Beijing", "street": "Qinghe 68",
           "postcode": "100085"}  # fmt: skip


@pytest.fixture
def store(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, at whose instant every page is made."""
    monkeypatch.setattr(clock, "now", lambda: world.now)
    return world


@pytest.fixture
def visitor() -> Client:
    """Somebody who reads English and has not signed in."""
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def member(store: World) -> Member:
    return Member.objects.get(pk=store.member())


@pytest.fixture
def fan(store: World, member: Member) -> Client:
    """Somebody signed in."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(member)
    return client


@pytest.fixture
def queries_of(settings: Any) -> Callable[[Client, str], int]:
    """How many queries a page takes in a process that knows its storefronts, as one that serves pages does, of
    a page that was seen before, so that its matter is remembered.
    """

    def count(client: Client, path: str) -> int:
        settings.STOREFRONTS_KEPT_SECONDS = 0
        directory.all_known()
        settings.STOREFRONTS_KEPT_SECONDS = 60
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        settings.STOREFRONTS_KEPT_SECONDS = 0
        return len(seen)

    return count
