"""What goes in and out about baskets, quotes, orders and payments, as JSON; see `messages.py`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from setaria.channels.api.messages import In, Out
from setaria.trade.orders.requests import LINE_QUANTITY_MAX, ORDER_LINES_MAX
from setaria.trade.promotions.rules import CODES_MAX

Sku = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Z0-9][A-Z0-9-]*$")]
Quantity = Annotated[int, Meta(ge=1, le=LINE_QUANTITY_MAX)]
QuantityOrNone = Annotated[int, Meta(ge=0, le=LINE_QUANTITY_MAX)]
Amount = Annotated[int, Meta(ge=1, le=10**15)]
Short = Annotated[str, Meta(max_length=60)]
Text = Annotated[str, Meta(max_length=254)]
TypedCode = Annotated[str, Meta(max_length=32)]
Token = Annotated[str, Meta(max_length=200)]
Means = Annotated[str, Meta(max_length=20)]

# The basket


class SetLineIn(In, frozen=True):
    """How many are wanted; 0 takes the line out."""

    quantity: QuantityOrNone


class BasketLineOut(Out, frozen=True):
    """A line of the basket as it stands now.

    `price` is today's; `seen` the one that was shown when it was put in, where it was another. `gone`: not sold here.
    `short`: fewer are left than wanted. `later`: saved for later, and not part of an order.
    """

    sku: str
    slug: str
    name: str
    quantity: int
    price: int | None = None
    seen: int | None = None
    gone: bool = False
    short: bool = False
    later: bool = False


class BasketOut(Out, frozen=True):
    """The basket: the same as on the web. `token` is the anonymous one's: send it as `X-Basket-Token` from now on."""

    currency: str
    lines: list[BasketLineOut]
    goods: int
    units: int
    token: str = ""


# The quote


class WantedIn(In, frozen=True):
    """So many of a variant."""

    sku: Sku
    quantity: Quantity


class ChoiceIn(In, frozen=True):
    """What the buyer chose: where to (the region decides on delivery), how it is sent, codes, and points."""

    region: Short = ""
    delivery: TypedCode = ""
    codes: Annotated[tuple[TypedCode, ...], Meta(max_length=CODES_MAX)] = ()
    points: bool = False


class QuoteIn(In, frozen=True):
    """What to reckon: the lines named, or without any those of the basket."""

    lines: Annotated[tuple[WantedIn, ...], Meta(max_length=ORDER_LINES_MAX)] | None = None
    choice: ChoiceIn = ChoiceIn()


class QuoteLineOut(Out, frozen=True):
    """A line of a quote. `short`: fewer are left than wanted."""

    sku: str
    name: str
    quantity: int
    price: int
    short: bool = False


class ChargeOut(Out, frozen=True):
    """An amount beside the lines, and why. What `tells` only (tax within the prices) is no part of the total."""

    kind: str
    label: str
    why: str
    amount: int
    tells: bool = False


class WayOut(Out, frozen=True):
    """A way of sending. `free_from`: from so much goods on it costs nothing."""

    code: str
    name: str
    amount: int
    free_from: int | None = None
    chosen: bool = False


class ProblemOut(Out, frozen=True):
    """Why a code takes nothing off."""

    typed: str
    code: str
    message: str


class QuoteOut(Out, frozen=True):
    """What an order costs, with every amount explained.

    To order it, send back `order_id`, `mark` and the lines with their prices; who has not signed in sends `order_key`
    as well. `points`: how many the buyer has and may pay with. `ready`: nothing stands in the way of ordering.
    """

    order_id: UUID
    order_key: str
    currency: str
    lines: list[QuoteLineOut]
    charges: list[ChargeOut]
    ways: list[WayOut]
    problems: list[ProblemOut]
    goods: int
    total: int
    mark: str
    ready: bool
    points: int = 0


# Orders


class AgreedLineIn(In, frozen=True):
    """A line as it was quoted."""

    sku: Sku
    quantity: Quantity
    price: Amount


class AddressIn(In, frozen=True):
    """Where it goes; which parts an address has depends on the market's country."""

    recipient: Annotated[str, Meta(max_length=80)]
    phone: Annotated[str, Meta(max_length=24)]
    region: Short = ""
    city: Short = ""
    street: Annotated[str, Meta(max_length=160)] = ""
    postcode: Annotated[str, Meta(max_length=16)] = ""


