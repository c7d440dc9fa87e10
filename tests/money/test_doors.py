"""Each door of the money pages, tried as the wrong person; and the forms behind them."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from setaria.goods.catalog.models import Kind
from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.sight.money.urls import urlpatterns
from setaria.trade.giftcards.issue import card_of, issue
from setaria.trade.giftcards.models import Block, Card
from setaria.trade.payments.disputes import hear
from setaria.trade.payments.models import Case, Dispute, Payment, Refund, Remittance
from setaria.trade.payments.words import Quarrel, Stand
from setaria.trade.points.models import Entry, Programme
from setaria.trade.promotions.models import Code, Promotion
from setaria.trade.quotes.models import ShippingRate, TaxRate
from tests.cash.test_cash import BY, handed, promised
from tests.cash.test_cash import cash as limits
from tests.points.test_points import earned, has, programme
from tests.world import DAY, World

__all__ = ["limits"]

ONE = {"case": 1, "difference": 1, "promotion": 1, "member_id": 1, "rate": 1, "exemption": 1}
WRITES = {
    "make_promotion": "add_promotion", "end_promotion": "change_promotion", "correct_points": "add_entry",
    "issue_card": "add_card", "find_card": "add_block", "block_card": "add_block", "lift_card": "add_block",
    "set_tax": "add_taxrate", "set_delivery": "add_shippingrate", "handed": "add_remittance",
    "handed_list": "add_remittance", "promotion_codes": "add_promotion", "withdraw_tax": "add_taxrate",
    "withdraw_delivery": "add_shippingrate", "set_delivery_tax": "add_taxrate",
    "withdraw_delivery_tax": "add_taxrate", "note_exempt": "add_exemption", "end_exempt": "add_exemption",
    "refund": "add_return", "paid_by_bank": "add_return", "refused": "add_remittance", "end_dispute": "change_dispute",
}  # fmt: skip


def path_of(pattern: object) -> str:
    route = str(pattern.pattern)  # type: ignore[attr-defined]
    for name in ("order_id", "refund_id", "dispute", "card"):
        route = route.replace(f"<uuid:{name}>", str(UUID(int=1)))
    for name, value in ONE.items():
        route = route.replace(f"<int:{name}>", str(value))
    return f"/money/{route}"


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_no_door_opens_to_the_wrong_person(
    store: World, staff: Client, fan: Client, visitor: Client, pattern: object
) -> None:
    path = path_of(pattern)
    for ask in ("get", "post"):
        assert getattr(fan, ask)(path).status_code == 404
        answer = getattr(visitor, ask)(path)
        assert (answer.status_code, "/accounts/login/" in answer["Location"]) == (302, True)
    if pattern.name in WRITES:  # type: ignore[attr-defined]
        assert staff.post(path).status_code == 404


def test_every_door_that_gives_money_away_takes_a_permission() -> None:
    safe = {"resolve", "resolve_difference"}
    reads = {
        "cases",
        "differences",
        "find",
        "order",
        "disputes",
        "door",
        "promotions",
        "points",
        "points_of",
        "cards",
        "rates",
        "exempt",
    }
    assert {each.name for each in urlpatterns} == safe | reads | WRITES.keys()


@pytest.fixture
def boss(store: World, staff: Client) -> Client:
    """Somebody of the staff who was given every permission, and is no superuser."""
    member = Member.objects.get(is_staff=True)
    member.user_permissions.set(Permission.objects.filter(codename__in=WRITES.values()))
    return staff


def local(world: World, ahead: timedelta = timedelta()) -> str:
    from zoneinfo import ZoneInfo

    from setaria.kernel.clock import now

    return (now() + ahead).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")


def text(client: Client, path: str, data: dict[str, object], status: int = 200) -> str:
    answer = client.post(path, data, follow=True)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


# --- promotions ---


def promotion(world: World, **fields: object) -> dict[str, object]:
    return {
        "market": world.cn.pk, "name_zh": "九折", "name_en": "Ten off", "percent": "10", "code": "TEN", "audience": "everyone",
        "since": local(world), "until": local(world, DAY), "budget_amount": "1000", "comes_back": "on",
    } | fields  # fmt: skip


def test_a_promotion_is_made_seen_and_ended(store: World, boss: Client) -> None:
    page = text(boss, "/money/promotions/make", promotion(store))
    made = Promotion.objects.get()
    assert (made.percent_bp, made.budget_amount, made.comes_back, made.needs_code) == (1_000, 100_000, True, True)
    assert "@" in made.made_by
    assert "Ten off" in page
    assert Code.objects.get().text == "TEN"
    assert "has ended" in text(boss, f"/money/promotions/{made.pk}/end", {})
    assert "already" in text(boss, f"/money/promotions/{made.pk}/end", {})
    made.refresh_from_db()
    assert "@" in made.ended_by


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"percent": "", "amount": ""}, "one of the two"), ({"amount": "5"}, "one of the two"), ({"percent": "101"}, "100"),
     ({"until": "2020-01-01T00:00"}, "ends before"), ({"code": "x"}, "valid"), ({"percent": "", "amount": "1.005"}, "Finer")],
)  # fmt: skip
def test_a_promotion_that_makes_no_sense_is_not_made(
    store: World, boss: Client, wrong: dict[str, object], said: str
) -> None:
    assert said in text(boss, "/money/promotions/make", promotion(store, **wrong), status=422)
    assert not Promotion.objects.exists()


def test_a_code_is_one_promotions(store: World, boss: Client) -> None:
    text(boss, "/money/promotions/make", promotion(store))
    assert "Another promotion" in text(boss, "/money/promotions/make", promotion(store), status=422)
    text(boss, "/money/promotions/make", promotion(store, code=""))
    assert Promotion.objects.filter(needs_code=False).count() == 1


# --- points ---


def test_points_are_found_seen_and_corrected_once(store: World, boss: Client) -> None:
    programme(store)
    fan = store.member()
    earned(store, fan, 100)
    email = Member.objects.get(pk=fan).email
    assert boss.get("/money/points/", {"email": email})["Location"] == f"/money/points/{fan}/"
    assert "No member" in boss.get("/money/points/", {"email": "x@y.zz"}).content.decode()
    form = {"id": new_id(), "market": store.cn.pk, "amount": "50", "note": "A late parcel"}
    for _ in range(2):
        assert "are corrected" in text(boss, f"/money/points/{fan}/correct", form)
    assert has(fan) == 150
    page = text(boss, f"/money/points/{fan}/correct", form | {"id": new_id(), "amount": "-151"})
    assert "not so many" in page
    assert "A late parcel" in page
    text(boss, f"/money/points/{fan}/correct", form | {"id": new_id(), "amount": "-150"})
    assert has(fan) == 0
    assert set(Entry.objects.filter(kind=7).values_list("by", flat=True)) == {Member.objects.get(is_staff=True).email}
    assert "Say how many" in text(boss, f"/money/points/{fan}/correct", form | {"amount": "0"})
    assert text(boss, f"/money/points/{fan}/correct", form | {"note": ""}, status=422)
    Programme.objects.all().delete()
    assert "no points" in text(boss, f"/money/points/{fan}/correct", form | {"id": new_id()})


# --- gift cards ---


def test_a_card_is_issued_with_its_code_once_and_blocked(store: World, boss: Client) -> None:
    page = text(boss, "/money/cards/issue", {"market": store.cn.pk, "amount": "50.5", "why": "A present"})
    card = Card.objects.get()
    code = page.split('class="number code">')[1].split("<")[0]
    assert (card.balance, card_of(code)) == (5_050, card)
    assert code not in boss.get("/money/cards/").content.decode()
    assert f"card-{card.pk}" in text(boss, "/money/cards/find", {"code": code})
    assert "No card" in text(boss, "/money/cards/find", {"code": "AAAA"})
    assert "Say why" in text(boss, f"/money/cards/{card.pk}/block", {"why": " "})
    assert "is blocked" in text(boss, f"/money/cards/{card.pk}/block", {"why": "stolen"})
    assert "blocked already" in text(boss, f"/money/cards/{card.pk}/block", {"why": "stolen"})
    assert "pays again" in text(boss, f"/money/cards/{card.pk}/lift", {})
    assert "not blocked" in text(boss, f"/money/cards/{card.pk}/lift", {})
    assert Block.objects.get().lifted_by


def test_store_credit_has_no_code_and_needs_its_member(store: World, boss: Client) -> None:
    fan = Member.objects.get(pk=store.member())
    form = {"market": store.cn.pk, "amount": "20", "why": "A late parcel", "to": fan.email}
    assert 'class="number code"' not in text(boss, "/money/cards/issue", form)
    assert Card.objects.get().member == fan
    assert "No member" in text(boss, "/money/cards/issue", form | {"to": "no@body.zz"}, status=422)
    assert "has an amount" in text(boss, "/money/cards/issue", form | {"amount": "0"}, status=422)
    assert Card.objects.count() == 1


# --- rates ---


def test_a_rate_counts_from_its_instant_on(store: World, boss: Client) -> None:
    kind = Kind.objects.get()
    form = {"market": store.cn.pk, "kind": kind.pk, "percent": "9", "since": local(store)}
    assert "is set" in text(boss, "/money/rates/tax", form)
    page = text(boss, "/money/rates/tax", form | {"percent": "6.5", "since": local(store, DAY)})
    assert "6.5%" in page
    assert "9%" in page
    assert sorted(TaxRate.objects.values_list("rate_bp", flat=True)) == [650, 900]
    assert "from then on" in text(boss, "/money/rates/tax", form | {"since": local(store, DAY)}, status=422)
    assert "is over" in text(boss, "/money/rates/tax", form | {"since": local(store, -DAY)}, status=422)


def test_delivery_costs_something_else_from_then_on(store: World, boss: Client) -> None:
    form = {"market": store.cn.pk, "code": "standard", "name_zh": "标准", "amount": "10", "free_from": "99",
            "since": local(store)}  # fmt: skip
    text(boss, "/money/rates/delivery", form)
    assert ShippingRate.objects.values_list("amount", "free_from").get() == (1_000, 9_900)
    assert "Finer" in text(boss, "/money/rates/delivery", form | {"amount": "1.001"}, status=422)


# --- at the door ---


def test_money_is_handed_over_and_parcels_come_back(store: World, boss: Client) -> None:
    paid, other = promised(store), promised(store)
    page = boss.get("/money/door/").content.decode()
    assert page.count('id="order-') == 2
    assert "under which" in text(boss, f"/money/door/{paid.order_id}/handed", {"amount": "x", "reference": "SF-1"})
    assert "is noted" in text(boss, f"/money/door/{paid.order_id}/handed", {"amount": "200", "reference": "SF-1"})
    assert "@" in Remittance.objects.get().by
    assert "Say why" in text(boss, f"/money/door/{other.order_id}/refused", {"reason": " "})
    assert "nothing is owed" in text(boss, f"/money/door/{other.order_id}/refused", {"reason": "nobody there"})


def test_what_a_provider_refuses_is_paid_by_bank(store: World, boss: Client) -> None:
    from setaria.trade.aftersales.take_back import Wish, take_back
    from setaria.trade.payments import refund

    payment = promised(store)
    handed(store, payment)
    take_back(Wish(new_id(), payment.order_id, {0: 2}, "broken", BY), now=store.now)
    refund.send_due(now=store.now)
    due = Refund.objects.get()
    assert f"/money/refunds/{due.pk}/paid" in boss.get("/money/").content.decode()
    assert "Say in a few words" in text(boss, f"/money/refunds/{due.pk}/paid", {"note": " "})
    assert "is noted as paid" in text(boss, f"/money/refunds/{due.pk}/paid", {"note": "By transfer."})
    assert Case.objects.get().resolved_at


# --- disputes ---


def test_a_dispute_is_ended_by_hand(store: World, boss: Client) -> None:
    hear("sandbox", [Quarrel("dp_1", "", 5_000, "CNY", Stand.HELD)], now=store.now)
    dispute = Dispute.objects.get()
    form = {"outcome": "lost", "fee": "15", "note": "No answer in time."}
    for wrong in ({"note": " "}, {"fee": "x"}, {"outcome": "drawn"}):
        assert "Say how it ended" in text(boss, f"/money/disputes/{dispute.pk}/end", form | wrong)
    assert "has ended" in text(boss, f"/money/disputes/{dispute.pk}/end", form)
    assert "already" in text(boss, f"/money/disputes/{dispute.pk}/end", form)
    dispute.refresh_from_db()
    assert (dispute.outcome, dispute.fee) == ("lost", 1_500)


# --- how much they ask ---


def test_as_many_queries_whatever_there_is(
    store: World, boss: Client, queries_of: Callable[[Client, str], int]
) -> None:
    fan = store.member()
    programme(store)
    pages = ["promotions/", f"points/{fan}/", "cards/", "rates/", "door/", "disputes/"]

    def more() -> None:
        for _ in range(3):
            one = Promotion.objects.create(
                market=store.cn, name={"en": "x"}, percent_bp=1, since=store.now, until=store.now + DAY
            )
            Code.objects.create(promotion=one, text=f"CODE-{one.pk}")
            issue(store.cn, 5, why="x", by="ada", now=store.now, member_id=fan)
            earned(store, fan, 10)
            promised(store)
            TaxRate.objects.create(
                market=store.cn, kind=store.kind, rate_bp=1, since=store.now + DAY * TaxRate.objects.count()
            )
            hear("sandbox", [Quarrel(str(new_id()), "", 5_000, "CNY", Stand.HELD)], now=store.now)

    more()
    few = {page: queries_of(boss, f"/money/{page}") for page in pages}
    more()
    assert {page: queries_of(boss, f"/money/{page}") for page in pages} == few
    assert max(few.values()) <= 14, few
    assert Payment.objects.count() == 6
