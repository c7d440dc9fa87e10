"""What visitors keep: nothing lost, nothing doubled, nothing without an end."""

from datetime import timedelta
from uuid import UUID

import hypothesis.strategies as st
import pytest
from django.db import IntegrityError
from hypothesis import given

from setaria.goods.catalog.models import Variant
from setaria.kernel.ids import new_id
from setaria.trade.baskets import forget, keep, rules
from setaria.trade.baskets.keep import Owner
from setaria.trade.baskets.merge import merge
from setaria.trade.baskets.models import Basket, Line, Share, Wish
from setaria.trade.baskets.queries import lines_of, units_of
from setaria.trade.baskets.rules import BASKET_LINES_MAX, LATER_LINES_MAX, Full, Kept, TooMany
from setaria.trade.baskets.share import SHARED_FOR, share
from setaria.trade.baskets.wishes import WISHES_MAX, unwish, wish, wishes_of
from setaria.trade.orders.requests import LINE_QUANTITY_MAX
from tests.races.together import MeetingPoint, together
from tests.world import OPENING, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)


def some(world: World, variant: Variant, units: int = 1) -> Kept:
    return Kept(variant.pk, units, 100, world.cn.pk, world.now)


def put(world: World, owner: Owner, *lines: Kept) -> UUID:
    return keep.put(owner, lines, now=world.now)


def units(owner: Owner) -> dict[str, int]:
    return {line.variant.sku: line.quantity for line in lines_of(owner) if not line.later}


def test_a_put_is_all_or_nothing(world: World) -> None:
    phone, case = world.thing("phone"), world.thing("case")
    owner = Owner(world.member())
    put(world, owner, some(world, phone, LINE_QUANTITY_MAX))
    with pytest.raises(TooMany):
        put(world, owner, some(world, case), some(world, phone))
    assert units(owner) == {"PHONE": LINE_QUANTITY_MAX}


def test_the_database_refuses_what_the_rules_would(world: World) -> None:
    basket = Basket.objects.create(pk=new_id(), touched_at=world.now)
    for quantity in (0, -1, LINE_QUANTITY_MAX + 1):
        with pytest.raises(IntegrityError):
            Line.objects.create(
                basket=basket, variant=world.thing(), quantity=quantity, seen_market=world.cn, put_at=world.now
            )


def test_an_order_is_taken_out_once_whatever_is_clicked(world: World) -> None:
    phone, owner = world.thing("phone"), Owner(world.member())
    put(world, owner, some(world, phone, 5))
    order = new_id()
    for _ in range(3):
        keep.take_out(owner, order, {phone.pk: 2}, now=world.now)
    assert units(owner) == {"PHONE": 3}
    keep.take_out(owner, new_id(), {phone.pk: 2, world.thing().pk: 1}, now=world.now)
    assert units(owner) == {"PHONE": 1}


def test_merging_joins_lines_wishes_and_links_once(world: World) -> None:
    phone, case, band = world.thing("phone"), world.thing("case"), world.thing("band")
    member = world.member()
    own = Owner(member)
    put(world, own, some(world, phone, 2), some(world, band))
    wish(own, phone.product_id, now=world.now)
    brought = Owner(basket_id=put(world, Owner(), some(world, phone, 3), some(world, case)))
    wish(brought, phone.product_id, now=world.now)
    wish(brought, case.product_id, now=world.now)
    share(brought, now=world.now)
    assert merge(brought.basket_id, member, now=world.now) == 0  # type: ignore[arg-type]
    assert merge(brought.basket_id, member, now=world.now) == 0  # type: ignore[arg-type]
    assert units(own) == {"PHONE": 3, "CASE": 1, "BAND": 1}
    assert units(brought) == {}
    assert {one.product_id for one in wishes_of(own)} == {phone.product_id, case.product_id}
    assert Share.objects.get().basket.member_id == member
    assert Basket.objects.count() == 1


