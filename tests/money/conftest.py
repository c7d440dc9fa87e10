"""The store's people and clock, and somebody of the staff."""

import pytest
from django.test import Client

from setaria.people.members.models import Member
from tests.storefront.conftest import fan, member, queries_of, store, visitor
from tests.world import World

__all__ = ["fan", "member", "queries_of", "staff", "store", "visitor"]


@pytest.fixture
def staff(store: World) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Member.objects.get(pk=store.member(is_staff=True)))
    return client
