"""Other systems hear what happens: signed, at least once, each event under one id; over real HTTP, from good and bad servers."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from setaria.kernel.outbound import Forbidden, Line, Unreached, may_ask
from setaria.people.members.models import Member
from setaria.people.notices.models import Message
from setaria.trade.news.follow import LATE
from setaria.trade.orders.requests import Placed
from setaria.trade.payments import refund
from setaria.trade.webhooks import deliver, endpoints, gather
from setaria.trade.webhooks.endpoints import KINDS, Refused
from setaria.trade.webhooks.forget import KEPT, forget
from setaria.trade.webhooks.models import Attempt, Delivery, Endpoint, Event
from setaria.trade.webhooks.sign import OVERLAP, secret_of
from tests.notices.receiver import Receiver, receiving
from tests.races.together import together
from tests.world import DAY, HOUR, MINUTE, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.OUTBOUND_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiving() as found:
        found.status = 200
        yield found


def staff(world: World) -> Member:
    return Member.objects.get(pk=world.member(is_staff=True))


def listening(world: World, receiver: Receiver, *kinds: str) -> Endpoint:
    made = endpoints.add(receiver.url(), kinds, by=staff(world), now=world.now)
    gather.gather(now=world.now)  # as the worker does every few seconds
    world.later(SECOND)
    return made


def paid(world: World) -> Placed:
    order = world.placed(world.thing(price=199_900, stock=1))
    world.later(SECOND)
    world.pay(order)
    world.later(SECOND)
    return order


def post(world: World) -> int:
    """Gather and deliver at the world's instant; return how much got there."""
    gather.gather(now=world.now)
    return sum(deliver.deliver(endpoint, world.now) for endpoint in deliver.due(world.now))


def heard(receiver: Receiver) -> list[str]:
    return [json.loads(post.body)["type"] for post in receiver.posts]


def test_an_orders_life_is_heard_signed_and_each_once(world: World, receiver: Receiver) -> None:
    endpoint = listening(world, receiver)
    order = paid(world)
    cancelled = world.placed(world.thing(stock=1))
    world.cancel(cancelled)
    world.pay(cancelled)
    refund.collect(now=world.now)
    refund.send_due(now=world.now)
    world.placed(world.thing(stock=1))
    world.later(16 * MINUTE)
    world.expire()
    assert post(world) == len(receiver.posts)
    assert sorted(heard(receiver)) == sorted(
        ["order.placed"] * 3 + ["order.paid", "order.cancelled", "order.refunded", "order.expired"]
    )
    assert post(world) == 0
    for _ in range(3):
        world.later(LATE)
        assert post(world) == 0
    assert len({one.headers["webhook-id"] for one in receiver.posts}) == 7
    told = next(one for one in receiver.posts if json.loads(one.body)["type"] == "order.paid")
    data = json.loads(told.body)["data"]
    assert (data["order"], data["total"], data["currency"], data["market"]) == (str(order.id), 199_900, "CNY", "cn")
    assert data["lines"][0]["quantity"] == 1
    assert "example.org" not in told.body.decode()  # nothing of a person
    assert Attempt.objects.filter(status=200).count() == 7
    assert secret_of(endpoint) not in str(list(Endpoint.objects.values()))


def test_whoever_has_the_secret_can_check_it_and_nobody_else(world: World, receiver: Receiver, monkeypatch) -> None:
    monkeypatch.setattr("standardwebhooks.webhooks.Webhook._Webhook__verify_timestamp", lambda self, stamp: _at(stamp))
    endpoint = listening(world, receiver, "order.paid")
    paid(world)
    post(world)
    (told,) = receiver.posts
    assert Webhook(secret_of(endpoint)).verify(told.body, told.headers)["type"] == "order.paid"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(endpoint)).verify(told.body + b" ", told.headers)
    old = secret_of(endpoint)
    rotated = endpoints.rotate(endpoint.pk, now=world.now)
    assert secret_of(rotated) != old
    for after, old_is_good in ((HOUR, True), (OVERLAP, False)):
        for _ in range(8):
            world.later(after / 8)
            gather.gather(now=world.now)
        paid(world)
        post(world)
        told = receiver.posts[-1]
        Webhook(secret_of(rotated)).verify(told.body, told.headers)
        if old_is_good:
            Webhook(old).verify(told.body, told.headers)
        else:
            with pytest.raises(WebhookVerificationError):
                Webhook(old).verify(told.body, told.headers)