def test_nobody_merges_an_accounts_basket_into_another(world: World) -> None:
    theirs, mine = Owner(world.member()), world.member()
    basket_id = put(world, theirs, some(world, world.thing()))
    merge(basket_id, mine, now=world.now)
    assert units_of(theirs) == 1
    assert units_of(Owner(mine)) == 0
    assert units_of(Owner(basket_id=basket_id)) == 0


LINES = st.dictionaries(
    st.integers(1, 160),
    st.tuples(st.integers(1, LINE_QUANTITY_MAX), st.booleans()),
    max_size=90,
)  # fmt: skip


def made(drawn: dict[int, tuple[int, bool]]) -> rules.Lines:
    standing = [key for key, (_, later) in drawn.items() if not later]
    return {
        key: Kept(key, quantity, 1, 1, OPENING + key * SECOND, later)
        for key, (quantity, later) in drawn.items()
        if later or key in standing[:BASKET_LINES_MAX]
    }


@given(LINES, LINES)
def test_a_merge_loses_and_doubles_nothing_within_the_limits(
    first: dict[int, tuple[int, bool]], second: dict[int, tuple[int, bool]]
) -> None:
    own, brought = made(first), made(second)
    joined, left_out = rules.merged(own, brought)
    assert len(joined) + left_out == len(own.keys() | brought.keys())
    assert sum(not line.later for line in joined.values()) <= BASKET_LINES_MAX
    assert sum(line.later for line in joined.values()) <= LATER_LINES_MAX
    for key, line in joined.items():
        wanted = [side[key] for side in (own, brought) if key in side]
        standing = [one for one in wanted if not one.later] or wanted
        assert line.quantity == max(one.quantity for one in standing)
    # What the account knew of as saved stays, before anything that is brought along.
    assert left_out == 0 or sum(line.later for line in joined.values()) == LATER_LINES_MAX
    # Once more changes nothing.
    again, _ = rules.merged(joined, {})
    assert again == joined


def test_a_basket_is_bounded(world: World) -> None:
    owner = Owner(world.member())
    things = [world.thing(price=None) for _ in range(BASKET_LINES_MAX + 1)]
    put(world, owner, *(some(world, thing) for thing in things[:-1]))
    with pytest.raises(Full):
        put(world, owner, some(world, things[-1]))
    assert keep.save_for_later(owner, things[0].pk, later=True, now=world.now)
    put(world, owner, some(world, things[-1]))
    with pytest.raises(Full):
        keep.save_for_later(owner, things[0].pk, later=False, now=world.now)
    assert len(units(owner)) == BASKET_LINES_MAX


def test_wishes_are_bounded_and_once(world: World) -> None:
    owner = Owner(basket_id=wish(Owner(), world.thing().product_id, now=world.now))
    product = world.thing().product_id
    for _ in range(2):
        wish(owner, product, now=world.now)
    assert len(wishes_of(owner)) == 2
    basket = Basket.objects.get()
    things = [world.thing(price=None).product_id for _ in range(WISHES_MAX - 2)]
    Wish.objects.bulk_create([Wish(basket=basket, product_id=one, put_at=world.now) for one in things])
    with pytest.raises(Full):
        wish(owner, world.thing().product_id, now=world.now)
    unwish(Owner(world.member()), product)  # somebody else's hand
    assert len(wishes_of(owner)) == WISHES_MAX
    unwish(owner, product)
    assert len(wishes_of(owner)) == WISHES_MAX - 1


# --- two at once ---


