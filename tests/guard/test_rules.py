"""The pure parts: who is behind a proxy, what a rule says, how much work, whose proof."""

from datetime import UTC, datetime
from ipaddress import ip_network

import altcha
import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.origin import origin_of
from setaria.trade.guard import work
from setaria.trade.guard.address import marks
from setaria.trade.guard.rules import RULES, BadRules, Measure, Rule, Then, read, tries_under, verdict

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


def _now() -> datetime:
    """A proof lapses by the machine's clock, so a long run must not have read it at its beginning."""
    return datetime.now(UTC)


KEYS = work.keys_from("only for tests, and long enough to be one")


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger's header is not believed
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # nor what a stranger sent to our proxy
        ("10.0.0.1", "198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db9::1", "2001:db9::1"),
        ("", "198.51.100.1", "None"),
        ("unix:", "", "None"),
        ("10.0.0.1", ", ,,", "10.0.0.1"),
        ("10.0.0.1", ",".join(["10.1.1.1"] * 9_000), "10.1.1.1"),
    ],
)
def test_who_really_asks(peer: str, forwarded: str, found: str) -> None:
    assert str(origin_of(peer, forwarded, PROXIES)) == found


def test_marks_tell_networks_apart_and_no_address() -> None:
    one, neighbour, stranger = (
        marks(b"key", 1, origin_of(text, "", [])) for text in ("203.0.113.9", "203.0.113.77", "203.0.114.9")
    )
    assert one is not None
    assert neighbour is not None
    assert stranger is not None
    assert one.network == neighbour.network != stranger.network
    assert one.address != neighbour.address
    assert one != marks(b"key", 2, origin_of("203.0.113.9", "", []))  # another drop
    assert one != marks(b"other", 1, origin_of("203.0.113.9", "", []))
    assert marks(b"key", 1, None) is None


def test_the_hardest_rule_counts_and_a_pardon_leaves_only_haste() -> None:
    rules = [
        Rule("haste", "asks_of_account", "wait", above=2),
        Rule("many", "accounts_of_network", "harder", above=5),
        Rule("young", "account_age_seconds", "refuse", below=60),
    ]
    counts = {Measure.ASKS_OF_ACCOUNT: 3, Measure.ACCOUNTS_OF_NETWORK: 6, Measure.ACCOUNT_AGE_SECONDS: 10}
    said = [verdict(rules[:n], counts, pardoned=False) for n in (0, 1, 2, 3)]
    assert [rule and rule.name for rule in said] == [None, "haste", "haste", "young"]
    assert verdict(rules, counts, pardoned=True) == rules[0]
    assert verdict(rules, {**counts, Measure.ASKS_OF_ACCOUNT: 2}, pardoned=True) is None
    assert verdict(rules, {}, pardoned=False) is None  # what could not be measured accuses nobody


@pytest.mark.parametrize(
    "data",
    [
        None, {}, "x", [1], [{}], [{"name": "a", "measure": "asks_of_account", "then": "shout", "above": 1}],
        [{"name": "a", "measure": "shoe_size", "then": "wait", "above": 1}],
        [{"name": "a", "measure": "asks_of_account", "then": "wait"}],
        [{"name": "a", "measure": "asks_of_account", "then": "wait", "above": 1, "below": 2}],
        [{"name": "a", "measure": "asks_of_account", "then": "wait", "above": "1"}],
        [{"name": "a", "measure": "asks_of_account", "then": "wait", "above": 1, "more": 1}],
        [{"name": "", "measure": "asks_of_account", "then": "wait", "above": 1}],
        [{"name": "a", "measure": "asks_of_account", "then": "wait", "above": 1}] * 2,
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(data: object) -> None:
    with pytest.raises(BadRules):
        read(data)


def test_coming_later_is_graver_than_waiting_and_milder_than_being_refused() -> None:
    steps: list[Then] = ["harder", "wait", "later", "refuse"]
    rules = [Rule(then, "accounts_of_network", then, above=1) for then in steps]
    for most in range(1, 5):
        found = verdict(rules[:most][::-1], {Measure.ACCOUNTS_OF_NETWORK: 2}, pardoned=False)
        assert found == rules[most - 1]


def test_the_usual_rules_are_sound_and_refuse_nobody_for_good() -> None:
    assert {rule.then for rule in RULES} == {"wait", "harder"}


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_work_rises_with_pressure_and_is_bounded(one: float, other: float) -> None:
    low, high = (tries_under(p, 5, 50, 100, 700) for p in sorted((one, other)))
    assert 100 <= low <= high <= 700


def solve(challenge: dict[str, object]) -> str:
    found = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(found)
    assert solution is not None
    return altcha.Payload(found, solution).to_base64()


def test_a_proof_is_good_for_its_account_and_drop_only() -> None:
    token = solve(work.challenge(KEYS, 7, 42, 4, False, _now()))
    assert not work.check(KEYS, token, 7, 42, _now()).hard
    for drop, customer in ((8, 42), (7, 43)):
        with pytest.raises(work.BadProof, match="somebody else's"):
            work.check(KEYS, token, drop, customer, _now())
    with pytest.raises(work.BadProof, match="wrong"):
        work.check(work.keys_from("another installation"), token, 7, 42, _now())


def test_work_that_was_not_done_or_is_too_late_is_no_proof() -> None:
    challenge = altcha.Challenge.from_dict(work.challenge(KEYS, 7, 42, 4, False, _now()))
    guess = altcha.Payload(challenge, altcha.Solution(1, challenge.parameters.key_prefix * 2)).to_base64()
    late = solve(work.challenge(KEYS, 7, 42, 4, False, _now() - 2 * work.LIFE))
    easier = altcha.Challenge.from_dict(work.challenge(KEYS, 7, 42, 4, False, _now()))
    easier.parameters.data = {"drop": 7, "customer": 42, "hard": True, "tries": 4}
    forged = altcha.Payload(easier, altcha.solve_challenge(easier)).to_base64()  # type: ignore[arg-type]
    for token in (guess, late, forged, "", "x", "e30=", "W10=", "bnVsbA==", "é", "A" * 5_000, "eyJjaGFsbGVuZ2UiOjF9"):
        with pytest.raises(work.BadProof):
            work.check(KEYS, token, 7, 42, _now())
