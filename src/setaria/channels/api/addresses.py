"""The addresses that a member keeps, as on the account's page."""

from django.db.models import QuerySet

from setaria.channels.api.asked import Asked
from setaria.channels.api.belongings import AddressesOut, KeptAddressIn, KeptAddressOut
from setaria.channels.api.orders import address_of
from setaria.channels.api.refusals import No
from setaria.people.members import addresses
from setaria.people.members.models import Address

NUMBER_DIGITS_MAX = 18


def listing(asked: Asked) -> AddressesOut | No:
    """Return the member's addresses."""
    if asked.member_id is None:
        return No(code="SIGN_IN")
    return AddressesOut(addresses=[_out(address) for address in _own(asked.member_id)])


def add(asked: Asked, given: KeptAddressIn) -> AddressesOut | No:
    """Keep an address; one that is known already is not kept twice."""
    if asked.member_id is None:
        return No(code="SIGN_IN")
    to = address_of(given, asked)
    if isinstance(to, No):
        return to
    addresses.remember(asked.member_id, now=asked.now, **to)
    if given.usual and (newest := _own(asked.member_id).filter(**to).first()) is not None:
        addresses.prefer(asked.member_id, newest.pk)
    return listing(asked)


def change(asked: Asked, number: str, given: KeptAddressIn) -> AddressesOut | No:
    """Have an address be another."""
    if asked.member_id is None:
        return No(code="SIGN_IN")
    to = address_of(given, asked)
    if isinstance(to, No):
        return to
    if not addresses.change(asked.member_id, _read(number), now=asked.now, **to):
        return No(code="NOT_FOUND")
    if given.usual:
        addresses.prefer(asked.member_id, _read(number))
    return listing(asked)


def forget(asked: Asked, number: str) -> AddressesOut | No:
    """Keep an address no more; orders already placed keep theirs."""
    if asked.member_id is None:
        return No(code="SIGN_IN")
    return listing(asked) if addresses.forget(asked.member_id, _read(number)) else No(code="NOT_FOUND")


def _own(member_id: int) -> QuerySet[Address]:
    return Address.objects.filter(member_id=member_id).order_by("-usual", "-used_at", "-id")


def _read(number: str) -> int:
    """Read an address's number; 0, which none has, for what is no number."""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS_MAX else 0


def _out(address: Address) -> KeptAddressOut:
    return KeptAddressOut(
        number=address.pk, recipient=address.recipient, phone=address.phone, country=address.country,
        region=address.region, city=address.city, street=address.street, postcode=address.postcode, usual=address.usual,
    )  # fmt: skip