def _at(stamp: str) -> datetime:
    """The signature is what is checked here; the world's clock stands in 2031."""
    from datetime import UTC

    return datetime.fromtimestamp(float(stamp), tz=UTC)


def test_only_what_it_wants_from_then_on(world: World, receiver: Receiver) -> None:
    paid(world)
    listening(world, receiver, "order.paid")
    world.later(SECOND)
    paid(world)
    assert post(world) == 1
    assert heard(receiver) == ["order.paid"]


def test_an_endpoint_that_comes_while_an_event_is_known_hears_it_too(world: World, receiver: Receiver) -> None:
    listening(world, receiver, "order.paid")
    second = endpoints.add(receiver.url("/two"), ["order.paid"], by=staff(world), now=world.now)
    Endpoint.objects.filter(pk=second.pk).update(off_at=world.now)  # not committed yet, as the first look sees it
    paid(world)
    assert post(world) == 1
    Endpoint.objects.filter(pk=second.pk).update(off_at=None)
    world.later(2 * LATE)
    assert post(world) == 1
    assert [one.path for one in receiver.posts] == ["/take", "/two"]
    assert Event.objects.count() == 1


# --- bad servers ---


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_a_failure_is_tried_again_later_and_under_the_same_id(world: World, receiver: Receiver, status: int) -> None:
    listening(world, receiver, "order.paid")
    receiver.answers = [status]
    receiver.location = receiver.url("/elsewhere")
    paid(world)
    assert post(world) == 0
    assert post(world) == 0  # not before its time
    world.later(deliver.WAITS[0])
    assert post(world) == 1
    first, second = receiver.posts
    assert first.path == second.path == "/take"  # no redirect is followed
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert list(Attempt.objects.order_by("id").values_list("status", flat=True)) == [status, 200]
    endpoint = Endpoint.objects.get()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_a_slow_one_is_not_waited_for(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "SECONDS_MAX", 0.3)
    listening(world, receiver, "order.paid")
    receiver.answers = [2.0]
    paid(world)
    assert post(world) == 0
    assert Attempt.objects.get().status is None
    receiver.dripping = True
    world.later(deliver.WAITS[0])
    assert post(world) == 0  # a byte now and then gains no time
    assert Attempt.objects.latest("id").said.startswith("Unreached")


def test_after_a_failure_the_rest_waits_and_nothing_is_lost(world: World, receiver: Receiver) -> None:
    listening(world, receiver, "order.paid")
    for _ in range(3):
        paid(world)
    receiver.answers = [200, 500]
    assert post(world) == 1
    assert len(receiver.posts) == 2
    world.later(MINUTE)
    assert post(world) == 2
    assert Delivery.objects.filter(done_at__isnull=False).count() == 3
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [1, 1, 2]


def test_one_that_fails_for_days_is_switched_off_and_that_is_told(world: World, receiver: Receiver) -> None:
    endpoint = listening(world, receiver, "order.paid")
    receiver.status = 500
    paid(world)
    began = world.now
    while Endpoint.objects.get().off_at is None:
        post(world)
        world.later(6 * HOUR)
        assert world.now < began + 9 * DAY
        paid(world)
    assert world.now - began >= deliver.OFF_AFTER
    notice = Message.objects.get()
    assert (notice.template, notice.recipient) == ("webhook_off", endpoint.made_by.email)
    assert post(world) == 0
    # Switched on again it hears what is new, and what it missed is replayed.
    receiver.status = 200
    count = len(receiver.posts)
    endpoints.switch(endpoint.pk, on=True, now=world.now)
    missed = Event.objects.count()
    assert endpoints.replay(endpoint.pk, since=began - DAY, until=world.now, now=world.now) == missed
    world.later(SECOND)
    assert post(world) >= missed
    assert len(receiver.posts) > count


