"""What goes in and out about drops, as JSON; see `messages.py`. Orders of a drop go to the gate."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from setaria.channels.api.messages import In, Out

Proof = Annotated[str, Meta(max_length=8_000)]


class DropOut(Out, frozen=True):
    """A drop in a list. `admission` says how one comes in: whoever comes, a waiting room, a draw, a friend's code."""

    slug: str
    name: str
    line: str
    admission: Literal["open", "queue", "draw", "code"]
    opens_at: datetime
    closes_at: datetime


class DropsOut(Out, frozen=True):
    """Drops that run or come, the next first."""

    drops: list[DropOut]


class DropItemOut(Out, frozen=True):
    """A variant on offer in a drop: what it costs then, how many one customer may have, and how many of these are left to you."""

    sku: str
    slug: str
    name: str
    limit: int
    left_to_you: int
    price: int | None = None
    sold_out: bool = False


class RoomOut(Out, frozen=True):
    """The waiting room: post `ticket` to `url` to take a place, and ask there how one stands (the gate's reference)."""

    url: str
    ticket: str


class DropWholeOut(Out, frozen=True):
    """A drop as it stands. `may_order`: a pass is to be had now, or at the opening.

    `orders_url` is where a pass and lines are posted to, `state_url` where the gate tells what is sold out.
    """

    slug: str
    name: str
    line: str
    admission: Literal["open", "queue", "draw", "code"]
    state: Literal["before", "open", "sold_out", "closed"]
    opens_at: datetime
    closes_at: datetime
    currency: str
    items: list[DropItemOut]
    may_order: bool
    orders_url: str
    state_url: str
    room: RoomOut | None = None


class PassIn(In, frozen=True):
    """What asks for leave to order; `proof` where work was asked for."""

    proof: Proof = ""


class WorkOut(Out, frozen=True):
    """Work that is to be done first: solve the challenge and ask again with the `proof`. `rule`: which rule asked for it."""

    challenge: dict[str, Any]
    hard: bool
    rule: str


class PassOut(Out, frozen=True):
    """Leave to order, to be posted with the lines to `orders_url`; or the work that is to be done for it."""

    orders_url: str
    leave: str = msgspec.field(name="pass", default="")
    work: WorkOut | None = None
