"""What a message says, in its recipient's language."""

from datetime import datetime

import msgspec
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from setaria.people.notices.models import Message


class Words(msgspec.Struct, frozen=True):
    """A message in words."""

    subject: str
    text: str


def words_of(message: Message, now: datetime) -> Words:
    """Render a message's template: its first line is the subject. Raises what Django's templates raise.

    A payload may say itself at which address the store is (`base_url`): one may be at several.
    """
    with translation.override(message.language):
        told = render_to_string(
            f"notices/{message.template}.txt", {"base_url": settings.BASE_URL, **message.payload, "now": now}
        )
    subject, _, text = told.strip().partition("\n")
    return Words(" ".join(subject.split()), text.strip() + "\n")
