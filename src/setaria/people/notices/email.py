"""Messages by mail, through Django's mail backend."""

from collections.abc import Sequence
from datetime import datetime
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from setaria.people.notices.models import Message
from setaria.people.notices.trouble import Undeliverable
from setaria.people.notices.words import Writer

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
            headers={"Message-ID": f"<{message.pk}@{urlsplit(settings.BASE_URL).hostname}>", **_stop(message)},
            connection=connection,
        )
        mail.send()
    except (ValueError, LookupError) as error:
        return Undeliverable(repr(error))
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return Undeliverable(repr(error)) if codes and min(codes) >= PERMANENT else error
    except OSError as error:  # all that SMTP and sockets raise
        return error
    return None


def _stop(message: Message) -> dict[str, str]:
    """The header by which mail programs offer to unsubscribe with one click (RFC 8058)."""
    path = message.payload.get("stop_path")
    if not path:
        return {}
    return {
        "List-Unsubscribe": f"<{settings.BASE_URL}{path}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