def added_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Two devices add to the same line, both after a look at it if nothing keeps them apart."""
    phone, owner = world.thing("phone"), Owner(world.member())
    put(world, owner, some(world, phone))
    MeetingPoint().before(monkeypatch, (rules, "put"))
    found = together(*[lambda: put(world, owner, some(world, phone))] * 2)
    assert all(isinstance(one, UUID) for one in found), found
    return units(owner)


def test_two_devices_add_to_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert added_at_once(world, monkeypatch) == {"PHONE": 3}


def test_twin_without_the_lock_one_add_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unlocked = """
        WITH made AS (
            INSERT INTO baskets_basket (id, member_id, touched_at, taken_for) VALUES (%(new)s, %(member)s, %(now)s, '{}')
            ON CONFLICT DO NOTHING RETURNING id
        )
        SELECT id FROM made UNION ALL SELECT id FROM baskets_basket WHERE member_id = %(member)s
    """
    monkeypatch.setattr(keep, "_LOCK_MEMBERS", unlocked)
    assert added_at_once(world, monkeypatch) == {"PHONE": 2}


def test_two_first_adds_make_one_basket(world: World) -> None:
    phone, case, member = world.thing("phone"), world.thing("case"), world.member()
    for _ in range(5):
        Basket.objects.all().delete()
        found = together(
            *[lambda thing=thing: put(world, Owner(member), some(world, thing)) for thing in (phone, case)]
        )
        assert len(set(found)) == 1, found
        assert units(Owner(member)) == {"PHONE": 1, "CASE": 1}


def merged_at_once(world: World) -> list[object]:
    phone, member = world.thing("phone"), world.member()
    brought = put(world, Owner(), some(world, phone, 3))
    put(world, Owner(member), some(world, phone, 1))
    found = together(*[lambda: merge(brought, member, now=world.now)] * 2)
    assert units(Owner(member)) == {"PHONE": 3}
    return found


def test_signing_in_twice_at_once_joins_once(world: World) -> None:
    assert merged_at_once(world) == [0, 0]


def test_an_add_while_signing_in_is_not_lost(world: World) -> None:
    phone, case, member = world.thing("phone"), world.thing("case"), world.member()
    for _ in range(5):
        Basket.objects.all().delete()
        brought = put(world, Owner(), some(world, phone))
        _, added = together(
            lambda: merge(brought, member, now=world.now),  # noqa: B023
            lambda: put(world, Owner(basket_id=brought), some(world, case)),  # noqa: B023
        )
        # Either it came before, and was joined; or after, and stands in the new basket its device was given.
        assert units(Owner(member)) | units(Owner(basket_id=added)) == {"PHONE": 1, "CASE": 1}


# --- what ends ---


def test_abandoned_baskets_end_and_used_ones_stay(world: World) -> None:
    phone = world.thing("phone")
    put(world, Owner(world.member()), some(world, phone))
    abandoned = Owner(basket_id=put(world, Owner(), some(world, phone)))
    wish(abandoned, phone.product_id, now=world.now)
    share(abandoned, now=world.now)
    used = Owner(basket_id=put(world, Owner(), some(world, phone)))
    world.later(forget.KEPT - SECOND)
    keep.touch(used, now=world.now)
    assert forget.forget_abandoned(world.now) == 0
    world.later(2 * SECOND)
    assert forget.forget_abandoned(world.now) == 1
    assert units_of(abandoned) == 0
    assert units_of(used) == 1
    assert Basket.objects.filter(member__isnull=False).count() == 1


def test_a_basket_in_use_is_passed_over(world: World) -> None:
    owner = Owner(basket_id=put(world, Owner(), some(world, world.thing())))
    later = world.now + forget.KEPT + timedelta(days=1)

    def use() -> int:
        with keep.locked(owner, later):
            found = together(lambda: forget.forget_abandoned(later))
        return int(found[0])

    assert use() == 0
    assert units_of(owner) == 1


def test_links_end(world: World) -> None:
    owner = Owner(world.member())
    put(world, owner, some(world, world.thing()))
    share(owner, now=world.now)
    world.later(SHARED_FOR)
    forget.forget_abandoned(world.now)
    assert Share.objects.count() == 0


def test_who_leaves_leaves_nothing_behind(world: World) -> None:
    member = world.member()
    owner = Owner(member)
    put(world, owner, some(world, world.thing()))
    wish(owner, world.thing().product_id, now=world.now)
    share(owner, now=world.now)
    forget.forget_member(member)
    assert [model.objects.count() for model in (Basket, Line, Wish, Share)] == [0, 0, 0, 0]
