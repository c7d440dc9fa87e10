"""What goes in and out about what is somebody's own beside baskets and orders: wishes, addresses, invoices, gift cards."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from setaria.channels.api.deals import AddressIn
from setaria.channels.api.messages import CardOut, In, Out

CardCode = Annotated[str, Meta(min_length=1, max_length=40)]
PartyName = Annotated[str, Meta(min_length=1, max_length=160)]
TaxNumber = Annotated[str, Meta(max_length=32)]

# Wish lists


class WishesOut(Out, frozen=True):
    """What was wished for, the latest first; the same as on the web. `elsewhere`: so many are not shown in this market.

    `token` is the anonymous basket's, which the list belongs to: send it as `X-Basket-Token` from now on.
    """

    currency: str
    products: list[CardOut]
    elsewhere: int = 0
    token: str = ""


# Kept addresses


class KeptAddressIn(AddressIn, frozen=True):
    """An address to keep; with `usual` it is the one offered first from now on."""

    usual: bool = False


class KeptAddressOut(Out, frozen=True):
    """An address that is kept, under a number of its own."""

    number: int
    recipient: str
    phone: str
    country: str
    region: str
    city: str
    street: str
    postcode: str
    usual: bool = False


class AddressesOut(Out, frozen=True):
    """The member's kept addresses: the usual one first, then the one used last."""

    addresses: list[KeptAddressOut]


# Invoices


class BillingIn(In, frozen=True):
    """Whom an invoice is for: a person by name, or a company by name and tax number."""

    name: PartyName
    tax_id: TaxNumber = ""


class InvoiceOut(Out, frozen=True):
    """An invoice, or a credit note: then `corrects` names the invoice that it takes back from. Amounts in minor units."""

    name: str
    issued_at: datetime
    supplied_on: date
    currency: str
    net: int
    tax: int
    gross: int
    corrects: str = ""


class InvoicesOut(Out, frozen=True):
    """An order's documents in their order. `can_ask`: there are none, and one may say whom it is for; `asked`: one did."""

    order_id: UUID
    invoices: list[InvoiceOut]
    can_ask: bool = False
    asked: bool = False


class DocumentOut(Out, frozen=True):
    """A document as files, in base64: the PDF, and its data by EN 16931 (which is within the PDF, too, where it is custom)."""

    name: str
    pdf: bytes
    xml: bytes


# Gift cards


class CardIn(In, frozen=True):
    """A gift card's code, as it stands on the card."""

    code: CardCode


class SpendIn(In, frozen=True):
    """The code of the card to pay with; without one, the member's store credit."""

    code: Annotated[str, Meta(max_length=40)] = ""


class CardStandsOut(Out, frozen=True):
    """What is left on a card, in minor units, and in which market it is good."""

    balance: int
    currency: str
    market: str
    blocked: bool = False


class StoreCreditOut(Out, frozen=True):
    """A member's store credit in this market, in minor units."""

    currency: str
    balance: int
