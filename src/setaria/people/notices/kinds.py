"""Which messages there are: what each may tell, and where its first wording stands.

An app that writes messages has a `kinds.py` with `KINDS`, and beside it a folder `wordings` with a file for each kind and
language, `<name>.<language>.txt`: the subject, an empty line, the text.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.apps import apps
from django.conf import settings

from setaria.kernel.texts import text_in
from setaria.kernel.written import moment_in, money_parts


class Form(StrEnum):
    """What a value of a message's payload is, and so how it is written."""

    TEXT = "text"  # a text, or one by language
    NUMBER = "number"
    MONEY = "money"  # [minor units, currency]
    MOMENT = "moment"  # [instant as ISO 8601, time zone]
    AHEAD = "ahead"  # the same; nothing once it is past
    PATH = "path"  # a page of ours


class Topic(StrEnum):
    """What a message is about, for those who choose. Of orders and of what one asked for one is always told."""

    ORDERS = "orders"
    ASKED = "asked"
    DROPS = "drops"
    OFFERS = "offers"


REFUSABLE = (Topic.DROPS, Topic.OFFERS)


class Variable(msgspec.Struct, frozen=True):
    """What a wording may name: how it is written, and a value to show it with."""

    form: Form
    sample: Any


class Kind(msgspec.Struct, frozen=True):
    """A message there is. `opens` names the variable whose page it leads to; `home` is the package of its wordings.

    `needs` names what else every wording must tell, such as the way to stop.
    """

    name: str
    title: dict[str, str]
    topic: Topic
    home: str
    variables: dict[str, Variable]
    opens: str = ""
    needs: tuple[str, ...] = ()

    @property
    def must_tell(self) -> tuple[str, ...]:
        """What no wording may leave out: where it leads to, and what it needs besides."""
        return tuple(dict.fromkeys(name for name in (self.opens, *self.needs) if name))


class NoSuchKind(ValueError):
    """No app has a message of this name."""


@cache
def all_kinds() -> dict[str, Kind]:
    """Collect the kinds of every installed app, by name."""
    found: dict[str, Kind] = {}
    for app in apps.get_app_configs():
        name = f"{app.name}.kinds"
        if app.name.startswith("setaria.") and name != __name__ and find_spec(name):
            found |= {kind.name: kind for kind in import_module(name).KINDS}
    return found


def kind_of(name: str) -> Kind:
    """Return the kind of that name; raises NoSuchKind."""
    try:
        return all_kinds()[name]
    except KeyError:
        raise NoSuchKind(f"There is no message {name!r}.") from None


@cache
def first_wording(name: str, language: str) -> tuple[str, str]:
    """Return subject and text as they come, before staff wrote any."""
    written = (files(kind_of(name).home) / "wordings" / f"{name}.{language}.txt").read_text(encoding="utf-8")
    subject, _, text = written.strip().partition("\n")
    return subject.strip(), text.strip()


def values_of(kind: Kind, payload: Mapping[str, Any], language: str, now: datetime) -> dict[str, str]:
    """Write what a payload tells in a language; what it does not tell is nothing.

    A payload may say itself at which address the store is (`base_url`): one may be at several.
    """
    here = str(payload.get("base_url") or settings.BASE_URL)
    return {
        name: _written(variable.form, payload[name], language, now, here) if payload.get(name) is not None else ""
        for name, variable in kind.variables.items()
    }


def _written(form: Form, value: Any, language: str, now: datetime, here: str) -> str:
    match form:
        case Form.MONEY:
            return "".join(money_parts(value[0], value[1], language))
        case Form.MOMENT | Form.AHEAD:
            local = datetime.fromisoformat(value[0]).astimezone(ZoneInfo(value[1]))
            if form is Form.AHEAD and local <= now:
                return ""
            brackets = "（{}）" if language.startswith("zh") else " ({})"
            return moment_in(local, "short", language) + brackets.format(moment_in(local, "zone", language))
        case Form.PATH:
            return f"{here}{value}" if value else ""  # no address, and not the front page's
        case Form.TEXT if isinstance(value, dict):
            return text_in(value, language)
        case _:
            return str(value)