def test_one_that_says_gone_is_switched_off_at_once(world: World, receiver: Receiver) -> None:
    listening(world, receiver, "order.paid")
    receiver.status = 410
    paid(world)
    post(world)
    assert "410" in Endpoint.objects.get().off_because


def test_after_all_attempts_it_is_given_up_until_it_is_replayed(world: World, receiver: Receiver) -> None:
    endpoint = listening(world, receiver, "order.paid")
    paid(world)
    receiver.status = 500
    gather.gather(now=world.now)
    for _ in range(len(deliver.WAITS) + 1):
        Endpoint.objects.update(failures=0, failing_since=None, off_at=None)
        Delivery.objects.update(due_at=world.now)
        deliver.deliver(endpoint.pk, world.now)
    assert Delivery.objects.get().given_up_at == world.now
    receiver.status = 200
    endpoints.replay(endpoint.pk, since=world.now - HOUR, until=world.now, now=world.now)
    assert deliver.deliver(endpoint.pk, world.now) == 1


# --- at once ---


def test_two_workers_gather_each_event_once(world: World, receiver: Receiver) -> None:
    listening(world, receiver)
    for _ in range(5):
        paid(world)
    together(*[lambda: gather.gather(now=world.now)] * 2)
    assert Event.objects.count() == Delivery.objects.count() == 10


def test_the_id_alone_keeps_it_one(world: World, receiver: Receiver) -> None:
    listening(world, receiver, "order.paid")
    paid(world)
    kind, wanted, since = gather.Happening.PAID, {"order.paid"}, world.now - HOUR
    together(*[lambda: gather._take(kind, wanted, world.now, since, world.now)] * 4)  # without the mark's lock
    assert Event.objects.count() == Delivery.objects.count() == 1


