"""Buyers are told what became of their orders: once, at an address that is theirs, however many look how often."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from setaria.people.members.guests import guest_of
from setaria.people.members.models import Member
from setaria.people.notices.models import Message
from setaria.people.notices.readers import speak
from setaria.people.notices.send import send_due
from setaria.trade.news import follow, tell
from setaria.trade.news.follow import LATE, SPAN_MAX, TAKE_MAX
from setaria.trade.news.models import Mark
from setaria.trade.orders.requests import Placed
from setaria.trade.payments import refund
from tests.guards import Unguarded
from tests.notices.browser import Browser
from tests.notices.conftest import receiver  # noqa: F401
from tests.notices.receiver import Receiver
from tests.races.together import MeetingPoint, together
from tests.world import DAY, HOUR, MINUTE, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(order: UUID, channel: int, guest: int | None, now: datetime) -> dict[str, object]:
    return {"path": f"/orders/{order}/" if guest is None else f"/orders/open/{guest}/"}


def told(world: World) -> list[str]:
    """Look, and say which messages there are, in the order they were written."""
    tell.tell(page_of, now=world.now)
    return list(Message.objects.order_by("id").values_list("template", flat=True))


def fan(world: World, **how: object) -> int:
    """A member whose address is proven."""
    member = Member.objects.get(pk=world.member(**how))
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    return member.pk


def order(world: World, by: int | None = None, **how: object) -> Placed:
    return world.placed(world.thing("phone", price=199_900, stock=9, **how), by=fan(world) if by is None else by)  # type: ignore[arg-type]


def test_an_orders_life_is_told_step_by_step_and_each_once(world: World) -> None:
    bought = order(world)
    assert told(world) == ["order_placed"]
    world.later(11 * MINUTE)  # of 15
    assert told(world) == told(world) == ["order_placed", "order_reminder"]
    world.later(SECOND)
    world.pay(bought)
    assert told(world) == ["order_placed", "order_reminder", "order_paid"]
    for _ in range(5):
        world.later(MINUTE)
        assert len(told(world)) == 3


def test_what_comes_to_nothing_is_told_and_so_is_money_that_goes_back(world: World) -> None:
    told(world)
    world.later(SECOND)
    phone = world.thing(stock=2)
    buyer = fan(world)
    cancelled, _ = world.placed(phone, by=buyer), world.placed(phone, by=buyer)
    world.cancel(cancelled)
    world.later(16 * MINUTE)
    world.expire()
    assert sorted(told(world)) == ["order_cancelled", "order_expired"]  # nobody is asked to pay what is over
    world.later(SECOND)
    world.pay(cancelled)
    refund.collect(now=world.now)
    assert refund.send_due(now=world.now) == 1
    assert sorted(told(world)) == ["order_cancelled", "order_expired", "order_refunded"]
    assert Message.objects.get(template="order_refunded").payload["amount"] == [100, "CNY"]


@pytest.mark.parametrize(("language", "subject"), [("zh-hans", "请支付 ¥1,999"), ("en", "please pay ¥1,999")])
def test_it_is_told_in_ones_language_with_the_way_to_pay(world: World, language: str, subject: str) -> None:
    buyer = fan(world)
    if language == "en":
        speak(buyer, language)  # else the market's
    bought = order(world, buyer)
    told(world)
    send_due(world.now)
    (sent,) = mail.outbox
    assert subject in sent.subject
    assert "1 × phone" in sent.body
    assert f"http://127.0.0.1:8000/orders/{bought.id}/" in sent.body
    assert "00:15" in sent.body  # by the market's clock
    assert sent.to == [Member.objects.get(pk=buyer).email]
    assert "List-Unsubscribe" not in sent.extra_headers


def test_a_guest_gets_a_link_of_their_own_and_a_number_only_what_it_needs(world: World) -> None:
    for contact in ("guest@example.org", "+8613800138000"):
        world.pay(order_of(world, contact))
        order_of(world, contact)
    tell.tell(page_of, now=world.now)
    rows = sorted(Message.objects.values_list("channel", "template"))
    assert rows == [("email", "order_paid"), ("email", "order_placed"), ("sms", "order_placed")]
    assert Message.objects.filter(payload__path__startswith="/orders/open/").count() == 3


def order_of(world: World, contact: str) -> Placed:
    return world.placed(world.thing(stock=1), by=guest_of(contact))


def test_who_has_no_proven_address_costs_no_row_and_no_query(world: World) -> None:
    phone = world.thing(stock=50)
    tell.tell(page_of, now=world.now)
    with CaptureQueriesContext(connection) as alone:
        tell.tell(page_of, now=world.now + SECOND)
    for _ in range(30):
        world.pay(world.placed(phone))  # typed, never proven
    with CaptureQueriesContext(connection) as crowd:
        tell.tell(page_of, now=world.now + 2 * SECOND)
    assert Message.objects.count() == 0
    assert len(crowd) == len(alone)


def test_a_thousand_orders_take_as_many_queries_as_one(world: World) -> None:
    phone, buyer = world.thing(stock=50), fan(world)

    def queries(orders: int) -> int:
        world.later(SECOND)
        for _ in range(orders):
            world.placed(phone, by=buyer)
        with CaptureQueriesContext(connection) as seen:
            tell.tell(page_of, now=world.now)
        return len(seen)

    queries(1)  # the first look is at some time before
    assert queries(1) == queries(30)
    assert Message.objects.count() == 32


def test_devices_are_told_too(world: World, receiver: Receiver) -> None:  # noqa: F811
    buyer, browser = fan(world), Browser(receiver)
    browser.add(world, buyer)
    bought = order(world, buyer)
    told(world)
    send_due(world.now)
    (post,) = receiver.posts
    shown = browser.read(post)
    assert shown["url"] == f"/orders/{bought.id}/"
    assert "¥1,999" in shown["title"]
    assert int(post.headers["ttl"]) == 15 * 60  # then it is over
    assert len(mail.outbox) == 1


def test_a_guests_device_is_told_of_their_order(world: World, receiver: Receiver) -> None:  # noqa: F811
    guest, browser = guest_of("+8613800138000"), Browser(receiver)
    browser.add(world, guest)
    world.pay(order(world, guest))
    told(world)
    send_due(world.now)
    assert [browser.read(post)["title"] for post in receiver.posts] == ["Paid: ¥1,999. Thank you."] or [
        browser.read(post)["title"] for post in receiver.posts
    ] == ["已收到付款 ¥1,999，谢谢"]


# --- looking twice ---


def test_what_committed_late_is_found_by_the_second_look(world: World) -> None:
    told(world)
    world.later(MINUTE)
    told(world)
    late = world.now - 30 * SECOND  # by its own instant, before what was looked at
    there, world.now = world.now, late
    order(world)
    world.now = there
    assert told(world) == []
    world.later(2 * LATE)
    world.now -= 90 * SECOND
    assert Mark.objects.get(kind="order.placed").settled <= late
    world.later(LATE)
    assert told(world) == ["order_placed"]


def test_twin_without_the_second_look_it_is_never_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "LATE", 365 * DAY)
    told(world)
    world.later(MINUTE)
    told(world)
    there, world.now = world.now, world.now - 30 * SECOND
    order(world)
    world.now = there
    for _ in range(10):
        world.later(LATE)
        assert "order_placed" not in told(world)


def test_a_worker_that_was_away_catches_up_in_pieces(world: World) -> None:
    told(world)
    buyer = fan(world)
    for _ in range(3):
        bought = world.placed(world.thing(stock=1), by=buyer)
        world.pay(bought)
        world.later(2 * SPAN_MAX)
    assert told(world).count("order_paid") == 3
    assert Mark.objects.get(kind="order.paid").until == world.now


def test_what_was_long_before_is_not_told(world: World) -> None:
    world.pay(order(world))
    world.later(2 * HOUR)
    assert told(world) == []


def test_more_than_a_piece_is_told_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell, "TAKE_MAX", 2)
    monkeypatch.setattr(follow, "TAKE_MAX", 2)
    phone, buyer = world.thing(stock=9), fan(world)
    world.place(*[world.ask(phone, by=buyer) for _ in range(5)])  # all at one instant
    assert told(world) == ["order_placed"] * 5
    assert TAKE_MAX >= 1_000


# --- at once ---


def test_two_workers_tell_it_once(world: World) -> None:
    phone, buyer = world.thing(stock=20), fan(world)
    for _ in range(20):
        world.placed(phone, by=buyer)
    together(*[lambda: tell.tell(page_of, now=world.now)] * 2)
    assert Message.objects.count() == 20


def test_twin_without_guards_two_workers_tell_it_twice(
    broken_world: World, unguarded: Unguarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = broken_world
    unguarded("message_once")
    order(world)
    MeetingPoint().before(monkeypatch, (tell, "write"))
    since, until = world.now - HOUR, world.now
    kind = tell.Happening.PLACED
    together(*[lambda: tell._take(kind, page_of, world.now, since, until)] * 2)  # without the mark's lock
    assert Message.objects.count() == 2


def test_the_key_alone_keeps_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order(world)
    met = MeetingPoint().before(monkeypatch, (tell, "write"))
    since, until = world.now - HOUR, world.now
    kind = tell.Happening.PLACED
    together(*[lambda: tell._take(kind, page_of, world.now, since, until)] * 2)
    assert met.all_met
    assert Message.objects.count() == 1


def test_the_lock_alone_keeps_it_once(world: World, unguarded: Unguarded, monkeypatch: pytest.MonkeyPatch) -> None:
    order(world)
    unguarded("message_once")
    met = MeetingPoint().before(monkeypatch, (tell, "write"))
    together(*[lambda: tell.tell(page_of, now=world.now)] * 2)
    assert not met.all_met
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("minutes", "before"), [(5, None), (10, timedelta(minutes=5)), (119, timedelta(minutes=5)), (120, HOUR)]
)
def test_a_reminder_comes_while_there_is_still_time(world: World, minutes: int, before: timedelta | None) -> None:
    phone = world.thing(stock=1)
    drop = world.drop({phone: 1}, payment_seconds=minutes * 60)
    world.placed(phone, by=fan(world), drop=drop)
    assert told(world) == ["order_placed"]
    if before is None:
        world.later(minutes * MINUTE - SECOND)
        assert told(world) == ["order_placed"]
        return
    world.later(minutes * MINUTE - before - SECOND)
    assert told(world) == ["order_placed"]
    world.later(SECOND)
    assert told(world) == ["order_placed", "order_reminder"]
