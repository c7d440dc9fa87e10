"""A programme's page and one's own place: as holder, as stranger, as visitor; and what they cost in queries."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.admission.lanes import Lane
from setaria.trade.drops import passes
from setaria.trade.payments.models import Payment
from setaria.trade.preorders.deposits import number_of
from setaria.trade.preorders.models import Notice, Place, State
from setaria.trade.preorders.passes import key_from
from setaria.trade.preorders.weeks import slip
from tests.preorders.conftest import Queue
from tests.world import DAY, HOUR, World

PAGE_QUERIES_MAX = 17


@pytest.fixture
def queue(store: World) -> Queue:
    """Ten places with a deposit of ¥100."""
    return Queue(store, deposit_amount=10_000, weeks=[(1, 10, date(2031, 12, 1))])


def url(queue: Queue) -> str:
    return queue.programme.get_absolute_url()


def test_the_page_tells_the_truth_to_everybody(
    queue: Queue, visitor: Client, fan: Client, member: Member, queries_of: Callable[[Client, str], int]
) -> None:
    queue.come(3)
    page = visitor.get(url(queue)).content.decode()
    assert "3 of 10 places are taken." in page
    assert "Sign in to take a place" in page
    page = fan.get(url(queue)).content.decode()
    assert 'id="take"' in page
    assert "1 Dec 2031" in page
    queue.take(queue.ask(member.pk))
    page = fan.get(url(queue)).content.decode()
    assert 'id="take"' not in page
    assert "Your number" in page
    assert queries_of(fan, url(queue)) <= PAGE_QUERIES_MAX
    queue.come(6)
    assert "Every place has been taken" in visitor.get(url(queue)).content.decode()
    queue.world.later(HOUR)
    assert "No more places are given" in visitor.get(url(queue)).content.decode()
    assert visitor.get("/programmes/no-such/").status_code == 404
    assert visitor.get(f"/drops/{queue.programme.drop.slug}/").status_code == 404  # its drop is nobody's to visit
    assert "First phone" in fan.get("/account/").content.decode()


def test_a_lane_that_opens_later_says_when(store: World, fan: Client, member: Member) -> None:
    lanes = [Lane("fans", store.now, points_min=500), Lane("everyone", store.now + HOUR)]
    queue = Queue(store, lanes=lanes, lasts=DAY)
    page = fan.get(url(queue)).content.decode()
    assert "Your lane opens in" in page
    assert 'id="take"' not in page
    Member.objects.filter(pk=member.pk).update(fan_points=500)
    assert 'id="take"' in fan.get(url(queue)).content.decode()


def test_a_pass_is_for_who_is_signed_in_and_whom_a_lane_takes(
    store: World, queue: Queue, visitor: Client, fan: Client, member: Member
) -> None:
    path = f"{url(queue)}pass"
    token = fan.post(path).json()["pass"]
    read = passes.read(key_from(settings.SECRET_KEY), token, store.now.timestamp())
    assert (read.customer_id, read.drop_id) == (member.pk, queue.programme.pk)
    assert visitor.post(path).status_code == 401
    assert fan.get(path).status_code == 405
    assert fan.post("/programmes/no-such/pass").status_code == 404
    others = Queue(store, lanes=[Lane("fans", store.now, points_min=500)])
    assert fan.post(f"{url(others)}pass").json() == {"code": "NO_LANE"}
    store.later(HOUR)
    assert fan.post(path).json() == {"code": "CLOSED"}


def test_a_place_from_deposit_to_paid_order(
    queue: Queue, fan: Client, member: Member, queries_of: Callable[[Client, str], int]
) -> None:
    place = queue.ask(member.pk)
    queue.come(1)
    queue.take(place)
    path = f"/places/{place.id}/"
    assert "Pay the deposit" in fan.get(path).content.decode()
    bank = fan.post(f"{path}pay")
    payment = Payment.objects.get()
    assert bank.url == f"/bank/pay/{payment.id}/" or str(payment.id) in bank.url
    assert fan.get(bank.url, follow=True).status_code == 200
    back = fan.get(f"/deposits/{number_of(place.id)}/")
    assert back.url == path
    queue.deposit(place)
    slip(queue.programme, 1, date(2031, 12, 15), {"en": "The glass came late."}, now=queue.world.now)
    page = fan.get(path).content.decode()
    assert "In the queue" in page
    assert "The glass came late." in page
    assert "kept for your order" in page
    assert Notice.objects.get(place_id=place.id).seen_at is not None
    assert queries_of(fan, path) <= PAGE_QUERIES_MAX
    queue.supply(1)
    assert "It is your turn" in fan.get(path).content.decode()
    order = fan.get(f"/orders/{place.id}/").content.decode()
    assert "Paid before" in order
    assert "1,899" in order
    queue.pay(place, 189_900)
    assert "it is paid" in fan.get(path).content.decode()


def test_giving_up(queue: Queue, fan: Client, member: Member) -> None:
    place = queue.ask(member.pk)
    queue.take(place)
    path = f"/places/{place.id}/"
    assert "You have given your place up" in fan.post(f"{path}withdraw", follow=True).content.decode()
    assert Place.objects.get(pk=place.id).state == State.WITHDRAWN
    assert "cannot be paid any more" in fan.post(f"{path}pay", follow=True).content.decode()


def test_the_programmes_page_says_what_to_pay_by_when(queue: Queue, fan: Client, member: Member) -> None:
    place = queue.ask(member.pk)
    queue.take(place)
    page = fan.get(url(queue)).content.decode()
    assert "Pay the deposit of" in page
    assert 'role="timer"' in page
    queue.deposit(place)
    assert "Pay the deposit of" not in fan.get(url(queue)).content.decode()
    assert "the next one is yours" in fan.get(f"/places/{place.id}/").content.decode()
    queue.supply(1)
    assert f"/orders/{place.id}/" in fan.get(url(queue)).content.decode()


def test_giving_up_says_before_and_after_what_becomes_of_the_deposit(queue: Queue, fan: Client, member: Member) -> None:
    early, late = queue.ask(member.pk), queue.ask(member.pk)
    path = "/places/{}/"
    queue.take(early)
    assert "Your deposit of" not in fan.get(path.format(early.id)).content.decode()  # there is none yet
    queue.deposit(early)
    assert "would go back to you in full" in fan.get(path.format(early.id)).content.decode()
    page = fan.post(f"{path.format(early.id)}withdraw", follow=True).content.decode()
    assert "goes back to you" in page  # though nobody has decided so yet
    assert "kept for your order" not in page
    queue.take(late)
    queue.deposit(late)
    queue.supply(1)
    assert "is not paid back" in fan.get(path.format(late.id)).content.decode().split("Give this place up")[1]
    order = fan.get(f"/orders/{late.id}/").content.decode()
    assert path.format(late.id) in order  # it is given up where one is told what that costs
    assert "Cancel this order" not in order
    page = fan.post(f"{path.format(late.id)}withdraw", follow=True).content.decode()
    assert "not paid back, by the rules" in page
    assert "counts towards your order" not in page
    assert "what became of the deposit" in fan.get(f"/orders/{late.id}/").content.decode()
    assert queue.codes(queue.ask(member.pk)) == ["OVER_LIMIT"]  # it had its turn
    assert 'id="take"' not in fan.get(url(queue)).content.decode()


@pytest.mark.parametrize("action", ["", "pay", "withdraw"])
def test_somebody_elses_place_is_not_there(queue: Queue, fan: Client, visitor: Client, action: str) -> None:
    (place,) = queue.come(1)

    def ask(client: Client, id: UUID) -> int:
        path = f"/places/{id}/{action}"
        return (client.post if action else client.get)(path).status_code

    assert [ask(fan, place.id), ask(fan, new_id()), ask(visitor, place.id)] == [404, 404, 302]
    assert Place.objects.get().state == State.HELD
    assert fan.get(f"/deposits/{new_id()}/").status_code == 404
