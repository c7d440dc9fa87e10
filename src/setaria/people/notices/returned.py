"""Reading mail that came back: delivery status notifications (RFC 3464) and complaints (RFC 5965). Pure.

Says what a report says, and believes nothing: anybody can write one (`bounces.py` looks whether it is about a mail of ours).
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from enum import StrEnum
from uuid import UUID

import msgspec

REPORT_BYTES_MAX = 1_000_000
RECIPIENTS_MAX = 50
SAID_CHARS_MAX = 200

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_OURS = re.compile(r"<([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})@")
# What does not speak of the address for good: a sender refused, a mailbox that is full, their system, the letter itself, a
# policy (RFC 3463).
_PASSING = re.compile(r"^5\.(?:1\.[78]|2\.[23]|3\.\d+|6\.\d+|7\.\d+)$")


class What(StrEnum):
    """What a report says of a mail."""

    FAILED = "failed"  # for good, and it is the address
    PASSING = "passing"  # not now, or not this letter
    COMPLAINED = "complained"


class Report(msgspec.Struct, frozen=True):
    """What came back of one mail to one recipient. `message_id` is what we numbered the mail with."""

    what: What
    message_id: UUID
    recipient: str = ""
    status: str = ""
    said: str = ""


def read(raw: bytes) -> list[Report]:
    """Return what a mail reports of mails numbered as ours are; nothing for any other mail."""
    mail = message_from_bytes(raw[:REPORT_BYTES_MAX], policy=compat32)
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return []
    parts = [part for part in mail.get_payload() if isinstance(part, Message)]
    message_id = next((found for part in reversed(parts) if (found := _number(part)) is not None), None)
    if message_id is None:
        return []
    kind = str(mail.get_param("report-type", "")).lower()
    if kind == "feedback-report":
        return list(_complaint(parts, message_id))
    return list(_statuses(parts, message_id))[:RECIPIENTS_MAX] if kind == "delivery-status" else []


def lasting(status: str) -> bool:
    """Whether a status says that an address is of no use, and not only now or for this mail."""
    return status.startswith("5.") and not _PASSING.match(status)


def status_in(said: str) -> str:
    """Return the status that a mail server's answer begins with; 5.0.0 where it gives none."""
    found = _STATUS.search(said)
    return found.group(1) if found else "5.0.0"


def _number(part: Message) -> UUID | None:
    """Find the Message-ID of the mail that came back: in the copy of it, or of its head, at the report's end."""
    kind = part.get_content_type()
    heads: str | None = None
    if kind == "message/rfc822" and part.is_multipart():
        inner = part.get_payload(0)
        heads = f"Message-ID: {inner.get('Message-ID', '')}" if isinstance(inner, Message) else None
    elif kind == "text/rfc822-headers":
        content = part.get_payload(decode=True)
        heads = content.decode(errors="replace") if isinstance(content, bytes) else None
    line = re.search(r"^message-id:\s*(\S+)", heads or "", re.IGNORECASE | re.MULTILINE)
    found = _OURS.match(line.group(1)) if line else None
    return UUID(found.group(1)) if found else None


def _statuses(parts: list[Message], message_id: UUID) -> Iterator[Report]:
    for part in parts:
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            if not isinstance(block, Message) or "Action" not in block:
                continue  # the first block is about the report itself
            if _plain(block["Action"]).lower() not in ("failed", "delayed"):
                continue
            said = _plain(block.get("Diagnostic-Code")).partition(";")[2] or _plain(block.get("Diagnostic-Code"))
            status = status_in(_plain(block.get("Status")) or said)
            over = _plain(block["Action"]).lower() == "failed" and lasting(status)
            recipient = _plain(block.get("Original-Recipient") or block.get("Final-Recipient")).rpartition(";")[2]
            what = What.FAILED if over else What.PASSING
            yield Report(what, message_id, recipient.strip().lower(), status, said.strip()[:SAID_CHARS_MAX])


def _complaint(parts: list[Message], message_id: UUID) -> Iterator[Report]:
    for part in parts:
        if part.get_content_type() != "message/feedback-report":
            continue
        inner = part.get_payload(0) if part.is_multipart() else part
        kind = _plain(inner.get("Feedback-Type")).lower() if isinstance(inner, Message) else ""
        if kind in ("abuse", "fraud", "opt-out"):
            yield Report(What.COMPLAINED, message_id, said=kind)


def _plain(value: object) -> str:
    """A header as text that a database takes."""
    return " ".join(str(value or "").replace("\x00", "").encode(errors="replace").decode().split())
