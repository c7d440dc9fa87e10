"""The sandbox post office: messages become files that a developer reads; `setaria messages` shows them."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from setaria.kernel.ids import new_id

MESSAGES_KEPT_MAX = 200


class SandboxMail(BaseEmailBackend):
    """Django's way to send mail: into the folder."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message down; return how many."""
        for message in email_messages:
            write(", ".join(message.recipients()), f"{message.subject}\n\n{message.body}")
        return len(email_messages)


class SandboxTexts:
    """A `texts.Sender`: into the folder."""

    def send(self, phone: str, text: str) -> None:
        """Write the text down."""
        write(phone, text)


def write(to: str, text: str) -> Path:
    """Keep one message as a file, named so that names sort by time; the oldest beyond a limit go."""
    folder = Path(settings.SANDBOX_MESSAGES)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{new_id()}.txt"
    file.write_text(f"To: {to}\n{text.strip()}\n", encoding="utf-8")
    for old in latest()[MESSAGES_KEPT_MAX:]:
        old.unlink(missing_ok=True)
    return file


def latest() -> list[Path]:
    """Return the messages kept, newest first."""
    return sorted(Path(settings.SANDBOX_MESSAGES).glob("*.txt"), reverse=True)
