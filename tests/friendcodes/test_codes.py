"""A code's life: given, passed on, spent once, revoked; and what guessing is worth."""

import pytest
from django.db import IntegrityError, connection
from django.db.utils import InternalError

from setaria.kernel.ids import new_id
from setaria.trade.friendcodes import guesses, queries
from setaria.trade.friendcodes.give import CannotAllow, allow
from setaria.trade.friendcodes.models import Allowance, Attempt, Code, Guess
from setaria.trade.friendcodes.rules import SPENT_ATTEMPTS_MAX
from setaria.trade.friendcodes.spend import BATCH_CODES_MAX, Presented, spend
from setaria.trade.friendcodes.text import ALPHABET
from setaria.trade.orders.requests import Line, Request
from tests.friendcodes.night import Night
from tests.world import DAY, HOUR, MICROSECOND, MINUTE, World


def mistyped(text: str) -> str:
    """The code with its first character changed to the next one."""
    return ALPHABET[(ALPHABET.index(text[0]) + 1) % len(ALPHABET)] + text[1:]


def another(text: str) -> str:
    """A well-typed code that nobody has."""
    from stdnum.iso7064 import mod_37_36

    body = mistyped(text).replace("-", "")[:-1]
    return body + mod_37_36.calc_check_digit(body, ALPHABET)


# --- giving ---


def test_giving_twice_gives_no_more(world: World) -> None:
    night = Night(world)
    fan = world.member()
    assert [night.give(fan), night.give(fan), night.give(fan, codes=2)] == [["GIVEN"]] * 3
    assert sorted(Code.objects.values_list("given_to", "number")) == [(fan, 1), (fan, 2)]


def test_a_batch_answers_each_within_what_is_allowed(world: World) -> None:
    night = Night(world, codes_max=3)
    a, b, c, gone = world.member(), world.member(), world.member(), world.member(is_active=False)
    assert night.give(a, 999_999, gone) == ["GIVEN", "UNKNOWN_CUSTOMER", "UNKNOWN_CUSTOMER"]
    assert night.give(b, codes=3) == ["OVER_LIMIT"]
    assert night.give(b, c, codes=2) == ["GIVEN", "NONE_LEFT"]
    assert Code.objects.count() == 3


def test_a_drop_without_an_allowance_has_no_codes(world: World) -> None:
    night = Night(world)
    Allowance.objects.all().delete()
    assert night.give(world.member()) == ["NOT_ALLOWED"]


def test_an_allowance_may_grow_and_not_shrink_below_what_was_given(world: World) -> None:
    night = Night(world)
    night.give(world.member(), world.member(), codes=2)
    allow(night.drop, codes_max=4, codes_per_member_max=2)
    for values in ({"codes_max": 3, "codes_per_member_max": 2}, {"codes_max": 9, "codes_per_member_max": 1}):
        with pytest.raises(CannotAllow, match="given already"):
            allow(night.drop, **values)
    with pytest.raises(CannotAllow, match="one code at least"):
        allow(night.drop, codes_max=9, codes_per_member_max=0)
    with pytest.raises(CannotAllow, match="its admission is open"):
        allow(world.drop({world.thing(stock=1): 1}), codes_max=1, codes_per_member_max=1)


