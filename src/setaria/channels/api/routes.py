"""The addresses of the API: one table, by which requests are answered and the OpenAPI document is written."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from setaria.channels.api import (
    addresses,
    basket,
    belongings,
    catalogue,
    deals,
    drops,
    giftcards,
    invoices,
    messages,
    orders,
    own,
    payments,
    quote,
    sales,
    wishes,
)

PREFIX = "/api/v1"


class Route(NamedTuple):
    """An address. `{market}` is taken off before the view is called; `{…_id}` has the form of an id (`UUID`).

    `refuses`: the codes that can come besides those that any address has. `query`: what may stand in the query.
    """

    method: str
    path: str
    view: Callable[..., Any]
    gives: type
    summary: str
    takes: type | None = None
    status: int = 200
    refuses: tuple[str, ...] = ()
    query: tuple[str, ...] = ()


_LINES = ("UNKNOWN_ITEM", "MARKET_INFORMS_ONLY", "TOO_MANY", "BAD_TOKEN")
_PLACING = (
    "QUOTE_CHANGED", "USED_UP", "CODE_USED", "DISCOUNT_OVER_LIMIT", "DISCOUNT_OVER", "POINTS_SPENT", "PRICE_CHANGED",
    "SOLD_OUT", "OVER_LIMIT", "ID_CONFLICT", "BAD_ADDRESS", "BAD_CONTACT", "UNSURE",
)  # fmt: skip
_ADMITTED = (
    "SIGN_IN", "NOT_FOUND", "NOT_ADMITTED", "NOT_DRAWN", "CODE_NEEDED", "NOT_IN_ROOM", "NOT_YET", "TURN_OVER", "TURN_USED",
    "GUARD_REFUSED", "GUARD_WAIT", "GUARD_LATER",
)  # fmt: skip
_CARDS = ("CARD_UNKNOWN", "CARD_EMPTY", "CARD_BLOCKED", "CARD_OF_ELSEWHERE", "PAYING", "TOO_MANY")
_PAYING = ("NOT_FOUND", "NOT_PAYABLE", "NO_SUCH_MEANS", "PROVIDER_DOWN", "BAD_TOKEN")

ROUTES = [
    Route("GET", "", catalogue.store, messages.StoreOut, "The store at this host: its languages and markets"),
    Route("GET", "/{market}/kinds", catalogue.kinds, messages.KindsOut, "The kinds of products"),
    Route(
        "GET", "/{market}/products", catalogue.listing, messages.ListingOut,
        "A page of products: of a kind, of a search, or all; narrowed by facets", refuses=("NOT_FOUND",),
        query=("kind", "q", "sort", "page"),
    ),
    Route("GET", "/{market}/products/{slug}", catalogue.product, messages.ProductOut, "One product with its variants",
          refuses=("NOT_FOUND",)),
    Route("GET", "/{market}/basket", basket.show, deals.BasketOut, "The basket as it stands", refuses=("BAD_TOKEN",)),
    Route(
        "PUT", "/{market}/basket/{sku}", basket.set_line, deals.BasketOut,
        "Have just so many of a variant in the basket; 0 takes it out", deals.SetLineIn,
        refuses=("UNKNOWN_ITEM", "NOT_SOLD_HERE", "BASKET_FULL", "BAD_TOKEN"),
    ),
    Route("POST", "/{market}/quote", quote.quote, deals.QuoteOut, "What an order costs, with every amount explained",
          deals.QuoteIn, refuses=(*_LINES, "BASKET_EMPTY")),
    Route("POST", "/{market}/orders", orders.place, deals.OrderedOut,
          "Place an order for what was quoted; the same again gets the first answer", deals.OrderIn, 201,
          (*_LINES, *_PLACING)),
    Route("GET", "/orders", own.listing, deals.OrdersOut, "The member's orders, the newest first",
          refuses=("SIGN_IN", "NOT_FOUND"), query=("before",)),
    Route("GET", "/orders/{order_id}", own.show, deals.OrderOut, "One order as it stands",
          refuses=("NOT_FOUND", "BAD_TOKEN")),
    Route("POST", "/orders/{order_id}/cancel", own.cancel, deals.OrderOut,
          "Cancel an order; what was paid goes back", refuses=("NOT_FOUND", "NOT_CANCELLABLE", "BAD_TOKEN")),
    Route("PUT", "/orders/{order_id}/address", own.address, deals.OrderOut,
          "Say where an order goes that was placed without saying so; the first address stands", deals.AddressIn,
          refuses=("NOT_FOUND", "NOT_SENT", "BAD_ADDRESS", "BAD_TOKEN")),
    Route("POST", "/orders/{order_id}/payments", payments.pay, deals.PaymentOut,
          "Begin to pay; by the same means again it is the same payment", deals.PayIn, 201, _PAYING),
    Route("GET", "/payments/{payment_id}", payments.show, deals.PaymentOut,
          "How a payment stands, and what to do next", refuses=_PAYING),
    Route("POST", "/payments/{payment_id}/back", payments.back, deals.PaymentOut,
          "The buyer is back from paying: have the provider asked at once", refuses=("NOT_FOUND", "BAD_TOKEN")),
    Route("POST", "/orders/{order_id}/giftcards", giftcards.use, deals.OrderOut,
          "Pay with a gift card, or with the member's store credit, as much of the order as there is on it",
          belongings.SpendIn, refuses=(*_CARDS, "NOT_FOUND", "NOT_PAYABLE", "BAD_TOKEN")),
    Route("POST", "/giftcards/balance", giftcards.stands, belongings.CardStandsOut, "What is left on a gift card",
          belongings.CardIn, refuses=("CARD_UNKNOWN", "TOO_MANY")),
    Route("GET", "/{market}/credit", giftcards.credit, belongings.StoreCreditOut, "The member's store credit in this market",
          refuses=("SIGN_IN",)),
    Route("GET", "/orders/{order_id}/invoices", invoices.listing, belongings.InvoicesOut,
          "An order's invoices and credit notes", refuses=("NOT_FOUND", "BAD_TOKEN")),
    Route("PUT", "/orders/{order_id}/invoices", invoices.wish, belongings.InvoicesOut,
          "Say whom the invoice is for; it is written once the order is paid", belongings.BillingIn,
          refuses=("NOT_FOUND", "NO_INVOICE", "INVOICE_WRITTEN", "BAD_BILLING", "BAD_TOKEN")),
    Route("GET", "/orders/{order_id}/invoices/{name}", invoices.document, belongings.DocumentOut,
          "One document as files: PDF and XML, in base64", refuses=("NOT_FOUND", "TOO_MANY", "BAD_TOKEN")),
    Route("GET", "/addresses", addresses.listing, belongings.AddressesOut, "The member's kept addresses, the usual one first",
          refuses=("SIGN_IN",)),
    Route("POST", "/{market}/addresses", addresses.add, belongings.AddressesOut,
          "Keep an address of this market; one that is known is not kept twice", belongings.KeptAddressIn, 201,
          ("SIGN_IN", "BAD_ADDRESS")),
    Route("PUT", "/{market}/addresses/{number}", addresses.change, belongings.AddressesOut, "Have a kept address be another",
          belongings.KeptAddressIn, refuses=("SIGN_IN", "NOT_FOUND", "BAD_ADDRESS")),
    Route("DELETE", "/addresses/{number}", addresses.forget, belongings.AddressesOut,
          "Keep an address no more; orders keep theirs", refuses=("SIGN_IN", "NOT_FOUND")),
    Route("GET", "/{market}/wishes", wishes.show, belongings.WishesOut, "The wish list", refuses=("BAD_TOKEN",)),
    Route("PUT", "/{market}/wishes/{slug}", wishes.add, belongings.WishesOut, "Wish for a product; once is enough",
          refuses=("NOT_FOUND", "WISHES_FULL", "BAD_TOKEN")),
    Route("DELETE", "/{market}/wishes/{slug}", wishes.remove, belongings.WishesOut, "Wish for it no more",
          refuses=("NOT_FOUND", "BAD_TOKEN")),
    Route("GET", "/{market}/drops", drops.listing, sales.DropsOut, "Drops that run or come, the next first"),
    Route("GET", "/{market}/drops/{slug}", drops.show, sales.DropWholeOut, "One drop as it stands", refuses=("NOT_FOUND",)),
    Route("POST", "/{market}/drops/{slug}/pass", drops.leave, sales.PassOut,
          "Leave to order in a drop: the order goes to the gate with it", sales.PassIn, refuses=_ADMITTED),
]  # fmt: skip


class Found(NamedTuple):
    """A route, the market its address names, and the other variable parts in their order."""

    route: Route
    market: str
    values: list[str | UUID]


_PARTS: dict[int, list[tuple[Route, list[str]]]] = {}
for _route in ROUTES:
    _parts = _route.path.split("/")
    _PARTS.setdefault(len(_parts), []).append((_route, _parts))


def find(method: str, path: str) -> Found | list[str] | None:
    """Return the route of an address below `PREFIX`; the methods there are if it has another; None if there is none."""
    given = path.split("/")
    others: list[str] = []
    for route, parts in _PARTS.get(len(given), ()):
        found = _match(route, parts, given)
        if found is None:
            continue
        if route.method == method:
            return found
        others.append(route.method)
    return others or None


def _match(route: Route, parts: list[str], given: list[str]) -> Found | None:
    market = ""
    values: list[str | UUID] = []
    for part, value in zip(parts, given, strict=True):
        if not part.startswith("{"):
            if part != value:
                return None
        elif part == "{market}":
            market = value
        elif part.endswith("_id}"):
            try:
                values.append(UUID(value))
            except ValueError:
                return None
        else:
            values.append(value)
    return Found(route, market, values)
