"""Draws and codes in the same instant from two connections: the guard, and the twin without it."""

from typing import Any

import pytest
from django.db import IntegrityError, connection

from setaria.trade.draws import draw as drawing
from setaria.trade.draws import enter as entering
from setaria.trade.draws import offer as offering
from setaria.trade.draws.models import Draw, Entry, Offer
from setaria.trade.friendcodes import give as giving
from setaria.trade.friendcodes import spend as spending
from setaria.trade.friendcodes.models import Attempt, Code
from setaria.trade.orders import settle as settling
from tests.draws.night import Night as DrawNight
from tests.friendcodes.night import Night as CodeNight
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.world import HOUR, SECOND, World

# --- entering ---


def test_one_who_enters_twice_at_once_is_in_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = DrawNight(world)
    fan = world.member()
    meet = MeetingPoint().before(monkeypatch, (entering, "_write"))
    assert together(*[lambda: night.enter(fan)] * 2) == [["ENTERED"]] * 2
    assert (meet.all_met, Entry.objects.count()) == (True, 1)


def test_twin_without_the_key_they_are_in_twice(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    night = DrawNight(broken_world)
    fan = broken_world.member()
    unguarded("draws_entry_pkey", "entry_pseudonym_once")
    monkeypatch.setattr(entering, "_ENTER", entering._ENTER.partition("ON CONFLICT")[0])
    MeetingPoint().before(monkeypatch, (entering, "_write"))
    together(*[lambda: night.enter(fan)] * 2)
    assert Entry.objects.count() == 2
    assert list(broken_world.breaches()) == ["one_entry_a_customer"]


# --- the closing instant ---


def entry_while_sealing(night: DrawNight, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One enters in the last microsecond and is slow; meanwhile the list is sealed."""
    world = night.world
    fan = world.member()
    last = night.draw.closes_at - SECOND
    MeetingPoint().before(monkeypatch, (entering, "_write"), (drawing, "lines"))
    return together(
        lambda: entering.enter([entering.Wish(night.id, fan, night.phone.id)], now=last)[0].value,
        lambda: drawing.seal(night.id, now=night.draw.closes_at),
    )


def test_an_entry_at_the_closing_instant_is_in_the_list_or_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = DrawNight(world)
    night.fans(2)
    said, sealed = entry_while_sealing(night, monkeypatch)
    entries = Entry.objects.count()
    assert sealed is True
    assert (said, entries) in {("ENTERED", 3), ("CLOSED", 2)}
    assert Draw.objects.get().entries_count == entries


def test_twin_without_the_lock_an_entry_is_written_that_the_list_does_not_have(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    night = DrawNight(broken_world)
    night.fans(2)
    assert "FOR SHARE" in entering._LOCK
    monkeypatch.setattr(entering, "_LOCK", entering._LOCK.replace("FOR SHARE", ""))
    unguarded("draw_list_is_sealed")
    _late_entry(night, monkeypatch)
    assert Entry.objects.count() == Draw.objects.get().entries_count + 1
    assert list(broken_world.breaches()) == ["draw_list_is_the_sealed_one"]


def test_twin_without_the_lock_the_trigger_still_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = DrawNight(world)
    night.fans(2)
    monkeypatch.setattr(entering, "_LOCK", entering._LOCK.replace("FOR SHARE", ""))
    assert isinstance(_late_entry(night, monkeypatch), IntegrityError)
    assert Entry.objects.count() == 2


def _late_entry(night: DrawNight, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Enter, and let the list be sealed between looking and writing."""
    fan = night.world.member()
    write = entering._write

    def seal_first(*params: Any) -> None:
        assert together(lambda: drawing.seal(night.id, now=night.draw.closes_at)) == [True]
        write(*params)

    monkeypatch.setattr(entering, "_write", seal_first)
    (said,) = together(
        lambda: entering.enter([entering.Wish(night.id, fan, night.phone.id)], now=night.draw.closes_at - SECOND)
    )
    return said


# --- sealing and drawing by two workers ---


def test_two_workers_seal_and_draw_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = DrawNight(world)
    night.fans(5)
    night.close()
    assert sorted(together(*[lambda: drawing.seal(night.id, now=world.now)] * 2)) == [False, True]
    MeetingPoint().before(monkeypatch, (drawing, "seed_from"))
    assert sorted(together(*[lambda: drawing.draw(night.id, now=world.now)] * 2)) == [False, True]
    assert Offer.objects.count() == 2


def test_twin_without_the_guard_the_keys_and_triggers_still_refuse(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = DrawNight(world)
    night.fans(5)
    night.close()
    drawing.seal(night.id, now=world.now)
    monkeypatch.setattr(drawing, "_DRAW", drawing._DRAW.replace("drawn_at IS NULL AND", ""))
    first, second = [together(lambda n=n: drawing.draw(night.id, now=world.now + n * SECOND))[0] for n in range(2)]
    assert first is True
    assert isinstance(second, IntegrityError)


def test_places_are_passed_on_by_one_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = DrawNight(world)
    night.fans(6)
    night.run()
    night.open()
    world.later(HOUR + 30 * SECOND)
    MeetingPoint().before(monkeypatch, (offering, "offer_places"))
    assert sorted(together(*[lambda: night.pass_on()] * 2)) == [0, 2]
    assert Offer.objects.count() == 4


def test_twin_without_the_lock_the_keys_still_refuse(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = DrawNight(world)
    night.fans(6)
    night.run()
    night.open()
    world.later(HOUR + 30 * SECOND)
    with connection.cursor() as cursor:  # the offers have ended; two workers hand out the places without a lock
        cursor.execute(offering._END, {"draw": night.id, "late": world.now - offering.GRACE_SECONDS * SECOND})
    meet = MeetingPoint().before(monkeypatch, (offering, "offered_until"))
    said = together(*[lambda: offering.offer_places(night.id, world.now)] * 2)
    assert meet.all_met
    assert Offer.objects.count() == 4
    # One of two inserts of the same rows at once is refused, unless they came one after the other.
    assert all(one in (0, 2) or isinstance(one, IntegrityError) for one in said)


def test_a_winner_in_two_tabs_has_one_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = DrawNight(world)
    night.fans(2)
    night.run()
    winner = night.ranks()[0]
    meet = MeetingPoint().before(monkeypatch, (offering, "new_id"))
    first, second = together(*[lambda: night.leave(winner)] * 2)
    assert meet.all_met
    assert first == second is not None


# --- one code, two people ---


def spending_at_once(night: CodeNight, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], MeetingPoint]:
    _, text = night.code()
    fans = [night.world.member(), night.world.member()]
    meet = MeetingPoint().before(monkeypatch, (spending, "_write"))
    return together(*[lambda fan=fan: night.spend(text, fan).value for fan in fans]), meet


def test_a_code_is_spent_by_one_of_two(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    said, meet = spending_at_once(CodeNight(world), monkeypatch)
    assert (sorted(said), meet.all_met) == (["SPENT", "USED"], False)


def test_twin_without_the_lock_both_are_told_it_is_theirs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "_CODES", spending._CODES.replace("FOR NO KEY UPDATE OF code", ""))
    said, meet = spending_at_once(CodeNight(world), monkeypatch)
    assert (said, meet.all_met) == (["SPENT", "SPENT"], True)  # and the guarded update gave it to one only
    assert Code.objects.exclude(spent_by=None).count() == 1


def test_one_member_with_two_codes_at_once_spends_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = CodeNight(world)
    texts, fan = [night.code()[1] for _ in range(2)], world.member()
    MeetingPoint().before(monkeypatch, (spending, "_write"))
    said = together(*[lambda text=text: night.spend(text, fan).value for text in texts])
    assert sorted(said) == ["ALREADY_IN", "SPENT"]


def test_twin_without_the_members_lock_the_index_still_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = CodeNight(world)
    texts, fan = [night.code()[1] for _ in range(2)], world.member()
    monkeypatch.setattr(spending, "_PEOPLE", spending._PEOPLE.replace("FOR NO KEY UPDATE", ""))
    meet = MeetingPoint().before(monkeypatch, (spending, "_write"))
    said = together(*[lambda text=text: night.spend(text, fan).value for text in texts])
    assert meet.all_met
    assert sum(isinstance(one, IntegrityError) for one in said) == 1
    assert Code.objects.exclude(spent_by=None).count() == 1


# --- a late payment against passing on ---


def paid_late_while_passing_on(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[str, bool]:
    """An order that expired is paid while its place passes on: the answer, and whether the next is offered the place."""
    night = DrawNight(world, units=1)
    night.fans(2)
    night.run()
    night.open()
    late = night.order(night.ranks()[0])
    world.later(HOUR)
    world.expire()
    MeetingPoint().before(monkeypatch, (settling, "_retake"), (offering, "offer_places"))
    said, offered = together(lambda: world.pay(late), night.pass_on)
    assert offered in (0, 1), offered
    return said, bool(offered)


def test_a_unit_is_the_late_payers_or_the_next_ones(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paid_late_while_passing_on(world, monkeypatch) in (("PAID", False), ("REFUND", True))


def test_twin_without_closing_the_order_it_is_both(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "close", lambda *_, **__: None)
    assert "IN (2, 4)" in offering._END
    monkeypatch.setattr(offering, "_END", offering._END.replace("IN (2, 4)", "IN (2, 3, 4)"))
    assert paid_late_while_passing_on(world, monkeypatch) == ("PAID", True)


# --- revoking against spending ---


def revoked_while_spent(night: CodeNight, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    id, text = night.code()
    fan = night.world.member()
    MeetingPoint().before(monkeypatch, (spending, "_write"), (giving, "_take_back"))
    return together(lambda: night.spend(text, fan).value, lambda: night.revoke(id)[0].value)


def test_a_code_is_spent_or_revoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert revoked_while_spent(CodeNight(world), monkeypatch) in (["SPENT", "SPENT"], ["REVOKED", "REVOKED"])


def test_twin_without_lock_guard_and_constraint_it_is_both(
    broken_world: World, monkeypatch: pytest.MonkeyPatch, unguarded: Unguarded
) -> None:
    guard = "AND code.spent_by IS NULL AND code.revoked_at IS NULL"
    for module, name, old in [
        (spending, "_CODES", "FOR NO KEY UPDATE OF code"), (spending, "_SPEND", guard),
        (giving, "_LOCK", "FOR NO KEY UPDATE"), (giving, "_REVOKE", "AND spent_at IS NULL AND revoked_at IS NULL"),
    ]:  # fmt: skip
        assert old in getattr(module, name)
        monkeypatch.setattr(module, name, getattr(module, name).replace(old, ""))
    unguarded("code_spent_or_revoked", "code_ends_stay")
    revoked_while_spent(CodeNight(broken_world), monkeypatch)
    assert list(broken_world.breaches()) == ["codes_are_spent_once"]


# --- giving, and asking for a pass ---


def test_two_batches_at_once_give_no_more_than_is_allowed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = CodeNight(world, codes_max=3)
    a, b = world.member(), world.member()
    MeetingPoint().before(monkeypatch, (giving, "_code"))
    said = together(*[lambda fan=fan: night.give(fan, codes=2)[0].value for fan in (a, b)])
    assert sorted(said) == ["GIVEN", "NONE_LEFT"]


def test_twin_without_the_lock_more_are_given(broken_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = CodeNight(broken_world, codes_max=3)
    a, b = broken_world.member(), broken_world.member()
    objects = giving.Allowance.objects
    monkeypatch.setattr(objects, "select_for_update", lambda **_: objects.all(), raising=False)
    meet = MeetingPoint().before(monkeypatch, (giving, "_code"))
    together(*[lambda fan=fan: night.give(fan, codes=2) for fan in (a, b)])
    assert meet.all_met
    assert list(broken_world.breaches()) == ["codes_are_within_the_allowance"]


def test_a_spent_code_in_two_tabs_is_one_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = CodeNight(world)
    _, text = night.code()
    fan = world.member()
    night.spend(text, fan)
    MeetingPoint().before(monkeypatch, (spending, "new_id"))
    first, second = together(*[lambda: night.leave(fan)] * 2)
    assert first == second is not None
    assert Attempt.objects.count() == 1
