"""Text messages to telephones, by whatever sends them: `SMS_SENDER` names a class with one verb, `send`."""

from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Sender(Protocol):
    """A provider of text messages. Raises whatever went wrong; nobody is told that a text was sent that was not."""

    def send(self, phone: str, text: str) -> None:
        """Send a text to an E.164 number."""


def send(phone: str, text: str) -> None:
    """Send a text by the provider that the settings name."""
    sender: Sender = import_string(settings.SMS_SENDER)()
    sender.send(phone, text)
