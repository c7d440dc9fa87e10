"""Writing announcements, approving them, and stopping them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from django.db import transaction

from setaria.kernel.ids import new_id
from setaria.kernel.texts import LANGUAGES
from setaria.people.members.models import Member
from setaria.people.notices import preferences
from setaria.people.notices.kinds import REFUSABLE
from setaria.trade.announcements.models import Announcement

TITLE_CHARS_MAX = 100
TEXT_CHARS_MAX = 2_000
PATH_CHARS_MAX = 300


class Refusal(StrEnum):
    """Why something was not done; then nothing was changed."""

    NOT_STAFF = "NOT_STAFF"
    NO_SUCH = "NO_SUCH"
    CHANGED = "CHANGED"  # somebody changed it meanwhile
    APPROVED = "APPROVED"  # it says what it says
    STOPPED = "STOPPED"
    SAME_PERSON = "SAME_PERSON"
    OVER = "OVER"  # its time is over, or everything went out
    NO_WORDS = "NO_WORDS"  # a language that it goes to has no title or text
    TOO_LONG = "TOO_LONG"
    NO_CHANNEL = "NO_CHANNEL"
    BAD_PATH = "BAD_PATH"
    NO_TOPIC = "NO_TOPIC"
    ENDS_BEFORE = "ENDS_BEFORE"


class Wanted(msgspec.Struct, frozen=True):
    """What an announcement is to say, to whom, and when."""

    topic: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    channels: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime | None = None
    path: str = "/"
    market_id: int | None = None
    language: str = ""
    points_min: int = 0
    guests: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it goes out in."""
        return (self.language,) if self.language else LANGUAGES


def wrong(wanted: Wanted) -> Refusal | None:
    """Return what keeps an announcement from being written so. Pure."""
    texts = [*wanted.title.values(), *wanted.text.values()]
    if wanted.topic not in [topic.value for topic in REFUSABLE]:
        return Refusal.NO_TOPIC
    if not all(part.get(language, "").strip() for part in (wanted.title, wanted.text) for language in wanted.languages):
        return Refusal.NO_WORDS
    if max(map(len, wanted.title.values())) > TITLE_CHARS_MAX or max(map(len, texts)) > TEXT_CHARS_MAX:
        return Refusal.TOO_LONG
    if not wanted.channels or not {*wanted.channels} <= {*preferences.CHANNELS}:
        return Refusal.NO_CHANNEL
    if not wanted.path.startswith("/") or wanted.path.startswith("//") or len(wanted.path) > PATH_CHARS_MAX:
        return Refusal.BAD_PATH
    if any(not 32 < ord(letter) < 127 or letter in '\\<>"' for letter in wanted.path):
        return Refusal.BAD_PATH
    if wanted.ends_at is not None and wanted.ends_at <= wanted.starts_at:
        return Refusal.ENDS_BEFORE
    return None


def write(wanted: Wanted, *, by: Member, now: datetime) -> UUID | Refusal:
    """Write an announcement down; nothing goes out before somebody else approved it."""
    if refusal := _may(by) or wrong(wanted):
        return refusal
    made = Announcement(id=new_id(), written_by=by, written_at=now, **_fields(wanted))
    made.save(force_insert=True)
    return made.pk


@transaction.atomic
def change(announcement_id: UUID, wanted: Wanted, *, seen: int, by: Member, now: datetime) -> UUID | Refusal:
    """Write an announcement anew that nobody approved yet. `seen` is the revision its writer had before them."""
    if refusal := _may(by) or wrong(wanted):
        return refusal
    found = _locked(announcement_id)
    if found is None:
        return Refusal.NO_SUCH
    if refusal := _open(found, seen):
        return refusal
    Announcement.objects.filter(pk=found.pk).update(
        revision=found.revision + 1, written_by=by, written_at=now, **_fields(wanted)
    )
    return found.pk


@transaction.atomic
def approve(announcement_id: UUID, *, seen: int, by: Member, now: datetime) -> UUID | Refusal:
    """Let an announcement go out at its time: not by who wrote its words, and only the revision they have read."""
    if refusal := _may(by):
        return refusal
    found = _locked(announcement_id)
    if found is None:
        return Refusal.NO_SUCH
    if refusal := _open(found, seen):
        return refusal
    if found.written_by_id == by.pk:  # the constraint has the last word; this says why
        return Refusal.SAME_PERSON
    if found.ends_at is not None and found.ends_at <= now:
        return Refusal.OVER
    Announcement.objects.filter(pk=found.pk).update(approved_by=by, approved_at=now)
    return found.pk


@transaction.atomic
def stop(announcement_id: UUID, *, by: Member, now: datetime) -> UUID | Refusal:
    """Let no more of an announcement go out; who has it has it. What is at the mail server this instant still arrives."""
    if refusal := _may(by):
        return refusal
    found = _locked(announcement_id)
    if found is None:
        return Refusal.NO_SUCH
    if found.stopped_at is not None:
        return Refusal.STOPPED
    if found.closed_at is not None:
        return Refusal.OVER
    Announcement.objects.filter(pk=found.pk).update(stopped_by=by, stopped_at=now)
    return found.pk


def _may(by: Member) -> Refusal | None:
    return None if by.is_staff else Refusal.NOT_STAFF


def _locked(announcement_id: UUID) -> Announcement | None:
    return Announcement.objects.select_for_update(no_key=True).filter(pk=announcement_id).first()


def _open(found: Announcement, seen: int) -> Refusal | None:
    if found.stopped_at is not None:
        return Refusal.STOPPED
    if found.approved_at is not None:
        return Refusal.APPROVED
    return Refusal.CHANGED if found.revision != seen else None


def _fields(wanted: Wanted) -> dict[str, object]:
    def kept(part: Mapping[str, str]) -> dict[str, str]:
        return {language: part[language].strip() for language in wanted.languages}

    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return {**fields, "title": kept(wanted.title), "text": kept(wanted.text), "channels": list(wanted.channels)}
