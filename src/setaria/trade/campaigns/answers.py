"""What the verbs answer. A refusal is a value with a stable code; nothing was changed then."""

import msgspec

from setaria.trade.campaigns.rules import Finding


class Refused(msgspec.Struct, frozen=True):
    """Not done, and why: the code, what its sentence needs, and the findings that stand against it."""

    code: str
    values: dict[str, str] = msgspec.field(default_factory=dict)
    findings: list[Finding] = msgspec.field(default_factory=list)


class Planned(msgspec.Struct, frozen=True):
    """A plan was taken in. `changed`: its fields that are new; `kept`: those that may not change any more."""

    slug: str
    revision: int
    created: bool
    changed: list[str]
    kept: list[str]


class Checked(msgspec.Struct, frozen=True):
    """A campaign was checked; `passed`: nothing is red."""

    slug: str
    revision: int
    passed: bool
    findings: list[Finding]


class Done(msgspec.Struct, frozen=True):
    """A step was taken."""

    slug: str
    revision: int
    status: int
