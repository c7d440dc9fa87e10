"""Being told: only who confirmed, exactly once, when it is true, and never again after a no."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from setaria.goods.catalog.models import Product, Variant
from setaria.people.notices.models import Message
from setaria.trade.alerts import ask, tell
from setaria.trade.alerts.ask import ALERTS_MAX, ASKS_MAX, Full, Wanted, confirm, stop, stop_all
from setaria.trade.alerts.models import Alert
from setaria.trade.alerts.tell import KEPT, LEAD, TOLD_KEPT, UNCONFIRMED_KEPT, due_back, due_drops, tell_some
from setaria.trade.drops.models import Drop
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import HOUR, MINUTE, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)


def path_of(alert_id: UUID) -> str:
    return f"/alerts/{alert_id}/"


def want(
    world: World, about: Variant | Drop, email: str = "fan@example.org", *, known: bool = True, **how: Any
) -> None:
    what = {"drop_id": about.pk} if isinstance(about, Drop) else {"variant_id": about.pk}
    how.setdefault("origin", "")
    ask.ask(Wanted(world.web.pk, email, "en", known=known, **what, **how), path_of, now=world.now)


def told(world: World) -> int:
    back = tell_some(due_back(world.now), "alert_back", path_of, now=world.now)
    return back + tell_some(due_drops(world.now), "alert_drop", path_of, now=world.now)


def messages(template: str = "alert_back") -> int:
    return Message.objects.filter(template=template).count()


def test_who_waits_is_told_once_when_it_is_back(world: World) -> None:
    phone = world.thing("phone")
    want(world, phone)
    assert told(world) == 0
    world.receive(phone, 1)
    assert told(world) == 1
    assert told(world) == 0
    assert messages() == 1
    # Told is told: the next time is another wish.
    world.placed(phone)
    want(world, phone)
    assert told(world) == 0
    world.receive(phone, 1)
    assert told(world) == 1
    assert messages() == 2


def test_units_that_are_held_or_elsewhere_or_not_for_sale_are_not_back(world: World) -> None:
    phone, unpriced = world.thing("phone", stock=1), world.thing("unpriced", price=None, stock=1)
    order = world.placed(phone)
    want(world, phone)
    want(world, unpriced)
    world.receive(phone, 5, at=world.us_warehouse)
    assert told(world) == 0
    Product.objects.update(published=False)
    world.cancel(order)
    assert told(world) == 0
    Product.objects.update(published=True)
    assert told(world) == 1


def test_an_expired_order_brings_it_back(world: World) -> None:
    phone = world.thing("phone", stock=1)
    world.placed(phone)
    want(world, phone)
    world.later(16 * MINUTE)
    world.expire()
    assert told(world) == 1


def test_an_unconfirmed_address_is_asked_and_nothing_else(world: World) -> None:
    phone = world.thing("phone")
    want(world, phone, known=False)
    world.receive(phone, 1)
    assert told(world) == 0
    assert (messages("alert_confirm"), messages()) == (1, 0)
    assert confirm(Alert.objects.get().pk, now=world.now)
    assert confirm(Alert.objects.get().pk, now=world.now)
    assert told(world) == 1
    assert not confirm(Alert.objects.get().pk, now=world.now)


def test_asking_again_asks_a_few_times_only_and_not_at_once(world: World) -> None:
    phone = world.thing("phone")
    for _ in range(3):
        want(world, phone, known=False)
    assert messages("alert_confirm") == 1
    for _ in range(ASKS_MAX + 2):
        world.later(HOUR)
        want(world, phone, "  FAN@example.org ", known=False)
    assert messages("alert_confirm") == ASKS_MAX
    assert Alert.objects.count() == 1


def test_nobody_is_flooded_with_questions(world: World) -> None:
    things = [world.thing() for _ in range(ask.UNCONFIRMED_PER_EMAIL_MAX + 3)]
    for thing in things:
        want(world, thing, known=False)
    assert messages("alert_confirm") == ask.UNCONFIRMED_PER_EMAIL_MAX
    for number in range(ask.UNCONFIRMED_PER_ORIGIN_MAX + 3):
        want(world, things[0], f"other-{number}@example.org", known=False, origin="there")
    assert messages("alert_confirm") == ask.UNCONFIRMED_PER_EMAIL_MAX + ask.UNCONFIRMED_PER_ORIGIN_MAX
    world.later(ask.WITHIN)
    want(world, things[0], "late@example.org", known=False, origin="there")
    assert Alert.objects.filter(email="late@example.org").exists()


def test_an_address_waits_for_so_many_things(world: World) -> None:
    phone, case = world.thing(price=None), world.thing(price=None)
    variants = [Variant(product=phone.product, sku=f"V{n}", name={"en": "v"}) for n in range(ALERTS_MAX)]
    for variant in Variant.objects.bulk_create(variants):
        want(world, variant)
    with pytest.raises(Full):
        want(world, case)
    want(world, variants[0])  # what one waits for already may be asked for again
    assert Alert.objects.count() == ALERTS_MAX


def test_a_drop_is_told_of_before_it_opens_and_once(world: World) -> None:
    night = world.drop({world.thing(stock=5): 5}, opens_at=world.now + HOUR)
    want(world, night)
    assert told(world) == 0
    world.later(HOUR - LEAD)
    assert told(world) == 1
    want(world, night)
    world.later(LEAD)
    assert told(world) == 0
    assert messages("alert_drop") == 1


def test_a_worker_that_was_away_tells_late_but_not_too_late(world: World) -> None:
    night, past = [
        world.drop({world.thing(stock=5): 5}, opens_at=world.now + HOUR, closes_at=world.now + end)
        for end in (3 * HOUR, 2 * HOUR)
    ]
    want(world, night)
    want(world, past)
    world.later(2 * HOUR + SECOND)
    assert told(world) == 1


def test_a_no_is_a_no(world: World) -> None:
    phone, case = world.thing("phone"), world.thing("case")
    want(world, phone)
    want(world, case)
    want(world, phone, "other@example.org")
    stop(Alert.objects.get(variant=case).pk)
    assert stop_all("FAN@example.org ") == 1
    world.receive(phone, 1)
    world.receive(case, 1)
    assert told(world) == 1
    assert Message.objects.get().recipient == "other@example.org"


def test_links_are_sealed(world: World) -> None:
    want(world, world.thing())
    alert = Alert.objects.get()
    key = ask.key_from("secret")
    assert ask.alert_of(key, ask.token_of(key, alert.pk)) == alert
    assert ask.alert_of(ask.key_from("another"), ask.token_of(key, alert.pk)) is None
    for rubbish in ("", "x", "A" * len(ask.token_of(key, alert.pk)), "é" * 44):
        assert ask.alert_of(key, rubbish) is None


def test_what_is_over_is_forgotten(world: World) -> None:
    phone, case = world.thing("phone"), world.thing("case")
    want(world, phone)
    want(world, case, "slow@example.org", known=False)
    want(world, case)
    world.receive(phone, 1)
    told(world)
    assert tell.forget(world.now + UNCONFIRMED_KEPT) == 0
    assert tell.forget(world.now + UNCONFIRMED_KEPT + SECOND) == 1
    assert tell.forget(world.now + TOLD_KEPT + SECOND) == 1
    assert tell.forget(world.now + KEPT + SECOND) == 1


def test_the_database_knows_what_an_alert_is(world: World) -> None:
    phone = world.thing()
    night = world.drop({world.thing(stock=1): 1}, opens_at=world.now + HOUR)
    common = {"channel": world.web, "email": "a@b.example", "language": "en", "origin": "", "asked_at": world.now}
    for wrong in ({}, {"variant": phone, "drop": night}, {"variant": phone, "told_at": world.now}):
        with pytest.raises(IntegrityError):
            Alert.objects.create(pk=UUID(int=1), **common, **wrong)


# --- two at once, and a crash ---


def told_by_two(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    phone = world.thing("phone")
    want(world, phone)
    world.receive(phone, 1)
    MeetingPoint().before(monkeypatch, (tell, "write"))
    found = together(*[lambda: tell_some(due_back(world.now), "alert_back", path_of, now=world.now)] * 2)
    assert all(isinstance(one, int) for one in found), found
    return messages()


def test_two_workers_tell_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told_by_two(world, monkeypatch) == 1


def test_twin_without_lock_and_key_two_workers_tell_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    unguarded("message_once")
    monkeypatch.setattr(tell, "_locked", lambda due: due)
    assert told_by_two(world, monkeypatch) == 2


def test_the_key_alone_would_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell, "_locked", lambda due: due)
    assert told_by_two(world, monkeypatch) == 1


def test_a_crash_before_the_commit_tells_nobody_and_forgets_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = world.thing("phone")
    want(world, phone)
    world.receive(phone, 1)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tell, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            told(world)
    assert messages() == 0
    assert told(world) == 1
    assert messages() == 1


def asked_by_two(world: World) -> int:
    phone = world.thing("phone")
    together(*[lambda: want(world, phone, known=False)] * 2)
    return messages("alert_confirm")


def test_two_clicks_ask_once(world: World) -> None:
    assert asked_by_two(world) == 1


def test_twin_without_the_constraint_two_clicks_ask_twice(
    world: World, unguarded: Unguarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded("alert_of_variant_once")
    MeetingPoint().before(monkeypatch, (ask, "_ask_to_confirm"))
    phone = world.thing("phone")
    together(*[lambda: want(world, phone, known=False)] * 2)
    assert Alert.objects.count() == 2
