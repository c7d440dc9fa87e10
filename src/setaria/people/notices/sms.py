"""Messages as texts to telephones, by whatever provider the settings name."""

from collections.abc import Sequence
from datetime import datetime

from setaria.people.notices.models import Message
from setaria.people.notices.trouble import Undeliverable
from setaria.people.notices.words import Writer
from setaria.people.post import texts


def deliver(messages: Sequence[Message], now: datetime) -> list[Exception | None]:
    """Send each; one that cannot go keeps no other back."""
    writer = Writer(messages)
    return [_send(writer, message, now) for message in messages]


def _send(writer: Writer, message: Message, now: datetime) -> Exception | None:
    try:
        texts.send(message.recipient, writer.words(message, now).text)
    except (ValueError, LookupError) as error:
        return Undeliverable(repr(error))
    except Exception as error:  # whatever a provider's class raises: it is tried again later
        return error
    return None
