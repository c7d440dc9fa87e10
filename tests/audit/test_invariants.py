"""Every invariant is broken on purpose, and the audit finds it, only it, and the offending key.

A new invariant without a breaker here fails `test_the_audit_finds_what_is_broken`.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date

import pytest
from django.db import connection
from tests.audit import back, chance, money, papers, telling
from tests.campaigns.conftest import held
from tests.guards import Unguarded
from tests.preorders.conftest import Queue
from tests.queues.room import buy, enter, in_order, opened, people, queued
from tests.races.together import together
from tests.tables import Kept, empty_tables
from tests.world import HOUR, MINUTE, SECOND, World

from setaria.goods.pricing.models import Price
from setaria.kernel.ids import new_id
from setaria.kernel.invariants import all_invariants, check_all
from setaria.people.members.models import Member
from setaria.sight.wall.event import current
from setaria.sight.wall.figures import Reader
from setaria.sight.wall.milestones import AMOUNTS
from setaria.site import audit
from setaria.trade.aftersales.models import Return
from setaria.trade.aftersales.take_back import Taken, Wish, take_back
from setaria.trade.books.accounts import Account, Source
from setaria.trade.books.models import Balance, Entry
from setaria.trade.books.record import record
from setaria.trade.drops.models import DropItem
from setaria.trade.guard import grant as guarding
from setaria.trade.guard import meet
from setaria.trade.guard.address import Origin
from setaria.trade.orders.models import Order, Settlement
from setaria.trade.payments import refund
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.preorders.models import Receipt, Slip, Supply
from setaria.trade.preorders.weeks import slip
from setaria.trade.reconciliation.models import Difference
from setaria.trade.webhooks.models import Event as Told


class Busy:
    """A world in which everything has happened once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.band, self.phone = world.thing("band", price=14900, stock=50), world.thing("phone", price=199900, stock=50)
        self.night = world.drop({self.phone: 10}, limit=2, opens_at=world.now + SECOND, closes_at=world.now + HOUR)
        self.chance = chance.Chance(world)
        self.overdue = world.placed(self.band)
        world.later(16 * MINUTE)
        world.expire()
        self.paid = world.placed((self.band, 2), self.phone)
        world.pay(self.paid)
        world.address(self.paid, "广东省")
        self.rushed = world.placed(self.phone, by=world.member(), drop=self.night)
        self.cancelled = world.placed(self.band)
        world.cancel(self.cancelled)
        world.pay(self.cancelled)
        self.refunds = refund.collect(now=world.now)
        self.chance.happen()
        self.unpaid = world.placed(self.band)
        policy = guarding.guard(self.night.pk)
        fan = Member.objects.get(pk=world.member())
        meet.meet(policy, fan, Origin(address=11, network=22), "", now=world.now)
        car = world.thing("car", price=AMOUNTS[0], stock=1)
        self.taken = world.placed(car)
        world.pay(self.taken)
        settled = Settlement.objects.get(order_id=self.taken.id)
        Payment.objects.create(
            id=settled.payment_id, order_id=self.taken.id, provider="sandbox", amount=settled.amount, currency="CNY",
            status="succeeded", started_at=world.now,
        )  # fmt: skip
        taken = take_back(Wish(new_id(), self.taken.id, {0: 1}, "broken", "staff@example.org"), now=world.now)
        assert isinstance(taken, Taken)
        Difference.objects.create(
            kind="theirs", provider="sandbox", what=1, reference="1", currency="CNY", theirs=1, found_at=world.now
        )
        Reader(current("cn", world.now)).read(world.now + 3 * SECOND)
        self.queue = Queue(world, deposit_amount=10_000, weeks=[(1, 8, date(2031, 12, 1)), (9, 10, date(2031, 12, 8))])
        self.programme = self.queue.programme
        self.places = self.queue.come(5)
        for place in self.places[:3]:
            self.queue.deposit(place)
        self.queue.deposit(self.places[3], 9_999)
        self.queue.supply(1)
        slip(self.programme, 1, date(2031, 12, 15), {"en": "The glass came late."}, now=world.now)
        self.money = money.Charged(world)
        self.papers = papers.Papers(world)
        self.campaign = held(world)
        self._waiting_rooms()
        self.back = back.Back(world)
        self.telling = telling.Telling(world)
        self.pool = self.night.pool_id
        self.warehouse = world.warehouse.id

    def keep_books(self) -> None:
        assert record(now=self.world.now + HOUR) > 5

    def _waiting_rooms(self) -> None:
        world = self.world
        self.tomorrow = queued(world, {self.band: 1})
        enter(world, self.tomorrow, world.member())
        self.room = queued(world, {self.band: 2}, offer_seconds=60, opens_at=world.now + SECOND)
        enter(world, self.room, *people(world, 5))
        before = world.now
        opened(world, self.room)
        self.first, missed, *self.waiting = in_order(self.room)
        self.by_turn = buy(world, self.room, self.first, self.band)
        world.pay(self.by_turn)
        world.later(2 * MINUTE)
        enter(world, self.room, missed, again=True)
        world.now = before


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1, f"breaks {cursor.rowcount} rows"