def test_who_reads_the_database_cannot_spend_what_is_in_it(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    with connection.cursor() as cursor:
        cursor.execute("SELECT code::text FROM friendcodes_code AS code")
        assert text.replace("-", "") not in cursor.fetchone()[0]


# --- spending ---


def test_a_code_is_spent_by_the_first_and_by_nobody_else(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    friend, other = world.member(), world.member()
    assert [night.spend(text, friend), night.spend(text, friend), night.spend(text, other)] == [
        "SPENT", "SPENT", "USED",
    ]  # fmt: skip
    assert night.leave(other) is None
    assert night.leave(friend) == night.leave(friend) == night.order(friend).id


@pytest.mark.parametrize(
    "how", [str.lower, lambda text: text.replace("-", ""), lambda text: f" {text[:6]} {text[7:]}　"]
)
def test_a_code_may_be_written_as_one_likes(world: World, how) -> None:
    night = Night(world)
    _, text = night.code()
    assert night.spend(how(text), world.member()) == "SPENT"


def test_a_typing_error_is_told_apart_from_a_wrong_code(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fan = world.member()
    wrong = [mistyped(text), text[:-1], text + "A", "", "0" * 18, "x" * 10_000, "名" * 18, text[1] + text[0] + text[2:]]
    assert [night.spend(typed, fan) for typed in wrong if typed != text] == ["MISTYPED"] * len(wrong)
    assert night.spend(another(text), fan) == "UNKNOWN_CODE"


def test_a_batch_of_codes_answers_each_in_order(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    a, b = world.member(), world.member()
    told = spend([Presented(text, a), Presented("x", b), Presented(text, b), Presented(text, 999_999)], now=world.now)
    assert [one.answer for one in told] == ["SPENT", "MISTYPED", "USED", "UNKNOWN_CUSTOMER"]
    assert {one.drop_id for one in told} == {night.drop.pk, None}
    with pytest.raises(ValueError, match="at most"):
        spend([Presented(text, a)] * (BATCH_CODES_MAX + 1), now=world.now)


def test_a_member_comes_in_with_one_code_and_keeps_the_other(world: World) -> None:
    night = Night(world)
    (_, first), (_, second) = night.code(), night.code()
    fan = world.member()
    assert [night.spend(first, fan), night.spend(second, fan)] == ["SPENT", "ALREADY_IN"]
    assert night.spend(second, world.member()) == "SPENT"


def test_a_code_is_good_until_it_expires(world: World) -> None:
    night = Night(world, expires_at=world.now + HOUR)
    _, text = night.code()
    fan = world.member()
    world.later(HOUR - MICROSECOND)
    assert night.look(text, fan) == "GOOD"
    world.later(MICROSECOND)
    assert night.look(text, fan) == night.spend(text, fan) == "EXPIRED"


def test_when_the_sale_is_over_a_code_is_worth_nothing(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    world.later(DAY)
    assert night.spend(text, world.member()) == "CLOSED"


def test_a_revoked_code_is_worth_nothing_and_can_be_replaced(world: World) -> None:
    night = Night(world, codes_per_member_max=1)
    fan = world.member()
    id, text = night.code(fan)
    assert night.revoke(id, id, new_id()) == ["REVOKED", "REVOKED", "UNKNOWN_CODE"]
    assert night.spend(text, fan) == "REVOKED"
    assert night.give(fan) == ["GIVEN"]
    assert night.spend(night.seen(fan), fan) == "SPENT"


def test_a_spent_code_cannot_be_revoked(world: World) -> None:
    night = Night(world)
    id, text = night.code()
    night.spend(text, world.member())
    assert night.revoke(id) == ["SPENT"]
    assert Code.objects.get().revoked_at is None


@pytest.mark.parametrize(
    "change",
    ["spent_by = NULL, spent_at = NULL", "spent_by = spent_by + 1", "revoked_at = now()", "given_to = 1", "turn = 7"],
)
def test_what_has_ended_a_code_stays(world: World, change: str) -> None:
    night = Night(world)
    _, text = night.code()
    night.spend(text, world.member())
    with pytest.raises((IntegrityError, InternalError)), connection.cursor() as cursor:
        cursor.execute(f"UPDATE friendcodes_code SET {change}")


# --- the order ---


def test_after_an_order_that_was_not_paid_the_code_is_good_again_for_the_same_member(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fan = world.member()
    night.spend(text, fan)
    first = night.order(fan)
    world.later(15 * MINUTE)
    world.expire()
    assert night.spend(text, world.member()) == "USED"
    second = night.order(fan)
    assert second.id != first.id
    world.pay(second)
    assert night.leave(fan) == second.id
    assert Attempt.objects.count() == 2


def test_a_late_payment_of_the_first_order_is_owed_back_once_there_is_a_second(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fan = world.member()
    night.spend(text, fan)
    first = night.order(fan)
    world.later(15 * MINUTE)
    world.expire()
    night.order(fan)
    assert world.pay(first) == "REFUND"


def test_the_tries_are_counted(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fan = world.member()
    night.spend(text, fan)
    for _ in range(SPENT_ATTEMPTS_MAX):
        world.cancel(night.order(fan))
    request = Request(night.leave(fan), fan, world.web.id, (Line(night.phone.id, 1, 100),), night.drop.pk)
    assert world.codes(request) == ["PLACED"]  # the first answer to the last try: it is cancelled
    assert Attempt.objects.count() == SPENT_ATTEMPTS_MAX
    assert world.stock(night.phone, night.drop.pool) == (5, 0)


# --- passing on ---


def test_a_code_taken_over_is_another_text_in_another_account(world: World) -> None:
    night = Night(world)
    giver, friend = world.member(name="Lei Jun"), world.member(name="Lin Bin")
    _, text = night.code(giver)
    assert [night.take(text, friend), night.take(text, giver)] == ["TAKEN", "UNKNOWN_CODE"]
    fresh = night.seen(friend)
    assert fresh not in ("", text)
    assert [night.spend(text, giver), night.spend(fresh, friend)] == ["UNKNOWN_CODE", "SPENT"]


def test_taking_ones_own_code_changes_nothing(world: World) -> None:
    night = Night(world)
    giver = world.member()
    _, text = night.code(giver)
    assert [night.take(text, giver), night.seen(giver)] == ["TAKEN", text]


def test_the_giver_sees_that_it_was_spent_and_a_first_name_at_most(world: World) -> None:
    night = Night(world)
    giver, friend = world.member(name="Lei Jun"), world.member(name="Lin Bin")
    _, text = night.code(giver)

    def seen() -> tuple[str, str, str]:
        (held,) = queries.of_member(giver, world.now)
        return held.state, held.by, held.text

    assert seen() == ("good", "", text)
    night.take(text, friend)
    assert seen() == ("passed_on", "Lin", "")
    night.spend(night.seen(friend), friend)
    assert seen() == ("spent", "Lin", "")


# --- guessing ---


def test_guessing_ends_for_the_member_and_starts_again_with_the_next_hour(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fan, friend = world.member(), world.member()
    wrong = another(text)
    said = [night.spend(wrong, fan, "192.0.2.1") for _ in range(guesses.WRONG_PER_MEMBER_MAX)]
    assert set(said) == {"UNKNOWN_CODE"}
    assert night.spend(text, fan) == night.look(text, fan) == "TOO_MANY"
    assert night.look(text, friend, "192.0.2.1") == "GOOD"
    world.later(HOUR)
    assert night.spend(text, fan) == "SPENT"


def test_guessing_with_many_accounts_ends_for_the_address(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fans = [world.member() for _ in range(11)]
    wrong = another(text)
    batch = [Presented(wrong, fan, "192.0.2.1") for fan in fans[:10] for _ in range(20)]
    spend(batch, now=world.now)
    assert night.spend(text, fans[10], "192.0.2.1") == "TOO_MANY"
    assert night.spend(text, fans[10], "192.0.2.2") == "SPENT"
    assert not Guess.objects.filter(subject__contains="192").exists()


def test_typing_errors_are_no_guesses(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    fan = world.member()
    assert {night.spend(mistyped(text), fan) for _ in range(guesses.WRONG_PER_MEMBER_MAX + 1)} == {"MISTYPED"}
    assert night.spend(text, fan) == "SPENT"


def test_guesses_are_forgotten_after_a_day(world: World) -> None:
    night = Night(world)
    _, text = night.code()
    night.spend(another(text), world.member())
    assert guesses.forget(world.now + DAY) == 0
    assert guesses.forget(world.now + 2 * DAY) == 1
