"""What a message says, in its recipient's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from setaria.people.notices.fill import fill
from setaria.people.notices.kinds import REFUSABLE, Kind, kind_of, values_of
from setaria.people.notices.models import Message
from setaria.people.notices.preferences import CHANNELS, stop_path, topic_of
from setaria.people.notices.wordings import Draft, current, sendable

TRIAL = "trial"  # the template of a draft that its writer tries out: in no list, told to nobody else
_TRIAL_OF = {"zh-hans": "试发：{}", "en": "Trial: {}"}


class Words(msgspec.Struct, frozen=True):
    """A message in words, and the page it leads to."""

    subject: str
    text: str
    path: str

    def short(self, bytes_max: int) -> str:
        """Return the first paragraph, as much of it as fits."""
        first = self.text.split("\n\n")[0].strip()
        return first.encode()[:bytes_max].decode(errors="ignore")


class Writer:
    """Writes a batch of messages in the words that stand now; one query for all."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._current = current({message.template for message in messages}) if messages else {}

    def words(self, message: Message, now: datetime) -> Words:
        """Write a message; raises ValueError for one that cannot be written."""
        if message.template == TRIAL:
            draft = msgspec.convert(message.payload, Draft)
            words = sample(draft, now, message.payload.get("values") or {})
            subject = _TRIAL_OF.get(draft.language, "{}").format(words.subject)
            return Words(subject, words.text, words.path)
        kind, payload = kind_of(message.template), message.payload
        if path := stop_of(message):
            payload = {**payload, "stop": path}
        wording = self._current.get((message.template, message.language))
        return _filled(kind, sendable(wording, kind.name, message.language), payload, message.language, now)


def stop_of(message: Message) -> str:
    """Return the path at which a message's recipient stops messages like it; empty where there is none."""
    topic = topic_of(message.template)
    if topic in REFUSABLE and message.member_id is not None and message.channel in CHANNELS:
        return stop_path(message.member_id, topic, message.channel)
    return str(message.payload.get("stop_path") or "")


def sample(draft: Draft, now: datetime, values: Mapping[str, Any] | None = None) -> Words:
    """Write a draft with the samples of what its kind tells, or with values instead; raises NoSuchKind."""
    kind = kind_of(draft.kind)
    payload = {name: variable.sample for name, variable in kind.variables.items()} | dict(values or {})
    return _filled(kind, (draft.subject, draft.text), payload, draft.language, now)


def shown(kind: str, language: str, payload: Mapping[str, Any], now: datetime) -> Words:
    """Write what a message of a kind would say as of now, for those who prepare one; raises NoSuchKind."""
    found = kind_of(kind)
    samples = {name: variable.sample for name, variable in found.variables.items()}
    wording = sendable(current([kind]).get((kind, language)), kind, language)
    return _filled(found, wording, {**samples, **payload}, language, now)


def _filled(kind: Kind, wording: tuple[str, str], payload: Mapping[str, Any], language: str, now: datetime) -> Words:
    values = values_of(kind, payload, language, now)
    subject, text = (fill(part, values) for part in wording)
    return Words(" ".join(subject.split()), text.strip() + "\n", str(payload.get(kind.opens) or "/"))
