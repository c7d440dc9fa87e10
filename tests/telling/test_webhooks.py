"""Webhooks on the staff's page: added, watched, posted again, switched off and on."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.webhooks import deliver, gather
from setaria.trade.webhooks.models import Delivery, Endpoint
from setaria.trade.webhooks.sign import secret_of
from tests.notices.receiver import Receiver, receiving
from tests.telling.conftest import may, signed_in
from tests.world import MINUTE, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/telling/webhooks/"


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.OUTBOUND_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiving() as found:
        found.status = 200
        yield found


@pytest.fixture
def keeper(store: World) -> Client:
    return signed_in(may(Member.objects.get(pk=store.member(is_staff=True)), "webhooks.change_endpoint"))


def added(client: Client, receiver: Receiver) -> Endpoint:
    client.post(PAGE, {"url": receiver.url(), "kinds": ["order.placed", "order.paid"]})
    return Endpoint.objects.get()


def happened(world: World) -> None:
    gather.gather(now=world.now)
    world.later(SECOND)
    order = world.placed(world.thing(price=199_900, stock=1))
    world.later(SECOND)
    world.pay(order)
    world.later(SECOND)
    gather.gather(now=world.now)


def post(world: World) -> int:
    return sum(deliver.deliver(endpoint, world.now) for endpoint in deliver.due(world.now))


def test_added_it_hears_and_its_owner_gets_the_secret(store: World, keeper: Client, receiver: Receiver) -> None:
    page = keeper.post(PAGE, {"url": receiver.url(), "kinds": ["order.paid"]}).content.decode()
    endpoint = Endpoint.objects.get()
    assert secret_of(endpoint) in page
    assert endpoint.kinds == ["order.paid"]
    assert secret_of(endpoint) not in keeper.get(f"{PAGE}{endpoint.pk}/").content.decode()
    happened(store)
    assert post(store) == 1
    page = keeper.get(f"{PAGE}{endpoint.pk}/").content.decode()
    assert "Order paid" in page
    assert "Arrived" in page
    assert "&quot;type&quot; : &quot;order.paid&quot;" in page or "order.paid" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [({"url": "http://10.0.0.1/x", "kinds": ["order.paid"]}, "full public address"),
     ({"url": "https://erp.example.com/", "kinds": []}, "Choose what it hears of"),
     ({"url": "https://erp.example.com/", "kinds": ["order.sung"]}, "Choose what it hears of")],
)  # fmt: skip
def test_what_cannot_be_added_is_told_why(keeper: Client, typed: dict[str, object], said: str) -> None:
    answer = keeper.post(PAGE, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert str(typed["url"]) in page
    assert Endpoint.objects.count() == 0


def test_one_delivery_is_posted_again_under_its_id(store: World, keeper: Client, receiver: Receiver) -> None:
    endpoint = added(keeper, receiver)
    happened(store)
    assert post(store) == 2
    first = Delivery.objects.earliest("id")
    path = f"{PAGE}{endpoint.pk}/deliveries/{first.pk}/again"
    assert "1 event is posted again" in keeper.post(path, follow=True).content.decode()
    assert post(store) == 1
    assert first.tries.count() == 2
    assert keeper.post(f"{PAGE}{new_id()}/deliveries/{first.pk}/again").status_code == 404
    assert keeper.post(f"{PAGE}{endpoint.pk}/deliveries/{10**30}/again").status_code == 404


def test_a_failure_is_told_and_what_was_given_up_goes_again(store: World, keeper: Client, receiver: Receiver) -> None:
    endpoint = added(keeper, receiver)
    receiver.status = 500
    happened(store)
    post(store)
    page = keeper.get(f"{PAGE}{endpoint.pk}/").content.decode()
    assert "every post failed" in page
    assert ">Fails<" in keeper.get(PAGE).content.decode()
    Delivery.objects.update(given_up_at=store.now, taken_until=None)
    receiver.status = 200
    store.later(10 * MINUTE)
    assert "2 events are posted again" in keeper.post(f"{PAGE}{endpoint.pk}/act", {"do": "replay", "span": "hour"}, follow=True).content.decode()  # fmt: skip
    assert post(store) == 2


def test_off_on_and_another_secret(store: World, keeper: Client, receiver: Receiver) -> None:
    endpoint = added(keeper, receiver)
    before = secret_of(endpoint)
    path = f"{PAGE}{endpoint.pk}/act"
    assert "hears nothing any more" in keeper.post(path, {"do": "off"}, follow=True).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.off_because.startswith("Switched off by fan-")
    assert "hears what happens from now on" in keeper.post(path, {"do": "on"}, follow=True).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.off_at is None
    assert before in keeper.post(path, {"do": "secret"}).content.decode()
    page = keeper.post(path, {"do": "rotate"}).content.decode()
    endpoint.refresh_from_db()
    assert before != secret_of(endpoint)
    assert secret_of(endpoint) in page
    assert keeper.post(path, {"do": "sing"}).status_code == 302
    for do in ("off", "on", "secret", "rotate", "replay"):
        assert keeper.post(f"{PAGE}{new_id()}/act", {"do": do}).status_code == 404


def test_as_many_queries_whatever_was_delivered(
    store: World, keeper: Client, receiver: Receiver, queries_of: Callable[[Client, str], int]
) -> None:
    endpoint = added(keeper, receiver)
    few = queries_of(keeper, f"{PAGE}{endpoint.pk}/")
    happened(store)
    post(store)
    keeper.post(f"{PAGE}{endpoint.pk}/act", {"do": "replay"})
    store.later(timedelta(seconds=1))
    post(store)
    assert queries_of(keeper, f"{PAGE}{endpoint.pk}/") <= few + 1 <= 10
    assert queries_of(keeper, PAGE) <= 8
