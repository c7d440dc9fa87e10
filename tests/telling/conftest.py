"""Staff who may, staff who may not, and everybody else."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from setaria.people.members.models import Member
from setaria.people.notices.models import Message
from tests.storefront.conftest import fan, member, queries_of, store, visitor
from tests.world import World

__all__ = ["fan", "member", "queries_of", "store", "visitor"]


def may(member: Member, *permissions: str) -> Member:
    """Give a member permissions, such as "notices.change_wording"."""
    for each in permissions:
        app, name = each.split(".")
        member.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=name))
    return Member.objects.get(pk=member.pk)


def signed_in(member: Member) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(member)
    return client


@pytest.fixture(autouse=True)
def out_of_thin_air(world: World) -> Iterator[None]:
    """What the tests tell of orders that never were is no matter for the world's audit."""
    yield
    Message.objects.filter(key__startswith="event").delete()


@pytest.fixture
def writer(store: World) -> Member:
    """Somebody of staff who may word messages."""
    return may(Member.objects.get(pk=store.member(is_staff=True)), "notices.change_wording")


@pytest.fixture
def staff(writer: Member) -> Client:
    """The same, signed in."""
    return signed_in(writer)


@pytest.fixture
def strangers(store: World, fan: Client, visitor: Client) -> dict[str, Client]:
    """A guest, a shopper, and staff without any permission."""
    return {
        "guest": visitor,
        "shopper": fan,
        "staff": signed_in(Member.objects.get(pk=store.member(is_staff=True))),
    }


@pytest.fixture
def shut(strangers: dict[str, Client]) -> Callable[[str, dict[str, str]], None]:
    """`shut(path, data)`: the door lets none of the strangers in, neither by GET nor by POST."""

    def check(path: str, data: dict[str, str]) -> None:
        for who, client in strangers.items():
            for answer in (client.get(path), client.post(path, data)):
                if who == "guest":
                    assert answer.status_code == 302, (who, path)
                    assert "/accounts/login/" in answer["Location"]
                else:
                    assert answer.status_code == 404, (who, path)

    return check
