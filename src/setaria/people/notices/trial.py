"""Trying a draft out: it goes to whoever writes it, by the same outbox as every message, and to nobody else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.people.notices.devices import devices_of
from setaria.people.notices.wordings import Draft, faults
from setaria.people.notices.words import TRIAL
from setaria.people.notices.write import Note, write


def send_trial(draft: Draft, *, to: Member, now: datetime, values: Mapping[str, Any] | None = None) -> int:
    """Let a draft go to its writer's own address and devices; return to how many, 0 for one with a fault.

    `values` stand in for the samples of what its kind tells.
    """
    draft = draft.tidy
    if faults(draft) or not to.is_staff:
        return 0
    ways = [("email", to.email)] if to.email else []
    ways += [("push", str(device.pk)) for device in devices_of([to.pk]).get(to.pk, ())]
    key, payload = f"trial:{new_id()}", {**msgspec.to_builtins(draft), "values": dict(values or {})}
    write([Note(key, channel, where, draft.language, TRIAL, payload, to.pk) for channel, where in ways], now=now)
    return len(ways)
