"""Rules of behaviour and the curve of work: data in, a decision out. No database, no clock."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Literal

import msgspec


class Measure(IntEnum):
    """What is counted. Numbers are in the database: never change one."""

    ASKS_OF_ACCOUNT = 1  # askings for a pass in this minute; one pass with work takes two
    ASKS_OF_ADDRESS = 2
    ASKS_OF_NETWORK = 3  # a /24 of IPv4, a /48 of IPv6
    PASSES_OF_ACCOUNT = 4  # askings in the whole drop
    ACCOUNTS_OF_ADDRESS = 5  # different ones in the whole drop
    ACCOUNTS_OF_NETWORK = 6
    ADDRESSES_OF_ACCOUNT = 7
    ACCOUNT_AGE_SECONDS = 8


Then = Literal["wait", "harder", "later", "refuse"]
_SEVERITY: Mapping[Then, int] = {"harder": 1, "wait": 2, "later": 3, "refuse": 4}
_NAMES = {measure.name.lower(): measure for measure in Measure}


class BadRules(ValueError):
    """The rules make no sense; the text says where."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """If a measure is above or below a bound, then wait until the next minute, work harder, come later, or no further.

    `later` is a while after the opening, which is when others are served: nobody is refused, and whoever looks like
    one of many does not come first.
    """

    name: str
    measure: str
    then: Then
    above: int | None = None
    below: int | None = None

    @property
    def what(self) -> Measure:
        """The measure that it is about."""
        return _NAMES[self.measure]

    def met_by(self, counts: Mapping[Measure, int]) -> bool:
        """Whether this rule speaks; what was not measured speaks for nobody's guilt."""
        found = counts.get(self.what)
        if found is None:
            return False
        return (self.above is not None and found > self.above) or (self.below is not None and found < self.below)


# Whole families, offices and villages share an address, and a phone company's customers a network: so being many in
# one place only makes the work harder; asking faster than a finger does makes one wait.
RULES = [
    Rule("quick-account", "asks_of_account", "wait", above=20),
    Rule("quick-address", "asks_of_address", "wait", above=300),
    Rule("quick-network", "asks_of_network", "wait", above=3_000),
    Rule("many-passes", "passes_of_account", "harder", above=40),
    Rule("many-accounts-at-address", "accounts_of_address", "harder", above=10),
    Rule("many-accounts-in-network", "accounts_of_network", "harder", above=100),
    Rule("many-addresses", "addresses_of_account", "harder", above=8),
    Rule("new-account", "account_age_seconds", "harder", below=3_600),
]


def read(data: object) -> list[Rule]:
    """Return rules from what JSON holds; raises BadRules naming what is wrong."""
    try:
        rules = msgspec.convert(data, list[Rule])
    except msgspec.ValidationError as error:
        raise BadRules(str(error)) from None
    for rule in rules:
        if rule.measure not in _NAMES:
            raise BadRules(f"{rule.name}: there is no measure {rule.measure!r}. There are: {', '.join(_NAMES)}.")
        if (rule.above is None) == (rule.below is None):
            raise BadRules(f"{rule.name}: give either `above` or `below`.")
        if not 1 <= len(rule.name) <= 40:
            raise BadRules(f"{rule.name!r}: a name has 1 to 40 characters.")
    if len({rule.name for rule in rules}) < len(rules):
        raise BadRules("Two rules have one name.")
    return rules


def verdict(rules: Sequence[Rule], counts: Mapping[Measure, int], *, pardoned: bool) -> Rule | None:
    """Return the hardest rule that speaks; of a pardoned account only how fast it asks counts."""
    speaking = [rule for rule in rules if rule.met_by(counts)]
    if pardoned:
        speaking = [rule for rule in speaking if rule.measure == "asks_of_account" and rule.then == "wait"]
    return max(speaking, key=lambda rule: _SEVERITY[rule.then], default=None)


def tries_under(pressure: float, calm: float, full: float, least: int, most: int) -> int:
    """How much work is asked for at so many askings a second: rising evenly from `least` to `most`, never beyond."""
    share = min(1.0, max(0.0, (pressure - calm) / (full - calm)))
    return round(least + share * (most - least))
