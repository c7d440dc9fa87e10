"""Messages by mail, through Django's mail backend."""

from collections.abc import Sequence
from datetime import datetime
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from setaria.people.notices.models import Message
from setaria.people.notices.returned import lasting, status_in
from setaria.people.notices.trouble import NoSuchAddress, Undeliverable
from setaria.people.notices.words import Writer, stop_of

PERMANENT = 500  # and above: SMTP's "do not try again"


def deliver(messages: Sequence[Message], now: datetime) -> list[Exception | None]:
    """Send mails over one connection; a server that is away fails all that are left at once."""
    connection, writer = get_connection(), Writer(messages)
    away: Exception | None = None
    found: list[Exception | None] = []
    try:
        connection.open()
    except OSError as error:
        away = error
    try:
        for message in messages:
            if away is None:
                trouble = _send(connection, writer, message, now)
                away = trouble if isinstance(trouble, SMTPServerDisconnected | TimeoutError) else None
                found.append(trouble)
            else:
                found.append(away)
    finally:
        connection.close()
    return found


def _send(connection: BaseEmailBackend, writer: Writer, message: Message, now: datetime) -> Exception | None:
    try:
        words = writer.words(message, now)
        mail = EmailMessage(
            subject=words.subject,
            body=words.text,
            to=[message.recipient],
            from_email=settings.EMAIL_BOUNCES or None,  # the envelope's: where what cannot be delivered comes back to
            headers={
                "From": settings.DEFAULT_FROM_EMAIL,
                "Message-ID": f"<{message.pk}@{urlsplit(settings.BASE_URL).hostname}>",
                **_stop(message),
            },
            connection=connection,
        )
        mail.send()
    except (ValueError, LookupError) as error:
        return Undeliverable(repr(error))
    except SMTPRecipientsRefused as error:
        return _refused(error)
    except OSError as error:  # all that SMTP and sockets raise
        return error
    return None


def _refused(error: SMTPRecipientsRefused) -> Exception:
    """Judge a mail server's no to the only recipient: for now, for this mail, or of the address."""
    answers = list(error.recipients.values())
    if not answers or min(code for code, _ in answers) < PERMANENT:
        return error
    said = answers[0][1].decode(errors="replace") if isinstance(answers[0][1], bytes) else str(answers[0][1])
    status = status_in(said)
    return NoSuchAddress(status, said) if lasting(status) else Undeliverable(repr(error))


def _stop(message: Message) -> dict[str, str]:
    """The header by which mail programs offer to unsubscribe with one click (RFC 8058)."""
    path = stop_of(message)
    if not path:
        return {}
    here = str(message.payload.get("base_url") or settings.BASE_URL)
    return {
        "List-Unsubscribe": f"<{here}{path}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