class OrderIn(In, frozen=True):
    """An order for what was quoted. The same again gets the first answer: `order_id` is the idempotency key.

    `contact` (an email address or a telephone number) and `order_key` are for who has not signed in. With `pay_by`
    the payment is begun at once.
    """

    order_id: UUID
    mark: Annotated[str, Meta(max_length=60)]
    lines: Annotated[tuple[AgreedLineIn, ...], Meta(min_length=1, max_length=ORDER_LINES_MAX)]
    address: AddressIn
    choice: ChoiceIn = ChoiceIn()
    contact: Text = ""
    order_key: Token = ""
    pay_by: Means = ""


class OrderLineOut(Out, frozen=True):
    """A line of an order; `returned` of its units were taken back."""

    sku: str
    slug: str
    name: str
    quantity: int
    price: int
    returned: int = 0


class MeansOut(Out, frozen=True):
    """A way to pay what is left of an order."""

    code: str
    name: str


class NextOut(Out, frozen=True):
    """What the app does next to have it paid.

    It opens `url`, shows `code` as a QR code, or hands `secret` (and `key`, the publishable one) to the provider's kit.
    """

    url: str = ""
    code: str = ""
    secret: str = ""
    key: str = ""


class PaymentOut(Out, frozen=True):
    """A payment. While it is `started` and can still be paid, `next` is what to do."""

    id: UUID
    order_id: UUID
    means: str
    state: Literal["started", "succeeded", "failed"]
    amount: int
    currency: str
    next: NextOut | None = None


class StepOut(Out, frozen=True):
    """A step of an order's life; without `at` it is yet to come."""

    step: str
    at: datetime | None = None
    amount: int | None = None


class DestinationOut(Out, frozen=True):
    """Where an order goes."""

    recipient: str
    phone: str
    country: str
    region: str
    city: str
    street: str
    postcode: str


class OrderOut(Out, frozen=True):
    """An order as it stands. `due` is what is left to pay until `pay_by`; `can` is what its buyer may do now.

    With `at_door` the order is confirmed, and its buyer has so much to pay at the door.
    `token` opens a guest's order: send it as `X-Order-Token`.
    """

    id: UUID
    state: Literal["placed", "paid", "expired", "cancelled"]
    market: str
    currency: str
    total: int
    due: int
    placed_at: datetime
    pay_by: datetime
    lines: list[OrderLineOut]
    charges: list[ChargeOut]
    life: list[StepOut]
    can: list[Literal["pay", "cancel", "address"]]
    means: list[MeansOut]
    paid_at: datetime | None = None
    at_door: int | None = None
    destination: DestinationOut | None = None
    payment: PaymentOut | None = None
    token: str = ""


class OrderedOut(Out, frozen=True):
    """An order that was placed, and the payment that was begun with it, if one was asked for.

    `payment_refusal`: why the payment was not begun; the order stands all the same.
    """

    id: UUID
    total: int
    currency: str
    pay_by: datetime
    payment: PaymentOut | None = None
    payment_refusal: str = ""
    token: str = ""


class SummaryOut(Out, frozen=True):
    """An order in the list. With `at_door` it is confirmed, and its buyer has so much to pay at the door."""

    id: UUID
    state: Literal["placed", "paid", "expired", "cancelled"]
    market: str
    currency: str
    total: int
    placed_at: datetime
    units: int
    at_door: int | None = None


class OrdersOut(Out, frozen=True):
    """A page of the member's orders, the newest first. `next`: the query that asks for the page after it."""

    orders: list[SummaryOut]
    next: str = ""


class PayIn(In, frozen=True):
    """By which means to pay."""

    means: Means


class RefusalOut(Out, frozen=True):
    """Why not: a stable code, and a sentence in the reader's language.

    `sku` names the line that was the reason, `fields` what is wrong with single fields, `quote` what it would cost now.
    """

    code: str
    message: str
    sku: str = ""
    fields: dict[str, str] = {}
    quote: QuoteOut | None = None