def test_twin_with_ids_of_chance_it_would_be_two(
    broken_world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = broken_world
    listening(world, receiver, "order.paid")
    paid(world)
    monkeypatch.setattr(gather, "_GATHER", gather._GATHER.replace(gather.ID, "gen_random_uuid()"))
    kind, wanted, since = gather.Happening.PAID, {"order.paid"}, world.now - HOUR
    for _ in range(2):
        gather._take(kind, wanted, world.now, since, world.now)
    assert Event.objects.count() == 2


def test_two_senders_post_each_once(world: World, receiver: Receiver) -> None:
    endpoint = listening(world, receiver, "order.paid")
    for _ in range(6):
        paid(world)
    gather.gather(now=world.now)
    found = together(*[lambda: deliver.deliver(endpoint.pk, world.now)] * 2)
    assert sum(found) == len(receiver.posts) == 6


def test_a_sender_that_dies_leaves_it_to_the_next(world: World, receiver: Receiver, monkeypatch) -> None:
    endpoint = listening(world, receiver, "order.paid")
    paid(world)
    gather.gather(now=world.now)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(deliver, "_note", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver.deliver(endpoint.pk, world.now)
    assert deliver.deliver(endpoint.pk, world.now + deliver.LEASE - SECOND) == 0
    assert deliver.deliver(endpoint.pk, world.now + deliver.LEASE) == 1
    assert len({one.headers["webhook-id"] for one in receiver.posts}) == 1  # at least once, under one id


# --- whom we ask ---


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://erp.example.com/", "BAD_URL"), ("ftp://erp.example.com/", "BAD_URL"), ("https://", "BAD_URL"),
     ("https://u:p@erp.example.com/", "BAD_URL"), ("https://10.0.0.1/", "BAD_URL"), ("https://[::1]/", "BAD_URL"),
     ("https://169.254.169.254/latest", "BAD_URL"), ("https://x/" + "y" * 1000, "BAD_URL"), ("https://[x/", "BAD_URL"),
     ("https://a b/", "BAD_URL"), ("https://x:99999999/", "BAD_URL"), ("https://x/\n", "BAD_URL")],
)  # fmt: skip
def test_what_may_not_be_asked_is_refused_when_it_is_named(world: World, url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        endpoints.add(url, by=staff(world), now=world.now)
    assert refused.value.code == code
    assert Endpoint.objects.count() == 0


def test_only_staff_only_known_kinds_and_not_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    someone = Member.objects.get(pk=world.member())
    for by, kinds, code in ((someone, (), "NOT_STAFF"), (staff(world), ("order.reminder",), "BAD_KINDS")):
        with pytest.raises(Refused) as refused:
            endpoints.add("https://erp.example.com/", kinds, by=by, now=world.now)
        assert refused.value.code == code
    monkeypatch.setattr(endpoints, "ENDPOINTS_MAX", 1)
    assert endpoints.add("https://erp.example.com/", by=staff(world), now=world.now).kinds == [str(k) for k in KINDS]
    with pytest.raises(Refused):
        endpoints.add("https://erp.example.com/", by=staff(world), now=world.now)


@pytest.mark.parametrize(
    ("address", "secure", "may"),
    [("93.184.215.14", True, True), ("93.184.215.14", False, False), ("10.1.2.3", True, False), ("127.0.0.1", True, False),
     ("169.254.169.254", True, False), ("0.0.0.0", True, False), ("224.0.0.1", True, False), ("::1", True, False),
     ("fd00::1", True, False), ("fe80::1", True, False), ("::ffff:10.0.0.1", True, False), ("64:ff9b::a00:1", True, False),
     ("2002:a00:1::", True, False), ("2606:2800:21f:cb07::1", True, True), ("100.64.0.1", True, False),
     ("192.168.7.1", False, True), ("192.168.8.1", False, False)],
)  # fmt: skip
def test_which_addresses_are_asked(address: str, secure: bool, may: bool) -> None:
    assert may_ask(ip_address(address), [ip_network("192.168.7.0/24")], secure=secure) is may


def test_a_name_that_leads_inwards_is_not_followed(world: World, receiver: Receiver, settings) -> None:
    endpoint = endpoints.add(f"http://localhost:{receiver.port}/", by=staff(world), now=world.now)
    settings.OUTBOUND_NETWORKS = [ip_network("192.168.7.0/24")]
    paid(world)
    assert post(world) == 0
    assert receiver.posts == []
    assert Attempt.objects.filter(delivery__endpoint=endpoint).latest("id").said.startswith("Forbidden")


def test_a_name_that_leads_nowhere_and_a_port_that_is_closed() -> None:
    with Line([ip_network("127.0.0.0/8")]) as line:
        with pytest.raises(Unreached):
            line.post("https://nowhere.invalid/", b"", {}, seconds_max=2)
        with pytest.raises(Unreached):
            line.post("http://127.0.0.1:9/", b"", {}, seconds_max=2)
        with pytest.raises(Forbidden):
            line.post("gopher://127.0.0.1/", b"", {}, seconds_max=2)


def test_old_events_are_forgotten_and_waiting_ones_are_not(world: World, receiver: Receiver) -> None:
    listening(world, receiver, "order.paid")
    paid(world)
    post(world)
    receiver.status = 500
    paid(world)
    post(world)
    later = world.now + KEPT + timedelta(days=1)
    assert forget(later) == 1
    assert Event.objects.count() == 1


def test_nothing_is_gathered_while_nobody_listens(world: World) -> None:
    paid(world)
    gather.gather(now=world.now)
    assert Event.objects.count() == 0
