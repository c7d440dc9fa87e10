"""Writing messages into the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from setaria.kernel.ids import new_id
from setaria.people.notices.models import Message


class Note(msgspec.Struct, frozen=True):
    """A message somebody is to get. `key` names the event, such as "alert-back:<subscription>"; at most 120 characters."""

    key: str
    channel: str
    recipient: str
    language: str
    template: str
    payload: dict[str, Any]
    member_id: int | None = None
    due_at: datetime | None = None
    lapses_at: datetime | None = None


def write(notes: Sequence[Note], *, now: datetime) -> None:
    """Let messages wait to go out, within the caller's transaction: they exist when, and only when, it commits.

    One that was written before, by event, channel and recipient, stays as it is.
    """
    rows = [
        Message(
            id=new_id(), key=note.key, channel=note.channel, recipient=note.recipient, member_id=note.member_id,
            language=note.language, template=note.template, payload=note.payload, made_at=now, due_at=note.due_at or now,
            lapses_at=note.lapses_at,
        )
        for note in notes
    ]  # fmt: skip
    Message.objects.bulk_create(rows, ignore_conflicts=True)
