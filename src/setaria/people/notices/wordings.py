"""What messages say: as staff worded them last, else as they come. A version is added, never changed.

Whatever waits in the outbox goes out in the words that stand when it is sent (decision 0042).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from setaria.kernel.texts import LANGUAGES
from setaria.people.members.models import Member
from setaria.people.notices.fill import BadText, Wrong, check, told
from setaria.people.notices.kinds import NoSuchKind, first_wording, kind_of
from setaria.people.notices.models import SUBJECT_CHARS_MAX, Wording

HISTORY_MAX = 50


class Draft(msgspec.Struct, frozen=True):
    """Words for a kind of message, as somebody typed them."""

    kind: str
    language: str
    subject: str
    text: str

    @property
    def tidy(self) -> "Draft":
        """The same with one line of subject, and lines that end as ours do."""
        text = self.text.replace("\x00", "").replace("\r\n", "\n").strip()
        return Draft(self.kind, self.language, " ".join(self.subject.replace("\x00", "").split()), text)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a draft: where ("subject" or "text"), why, in which line, and about which name.

    `why` is one of `fill.Wrong`, or MISSING: a name that must be told is not.
    """

    where: str
    why: str
    line: int = 1
    name: str = ""


class Answer(StrEnum):
    """What became of a draft."""

    KEPT = "KEPT"
    SAME = "SAME"  # it says what stands already
    FAULTY = "FAULTY"
    CHANGED = "CHANGED"  # somebody was quicker; their words stand
    NOT_STAFF = "NOT_STAFF"
    NO_SUCH_VERSION = "NO_SUCH_VERSION"


def faults(draft: Draft) -> list[Fault]:
    """Return what is wrong with a draft, the first thing of each part; raises NoSuchKind."""
    kind, found = kind_of(draft.kind), []
    for where, text in (("subject", draft.subject), ("text", draft.text)):
        try:
            check(text, kind.variables)
        except BadText as bad:
            found.append(Fault(where, bad.why, bad.line, bad.name))
    if len(draft.subject) > SUBJECT_CHARS_MAX and not any(fault.where == "subject" for fault in found):
        found.append(Fault("subject", Wrong.TOO_LONG))
    if not any(fault.where == "text" for fault in found):
        left_out = [name for name in kind.must_tell if name not in told(draft.text)]
        found += [Fault("text", "MISSING", name=name) for name in left_out[:1]]
    return found


def standing(kind: str, language: str) -> tuple[int, str, str]:
    """Return what stands: the number of its version (0: nobody wrote one), subject and text."""
    newest = _newest(kind, language).first()
    if newest is None:
        return 0, *first_wording(kind, language)
    return newest.version, *words_in(newest)


def history(kind: str, language: str) -> Sequence[Wording]:
    """Return the newest versions, who wrote them known; one query."""
    return list(_newest(kind, language).select_related("written_by")[:HISTORY_MAX])


def words_in(wording: Wording) -> tuple[str, str]:
    """Return a version's subject and text."""
    return (wording.subject, wording.text) if wording.text else first_wording(wording.kind, wording.language)


def keep(draft: Draft, *, seen: int, by: Member, now: datetime) -> Answer:
    """Let messages say this from now on. `seen` is the version that the writer had before them.

    Raises NoSuchKind. Of two who changed the same version the first is heard.
    """
    draft = draft.tidy
    if not by.is_staff:
        return Answer.NOT_STAFF
    if faults(draft):
        return Answer.FAULTY
    version, *words = standing(draft.kind, draft.language)
    if version == seen and words == [draft.subject, draft.text]:
        return Answer.SAME
    return _add(draft.kind, draft.language, seen, draft.subject, draft.text, by, now)


def restore(kind: str, language: str, version: int, *, seen: int, by: Member, now: datetime) -> Answer:
    """Let an earlier version stand again, as the newest; 0 is the first wording. Raises NoSuchKind."""
    kind_of(kind)
    if not by.is_staff:
        return Answer.NOT_STAFF
    old = _newest(kind, language).filter(version=version).first()
    if old is None and version:
        return Answer.NO_SUCH_VERSION
    subject, text = (old.subject, old.text) if old else ("", "")
    if text and faults(Draft(kind, language, subject, text)):  # it names what is not told any more
        return Answer.FAULTY
    return _add(kind, language, seen, subject, text, by, now)


def _add(kind: str, language: str, seen: int, subject: str, text: str, by: Member, now: datetime) -> Answer:
    fields = {"subject": subject, "text": text, "written_by": by, "written_at": now}
    if _version(kind, language) != seen:
        return Answer.CHANGED
    try:
        with transaction.atomic():
            Wording.objects.create(kind=kind, language=language, version=seen + 1, **fields)
    except IntegrityError:  # the constraint: two looked at the same instant
        return Answer.CHANGED
    return Answer.KEPT


def _version(kind: str, language: str) -> int:
    return _newest(kind, language).values_list("version", flat=True).first() or 0


def _newest(kind: str, language: str) -> QuerySet[Wording]:
    return Wording.objects.filter(kind=kind, language=language).order_by("-version")


def current(kinds: Collection[str]) -> dict[tuple[str, str], Wording]:
    """Return the newest version of each of these kinds and language that has one; one query."""
    newest = Wording.objects.filter(kind__in=kinds).order_by("kind", "language", "-version")
    return {
        (each.kind, each.language): each for each in newest.distinct("kind", "language").select_related("written_by")
    }


def sendable(wording: Wording | None, kind: str, language: str) -> tuple[str, str]:
    """Return the words a message goes out in: those that stand, or the first ones where a release of ours took away
    what they name.
    """
    if wording is None or language not in LANGUAGES:
        return first_wording(kind, language)
    subject, text = words_in(wording)
    try:
        variables = kind_of(kind).variables
        check(subject, variables)
        check(text, variables)
    except (BadText, NoSuchKind):
        return first_wording(kind, language)
    return subject, text