def movement(source: object, variant: int, location: int, step: int, kind: int, on_hand: int, held: int) -> None:
    """A movement, with its account's balance changed to match."""
    sql(
        "INSERT INTO inventory_movement"
        " (source_id, variant_id, location_id, step, kind, on_hand_change, held_change, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, now())",
        source, variant, location, step, kind, on_hand, held,
    )  # fmt: skip
    sql(
        "UPDATE inventory_account SET on_hand = on_hand + %s, held = held + %s"
        " WHERE variant_id = %s AND location_id = %s",
        on_hand, held, variant, location,
    )  # fmt: skip


Breaker = Callable[[Busy, Unguarded], object]
BREAKERS: dict[str, Breaker] = {}


def breaks(breaker: Breaker) -> Breaker:
    """Register a breaker under the name of the invariant it breaks; it returns the offending key's beginning."""
    BREAKERS[breaker.__name__] = breaker
    return breaker


@breaks
def guard_counts_pairs_once(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE guard_count SET number = number + 1 WHERE drop_id = %s AND measure = 5", busy.night.pk)
    return f"{busy.night.pk} 5 11"


@breaks
def stock_balances_are_their_movements(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE inventory_account SET on_hand = on_hand + 1 WHERE variant_id = %s AND location_id = %s",
        busy.band.id, busy.warehouse)  # fmt: skip
    return f"{busy.band.id} {busy.warehouse}"


@breaks
def stock_never_oversold(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("account_never_oversold")
    movement(new_id(), busy.band.id, busy.warehouse, 0, 8, -50, 0)
    return f"{busy.band.id} {busy.warehouse}"


@breaks
def holds_are_resolved_once(busy: Busy, _: Unguarded) -> object:
    movement(busy.overdue.id, busy.band.id, busy.warehouse, 4, 4, 0, 1)
    movement(busy.overdue.id, busy.band.id, busy.warehouse, 5, 5, 0, -1)
    return f"{busy.overdue.id} {busy.band.id} {busy.warehouse} 4"


@breaks
def transfers_lose_nothing(busy: Busy, _: Unguarded) -> object:
    source = new_id()
    movement(source, busy.band.id, busy.warehouse, 0, 3, 7, 0)
    return f"{source} {busy.band.id} 7"


@breaks
def one_price_at_a_time(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("price_one_at_a_time")
    first = Price.objects.filter(variant=busy.band).get()
    second = Price.objects.create(
        variant=busy.band, market_id=busy.world.cn.id, amount=1, valid=(busy.world.now + HOUR, None)
    )
    return f"{first.id} {second.id}"


@breaks
def order_total_adds_up(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE orders_order SET total = total + 1 WHERE id = %s", busy.unpaid.id)
    minute = busy.world.now.replace(second=0, microsecond=0)
    sql("UPDATE orders_minuteorders SET placed_amount = placed_amount + 1 WHERE minute = %s", minute)
    return busy.unpaid.id


@breaks
def lines_belong_to_orders(busy: Busy, _: Unguarded) -> object:
    nobody = new_id()
    sql("INSERT INTO orders_line (order_id, position, variant_id, location_id, quantity, unit_price)"
        " VALUES (%s, 0, %s, %s, 1, 14900)", nobody, busy.band.id, busy.warehouse)  # fmt: skip
    return nobody


@breaks
def living_orders_hold_their_stock(busy: Busy, _: Unguarded) -> object:
    nobody = new_id()
    movement(nobody, busy.band.id, busy.warehouse, 0, 4, 0, 1)
    return nobody


@breaks
def status_has_its_event(busy: Busy, _: Unguarded) -> object:
    Told.objects.filter(order_id=busy.overdue.id).delete()
    sql("DELETE FROM orders_event WHERE order_id = %s", busy.overdue.id)
    return busy.overdue.id


@breaks
def paid_once_and_in_full(busy: Busy, _: Unguarded) -> object:
    sql("DELETE FROM orders_settlement WHERE order_id = %s", busy.paid.id)
    Payment.objects.filter(order_id=busy.paid.id).delete()
    return busy.paid.id


@breaks
def a_payment_pays_one_order(busy: Busy, _: Unguarded) -> object:
    sql(
        "INSERT INTO orders_settlement SELECT %s, payment_id, provider, 1, currency, 3, at FROM orders_settlement "
        "WHERE order_id = %s",
        busy.rushed.id, busy.paid.id,
    )  # fmt: skip
    return f"{Settlement.objects.get(order_id=busy.paid.id).payment_id} 2"


@breaks
def claims_are_living_orders(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE orders_claim SET quantity = 0 WHERE drop_id = %s", busy.night.id)
    customer = Order.objects.get(pk=busy.rushed.id).customer_id
    return f"{customer} {busy.night.id} {busy.phone.id} 0 1"


@breaks
def prices_were_the_price_book(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("price_past_is_fixed")
    sql("UPDATE pricing_price SET amount = 1 WHERE variant_id = %s", busy.phone.id)
    return busy.paid.id


@breaks
def nothing_sold_before_opening(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE drops_drop SET opens_at = %s WHERE id = %s", busy.world.now + SECOND, busy.night.id)
    return busy.rushed.id


@breaks
def orders_are_of_known_people_and_channels(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE orders_order SET customer_id = 987654321 WHERE id = %s", busy.unpaid.id)
    return f"{busy.unpaid.id} 987654321"


@breaks
def order_counters_are_the_orders(busy: Busy, _: Unguarded) -> object:
    minute = busy.overdue.pay_by - 15 * MINUTE
    sql("UPDATE orders_minuteorders SET placed_orders = placed_orders + 1 WHERE minute = %s", minute)
    return f"{minute} {busy.world.cn.id} {busy.world.web.id} 2"


@breaks
def unit_counters_are_the_lines(busy: Busy, _: Unguarded) -> object:
    minute = busy.overdue.pay_by - 15 * MINUTE
    sql("UPDATE orders_minuteunits SET placed_units = 0 WHERE minute = %s", minute)
    return f"{minute} {busy.world.cn.id} {busy.world.web.id} {busy.band.product_id} 0"


@breaks
def region_counters_are_the_destinations(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE orders_minuteregions SET paid_orders = 2")
    minute = busy.world.now.replace(second=0, microsecond=0)
    return f"{minute} {busy.world.cn.id} CN 广东省 2"


@breaks
def milestones_agree_with_the_orders(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("milestone_stands")
    sql("UPDATE wall_milestone SET order_id = %s", busy.rushed.id)
    return f"{busy.world.cn.id} "


@breaks
def refunds_are_owed(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE payments_refund SET amount = amount + 1 WHERE return_id IS NULL")
    return ""


@breaks
def returns_are_within_sales(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("returned_within_sold")
    sql("INSERT INTO aftersales_returnedline (order_id, return_id, position, quantity, restocked)"
        " VALUES (%s, %s, 0, 2, false)", busy.taken.id, new_id())  # fmt: skip
    return f"{busy.taken.id} 0 3 1"


@breaks
def returns_are_refunded(busy: Busy, unguarded: Unguarded) -> object:
    made = Return.objects.get(order_id=busy.taken.id)
    sql("UPDATE payments_refund SET amount = amount - 1 WHERE return_id = %s", made.pk)
    return f"{made.pk} {busy.taken.id} {made.amount} {made.amount} {made.amount - 1}"


@breaks
def differences_are_signed(busy: Busy, _: Unguarded) -> object:
    sql("INSERT INTO reconciliation_difference (kind, provider, what, reference, currency, found_at, resolved_at,"
        " resolved_by, note) VALUES ('ours', 'sandbox', 1, 'x', 'CNY', now(), now(), '', 'because')")  # fmt: skip
    return ""


@breaks
def payments_that_succeeded_are_settled(busy: Busy, _: Unguarded) -> object:
    attempt = new_id()
    sql("INSERT INTO payments_payment (id, order_id, purpose, provider, amount, currency, status, started_at, reference,"
        " asked) VALUES (%s, %s, 'order', 'sandbox', 1, 'CNY', 'succeeded', now(), '', 0)", attempt, busy.unpaid.id)  # fmt: skip
    return f"{attempt} {busy.unpaid.id}"


@breaks
def drops_sell_from_their_pool_only(busy: Busy, _: Unguarded) -> object:
    DropItem.objects.filter(drop=busy.night).delete()
    return f"{busy.rushed.id} {busy.phone.id}"


def book(busy: Busy, source: Source, source_id: object, order_id: object, debit: Account, credit: Account) -> None:
    """An entry of 7, balanced, that nothing happened for."""
    month, market = "2031-11-01", busy.world.cn.id
    sql("INSERT INTO books_entry (source, source_id, order_id, at, month, market_id, note, entered_at, entered_by)"
        " VALUES (%s, %s, %s, now(), %s, %s, '', now(), '')", source, source_id, order_id, month, market)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO books_posting (source, source_id, line, account, month, market_id, currency, kind_id, provider,"
            " amount) SELECT %s, %s, line, account, %s, %s, 'CNY', 0, '', amount"
            " FROM (VALUES (0, %s, 7), (1, %s, -7)) AS v (line, account, amount)",
            [source, source_id, month, market, debit, credit],
        )


@breaks
def paid_orders_owe_nothing(busy: Busy, _: Unguarded) -> object:
    busy.keep_books()
    book(busy, Source.CREDIT, new_id(), busy.paid.id, Account.DEPOSITS, Account.CUSTOMERS)
    return f"{busy.paid.id} -7"


@breaks
def returning_is_what_is_due(busy: Busy, _: Unguarded) -> object:
    busy.keep_books()
    payment = Refund.objects.get(order_id=busy.cancelled.id).payment_id
    book(busy, Source.DEPOSIT_ENDED, payment, busy.cancelled.id, Account.DEPOSITS, Account.RETURNING)
    return f"{busy.cancelled.id} None 7"


@breaks
def entries_balance(busy: Busy, _: Unguarded) -> object:
    nothing = new_id()
    sql("INSERT INTO books_entry (source, source_id, at, month, market_id, note, entered_at, entered_by)"
        " VALUES (20, %s, now(), '2031-11-01', %s, 'why', now(), 'who')", nothing, busy.world.cn.id)  # fmt: skip
    return f"{Source.CORRECTION.value} {nothing} None 0"


@breaks
def balances_are_the_postings(busy: Busy, _: Unguarded) -> object:
    busy.keep_books()
    month = Balance.objects.filter(account=Account.TAX).get().month
    sql("UPDATE books_balance SET credit = credit + 1 WHERE account = %s", Account.TAX)
    return f"{Account.TAX.value} {month} {busy.world.cn.id} CNY {busy.world.kind.id}"


@breaks
def money_is_in_the_books(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("posting_of_an_entry", "refuse")
    busy.keep_books()
    entry = Entry.objects.filter(source=Source.DEPOSIT).first()
    assert entry is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE books_posting DISABLE TRIGGER refuse; ALTER TABLE books_entry DISABLE TRIGGER refuse"
        )
        cursor.execute(
            "UPDATE books_posting SET source_id = %s WHERE source = 4 AND source_id = %s",
            [other := new_id(), entry.source_id],
        )
        cursor.execute(
            "UPDATE books_entry SET source_id = %s WHERE source = 4 AND source_id = %s", [other, entry.source_id]
        )
        cursor.execute("ALTER TABLE books_posting ENABLE TRIGGER refuse; ALTER TABLE books_entry ENABLE TRIGGER refuse")
    return f"{Source.DEPOSIT.value} {entry.source_id} "


@breaks
def place_numbers_have_no_gaps(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE preorders_place SET number = 7 WHERE number = 5")
    return f"{busy.programme.id} 5 5 7"


@breaks
def places_keep_to_the_promise(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE preorders_programme SET places_living = 4")
    return f"{busy.programme.id} 4 5"


@breaks
def places_within_the_limit(busy: Busy, _: Unguarded) -> object:
    customer = busy.places[1].customer_id
    sql("UPDATE preorders_place SET customer_id = %s, nth = 2 WHERE number = 3", customer)
    return f"{customer} {busy.programme.id} 2 2 1"


@breaks
def programmes_orders_are_their_places(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE preorders_place SET customer_id = %s WHERE number = 1", busy.world.member())
    return busy.places[0].id


@breaks
def nobody_is_passed_over(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE preorders_place SET state = 3, called_in = 2 WHERE number = 3")
    return f"{busy.places[1].id} 2 3 2"


@breaks
def supplies_are_in_the_pool(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE preorders_supply SET units = units + 1")
    return Supply.objects.get().id


@breaks
def deposits_are_held_by_their_places(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE preorders_place SET state = 2, stood_after = 0 WHERE number = 5")
    return busy.places[4].id


@breaks
def applied_deposits_are_credits(busy: Busy, _: Unguarded) -> object:
    sql("DELETE FROM orders_credit WHERE means = 1")
    return busy.places[0].id


@breaks
def deposits_add_up(busy: Busy, _: Unguarded) -> object:
    payment = Receipt.objects.get(place_id=busy.places[1].id).payment_id
    sql("INSERT INTO orders_settlement (order_id, payment_id, provider, amount, currency, outcome, at)"
        " VALUES (%s, %s, 'sandbox', 10000, 'CNY', 3, now())", busy.unpaid.id, payment)  # fmt: skip
    return payment


@breaks
def slips_are_told(busy: Busy, _: Unguarded) -> object:
    nobody = new_id()
    sql("INSERT INTO preorders_notice (slip_id, place_id, at) VALUES (%s, %s, now())", Slip.objects.get().id, nobody)
    return f"{Slip.objects.get().id} {nobody}"


@breaks
def every_queued_drop_has_its_room(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE drops_drop SET admission = 'queue' WHERE id = %s", busy.night.id)
    return busy.night.id


@breaks
def a_seed_is_what_was_published(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE queues_queue SET seed_hash = repeat('0', 64) WHERE drop_id = %s", busy.tomorrow.id)
    return busy.tomorrow.id


@breaks
def queue_numbers_have_no_gaps(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE queues_waiter SET number = number + 1 WHERE drop_id = %s AND number = 6", busy.room.id)
    return f"{busy.room.id} 6 6 7"


@breaks
def places_are_people(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE queues_queue SET places = places + 1 WHERE drop_id = %s", busy.tomorrow.id)
    return f"{busy.tomorrow.id} 2 1 0"


@breaks
def early_ones_stand_as_the_seed_says(busy: Busy, _: Unguarded) -> object:
    third, fourth, _fifth = busy.waiting
    for customer, number in ((third, 99), (fourth, 3), (third, 4)):
        sql("UPDATE queues_waiter SET number = %s WHERE drop_id = %s AND customer_id = %s",
            number, busy.room.id, customer)  # fmt: skip
    return busy.room.id


@breaks
def waves_are_what_was_admitted(busy: Busy, _: Unguarded) -> object:
    sql("UPDATE queues_wave SET through = through + 1 WHERE drop_id = %s AND first = 1", busy.room.id)
    return f"{busy.room.id} 2 3"


@breaks
def nobody_orders_before_their_turn(busy: Busy, _: Unguarded) -> object:
    # The order changes hands, to somebody who waits.
    sql("UPDATE orders_order SET customer_id = %s WHERE id = %s", busy.waiting[0], busy.by_turn.id)
    sql("UPDATE orders_claim SET customer_id = %s WHERE drop_id = %s", busy.waiting[0], busy.room.id)
    return f"{busy.by_turn.id} {busy.waiting[0]}"


@breaks
def campaign_drops_lie_in_its_days(busy: Busy, _: Unguarded) -> object:
    sql("INSERT INTO campaigns_entry (drop_id, campaign_id) VALUES (%s, %s)", busy.night.id, busy.campaign.id)
    return f"{busy.campaign.slug} {busy.night.slug}"


@breaks
def campaigns_are_approved_by_a_second_person(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("campaign_approved_by_a_second_person")
    sql("UPDATE campaigns_campaign SET approved_by_id = planned_by_id")
    return f"{busy.campaign.slug} 4"


@breaks
def campaign_steps_go_forward(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("campaign_step_is_immutable")
    sql("DELETE FROM campaigns_step WHERE status = 2")
    return f"{busy.campaign.slug} 1 4 4 3"


@breaks
def messages_are_approved_by_a_second_person(busy: Busy, unguarded: Unguarded) -> object:
    unguarded("message_approved_by_a_second_person")
    sql("UPDATE campaigns_message SET approved_by_id = written_by_id")
    return ""


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker) -> Iterator[tuple[Busy, Kept]]:
    """The busy world, built once: it takes a second of a processor, and a hundred tests break it."""
    with django_db_blocker.unblock():
        busy = Busy(World())
        kept = Kept()
        empty_tables()
        yield busy, kept
        kept.forget()


@pytest.fixture
def busy(built: tuple[Busy, Kept], transactional_db: None) -> Busy:
    busy, kept = built
    kept.put_back()
    return deepcopy(busy)


for _name, _breaker in chance.BREAKERS.items():
    BREAKERS[_name] = lambda busy, unguarded, breaker=_breaker: breaker(busy.chance, unguarded)
for _name, _breaker in telling.BREAKERS.items():
    BREAKERS[_name] = lambda busy, unguarded, breaker=_breaker: breaker(busy.telling, unguarded)

for _name, _writing in papers.BREAKERS.items():
    BREAKERS[_name] = lambda busy, unguarded, breaker=_writing: breaker(busy.papers, unguarded)
for _name, _taking in money.BREAKERS.items():
    BREAKERS[_name] = lambda busy, unguarded, breaker=_taking: breaker(busy.money, unguarded)

for _name, _giving in back.BREAKERS.items():
    BREAKERS[_name] = lambda busy, unguarded, breaker=_giving: breaker(busy.back, unguarded)

NAMES = [invariant.name for invariant in all_invariants()]


def test_invariants_are_named_once_and_say_something() -> None:
    assert len(set(NAMES)) == len(NAMES) > 15
    assert all(invariant.says.endswith(".") for invariant in all_invariants())


def test_nothing_is_found_where_nothing_is_broken_and_every_invariant_looked_at_something(busy: Busy) -> None:
    busy.keep_books()
    findings = list(check_all())
    assert [finding.name for finding in findings] == NAMES
    assert {finding.name: finding.offenders for finding in findings if not finding.holds} == {}
    assert [finding.name for finding in findings if finding.rows == 0] == []
    assert busy.refunds == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_audit_finds_what_is_broken(name: str, busy: Busy, unguarded: Unguarded) -> None:
    assert name in BREAKERS, "A new invariant needs a breaker: how else would we know that it can see?"
    key = str(BREAKERS[name](busy, unguarded))
    found = busy.world.breaches()
    assert list(found) == [name], found
    assert any(offender.startswith(key) for offender in found[name]), (key, found)


def test_the_audit_prints_and_exits_0_when_all_is_well(busy: Busy, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main() == 0
    printed = capsys.readouterr().out
    assert f"{len(NAMES)} invariants checked, 0 broken." in printed
    assert all(name in printed for name in NAMES)


def test_the_audit_prints_the_offending_key_and_exits_1(busy: Busy, capsys: pytest.CaptureFixture[str]) -> None:
    status_has_its_event(busy, Unguarded())
    assert audit.main() == 1
    printed = capsys.readouterr().out
    assert f"{len(NAMES)} invariants checked, 1 broken." in printed
    assert str(busy.overdue.id) in printed


@pytest.mark.parametrize("broken", [False, True])
def test_the_audit_speaks_json(busy: Busy, broken: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if broken:
        status_has_its_event(busy, Unguarded())
    assert audit.main(json=True) == int(broken)
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == NAMES
    assert all(row.keys() == {"name", "says", "rows", "seconds", "holds", "offenders"} for row in rows)
    assert [row["name"] for row in rows if not row["holds"]] == ["status_has_its_event"] * broken
    offenders = [row["offenders"] for row in rows if row["offenders"]]
    assert offenders == [[f"{busy.overdue.id} 3 None"]] * broken


def test_the_audit_sees_one_instant(busy: Busy) -> None:
    # While it is looking, an order is placed on another connection; it sees neither half of it.
    ask = busy.world.ask(busy.band)
    checking = check_all()
    seen = [next(checking)]
    assert together(lambda: busy.world.codes(ask)) == [["PLACED"]]
    seen += list(checking)
    rows = {finding.name: finding.rows for finding in seen}
    assert rows["order_total_adds_up"] == Order.objects.count() - 1
    assert all(finding.holds for finding in seen)


def test_at_most_twenty_offenders_are_named(broken_world: World) -> None:
    band = broken_world.thing(stock=30)
    broken_world.place(*[broken_world.ask(band, by=12345) for _ in range(25)])
    assert [len(found) for found in broken_world.breaches().values()] == [20]
