"""The ways a message can go. A channel takes a batch and says of each message what went wrong, if anything did.

Another channel is one more function here, or one that an app adds to `CHANNELS` when it is ready.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from setaria.people.notices import email, push, sms
from setaria.people.notices.models import Message

Deliver = Callable[[Sequence[Message], datetime], list[Exception | None]]

CHANNELS: dict[str, Deliver] = {"email": email.deliver, "sms": sms.deliver, "push": push.deliver}
