"""Placing an order for what was quoted."""

from django.core.exceptions import ValidationError
from msgspec.structs import replace

from setaria.channels.api import payments
from setaria.channels.api.asked import Asked
from setaria.channels.api.deals import AddressIn, OrderedOut, OrderIn, PaymentOut, QuoteOut
from setaria.channels.api.quote import choice_of, reckoned, was_given
from setaria.channels.api.refusals import No
from setaria.channels.api.things import name_of, variants_by_sku
from setaria.channels.storefront import guest, queries
from setaria.channels.storefront.forms import CheckoutForm, country_of
from setaria.goods.catalog.models import Variant
from setaria.people.members.entrance import contact_of
from setaria.people.members.guests import guest_of
from setaria.people.notices.readers import speak
from setaria.trade.orders.requests import Code, Line, Placed, Refused
from setaria.trade.payments.models import Payment
from setaria.trade.promotions import spend
from setaria.trade.purchases.buy import Agreed, Answer, Changed, Unreserved, buy
from setaria.trade.purchases.finish import finish

_UNRESERVED = {
    spend.Refusal.USED_UP: "USED_UP", spend.Refusal.CODE_USED: "CODE_USED",
    spend.Refusal.OVER_LIMIT: "DISCOUNT_OVER_LIMIT", spend.Refusal.OVER: "DISCOUNT_OVER", None: "POINTS_SPENT",
}  # fmt: skip


def place(asked: Asked, wanted: OrderIn) -> OrderedOut | No:
    """Place what was quoted; the same again gets the first answer."""
    shelf = asked.shelf
    if not shelf.sells or shelf.channel is None:
        return No(code="MARKET_INFORMS_ONLY")
    if wanted.choice.codes and not asked.allowed("coupon", dry_run=True):
        return No(code="TOO_MANY")
    to = address_of(wanted.address, asked)
    if isinstance(to, No):
        return to
    # What delivery costs goes by where it goes, not by what was said when it was quoted.
    wanted = replace(wanted, choice=replace(wanted.choice, region=to["region"]))
    customer_id = asked.member_id or _guest(asked, wanted)
    if isinstance(customer_id, No):
        return customer_id
    variants = _variants([line.sku for line in wanted.lines], shelf)
    if unknown := next((line.sku for line in wanted.lines if line.sku not in variants), None):
        return No(code="UNKNOWN_ITEM", sku=unknown, item=unknown)
    agreed = Agreed(
        order_id=wanted.order_id, customer_id=customer_id, member=asked.member_id is not None, market=shelf.market,
        channel_id=shelf.channel.pk, seen=wanted.mark, choice=choice_of(wanted.choice),
        lines=tuple(Line(variants[line.sku].pk, line.quantity, line.price) for line in wanted.lines),
    )  # fmt: skip
    answer = buy(agreed, now=shelf.now)
    if isinstance(answer, Placed):
        return _finished(asked, wanted, agreed, answer, to)
    return _refused(asked, wanted, answer, variants)


def _guest(asked: Asked, wanted: OrderIn) -> int | No:
    """The customer that a contact is; only for an order's id that was given to whoever asks."""
    if not was_given(asked, wanted.order_id, wanted.order_key):
        return No(code="BAD_TOKEN")
    try:
        contact = contact_of(wanted.contact.strip(), country_of(asked.market))
    except ValidationError as error:
        return No(code="BAD_CONTACT", fields={"contact": str(error.messages[0])})
    if not asked.allowed("guest_order", key=contact):
        return No(code="TOO_MANY")
    return guest_of(contact)


def _variants(skus: list[str], shelf: queries.Shelf) -> dict[str, Variant]:
    """What is to be ordered; a thing that is not shown any more is found, too, for an order that was placed before."""
    found = {sku: variant for sku, (variant, _price) in variants_by_sku(skus, shelf).items()}
    missing = [sku for sku in skus if sku not in found]
    if missing:
        rows = Variant.objects.filter(sku__in=missing).select_related("product")
        found |= {variant.sku: variant for variant in rows}
    return found


def _finished(asked: Asked, wanted: OrderIn, agreed: Agreed, placed: Placed, to: dict[str, str]) -> OrderedOut:
    """Note where it goes, take it out of the basket, begin to pay; each is harmless again."""
    if not agreed.member:
        speak(agreed.customer_id, asked.language, asked.market.pk)
    means = wanted.pay_by if payments.takes(asked.market, wanted.pay_by, placed.total, placed.currency) else ""
    begun: Payment | PaymentOut | No | None
    begun = finish(agreed, placed, to, asked.owner, now=asked.now, pay_by=means)
    if begun is None and wanted.pay_by:
        begun = payments.started(
            asked, placed.id, agreed.customer_id, asked.market, wanted.pay_by, placed.total
        )  # fmt: skip
    # Its provider is asked outside of any transaction.
    if isinstance(begun, Payment):
        begun = payments.opened(asked, begun)
    return OrderedOut(
        id=placed.id, total=placed.total, currency=placed.currency, pay_by=placed.pay_by,
        payment=begun if isinstance(begun, PaymentOut) else None,
        payment_refusal=begun.code if isinstance(begun, No) else "",
        token="" if agreed.member else guest.token_of(placed.id, agreed.customer_id, asked.now),
    )  # fmt: skip


def _refused(asked: Asked, wanted: OrderIn, answer: Answer, variants: dict[str, Variant]) -> No:
    """Say why not, with what it would cost now where that helps."""
    match answer:
        case Refused(code=Code.ID_CONFLICT | Code.MALFORMED as code):
            return No(code=code.value)
        case Refused():
            reason = next((v for v in variants.values() if v.pk == answer.variant_id), None)
            return No(
                code=answer.code.value, sku=reason.sku if reason else "", item=name_of(reason) if reason else "",
                quote=_now(asked, wanted),
            )  # fmt: skip
        case Changed():
            return No(code="QUOTE_CHANGED", quote=_now(asked, wanted))
        case Unreserved():
            return No(code=_UNRESERVED[answer.why], quote=_now(asked, wanted))
    return No(code="UNSURE")


def _now(asked: Asked, wanted: OrderIn) -> QuoteOut | None:
    """What the same would cost now, under the same id; nothing where it cannot be had at all."""
    found = reckoned(asked, [(line.sku, line.quantity) for line in wanted.lines], wanted.choice, wanted.order_id)
    return None if isinstance(found, No) else found


def address_of(given: AddressIn, asked: Asked, country: str = "") -> dict[str, str] | No:
    """Read an address by the rules of the country that the market's parcels go to."""
    raw = {
        "recipient": given.recipient, "phone": given.phone, "region": given.region, "city": given.city,
        "street": given.street, "postcode": given.postcode,
    }  # fmt: skip
    form = CheckoutForm(country or country_of(asked.market), raw)
    if not form.is_valid():
        return No(code="BAD_ADDRESS", fields={name: str(errors[0]) for name, errors in form.errors.items()})
    return form.address()
