"""Paying with a card on the order's page: by its code, by store credit, and never somebody else's order."""

from django.test import Client

from setaria.people.members.models import Member
from setaria.trade.giftcards.issue import issue
from setaria.trade.giftcards.models import Card
from setaria.trade.orders.models import Order
from tests.world import World


def test_a_code_pays_part_and_store_credit_the_rest(store: World, fan: Client, member: Member) -> None:
    order = store.placed(store.thing(price=10_000, stock=1), by=member.pk)
    _, code = issue(store.cn, 3_000, why="x", by="ada", now=store.now)
    page = fan.post(f"/orders/{order.id}/card", {"code": code.lower()}, follow=True).content.decode()
    assert "¥30 was paid with your card." in page
    assert "Paid before" in page
    assert "store credit" not in page
    again = fan.post(f"/orders/{order.id}/card", {"code": code}, follow=True).content.decode()
    assert "Nothing is left on this card" in again
    for amount in (5_000, 9_000):
        issue(store.cn, amount, why="x", by="ada", now=store.now, member_id=member.pk)
    assert "Use your store credit of" in fan.get(f"/orders/{order.id}/").content.decode()
    fan.post(f"/orders/{order.id}/card")
    assert Order.objects.get().status == 2
    assert sorted(Card.objects.values_list("balance", flat=True)) == [0, 0, 7_000]


def test_a_wrong_code_pays_nothing_and_guessing_is_slowed(store: World, fan: Client, member: Member) -> None:
    order = store.placed(store.thing(price=10_000, stock=1), by=member.pk)
    first = fan.post(f"/orders/{order.id}/card", {"code": "GUESS"}, follow=True).content.decode()
    assert "We do not know this card" in first
    assert fan.post(f"/orders/{order.id}/card", {"code": "GUESS"}).status_code == 302
    codes = [fan.post(f"/orders/{order.id}/card", {"code": f"GUESS{n}"}).status_code for n in range(40)]
    assert codes[-1] == 429


def test_nobody_pays_somebody_elses_order(store: World, fan: Client, visitor: Client) -> None:
    theirs = store.placed(store.thing(price=100, stock=1))
    card, code = issue(store.cn, 3_000, why="x", by="ada", now=store.now)
    assert fan.post(f"/orders/{theirs.id}/card", {"code": code}).status_code == 404
    assert visitor.post(f"/orders/{theirs.id}/card", {"code": code}).status_code == 302  # to sign in
    card.refresh_from_db()
    assert card.balance == 3_000
