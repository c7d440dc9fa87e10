"""What a message says, in its recipient's language."""

from datetime import datetime

import msgspec

from setaria.people.notices.fill import fill
from setaria.people.notices.kinds import first_wording, kind_of, values_of
from setaria.people.notices.models import Message


class Words(msgspec.Struct, frozen=True):
    """A message in words, and the page it leads to."""

    subject: str
    text: str
    path: str

    def short(self, bytes_max: int) -> str:
        """Return the first paragraph, as much of it as fits."""
        first = self.text.split("\n\n")[0].strip()
        return first.encode()[:bytes_max].decode(errors="ignore")


def words_of(message: Message, now: datetime) -> Words:
    """Write a message; raises ValueError for one that cannot be written."""
    kind = kind_of(message.template)
    values = values_of(kind, message.payload, message.language, now)
    subject, text = (fill(part, values) for part in first_wording(kind.name, message.language))
    path = str(message.payload.get(kind.opens) or "/")
    return Words(" ".join(subject.split()), text.strip() + "\n", path)
