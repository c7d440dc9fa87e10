"""What visitors fill in."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from setaria.markets.models import Market
from setaria.people.members.models import Address

FIELDS = ["recipient", "phone", "region", "city", "street", "postcode"]


def _text(label: Any, chars_max: int, autocomplete: str, *, required: bool = True, **more: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, **more.pop("attrs", {})})
    return forms.CharField(label=label, max_length=chars_max, required=required, widget=widget, **more)


class AddressForm(forms.Form):
    """Where a parcel goes, within the market one shops in."""

    recipient = _text(_("Recipient"), 80, "name")
    phone = _text(
        _("Telephone"),
        24,
        "tel",
        attrs={"inputmode": "tel"},
        validators=[
            RegexValidator(r"^\+?[0-9][0-9 ()-]{4,22}$", _("Write a telephone number, for example 138 0000 0000."))
        ],
    )
    region = _text(_("Province or state"), 60, "address-level1", required=False)
    city = _text(_("City"), 60, "address-level2")
    street = _text(_("Street, number, flat"), 160, "street-address")
    postcode = _text(
        _("Postcode"),
        16,
        "postal-code",
        required=False,
        validators=[
            RegexValidator(r"^[0-9A-Za-z][0-9A-Za-z -]{1,14}$", _("Write the postcode in figures and letters."))
        ],
    )

    @staticmethod
    def country(market: Market) -> str:
        """Return the country parcels of a market go to: a market is one country, and its code begins with it."""
        return market.code[:2].upper()


class NameForm(forms.Form):
    """What a member likes to be called."""

    name = _text(_("Your name"), 80, "name", required=False)


def latest_address(member_id: int) -> dict[str, Any]:
    """Return the address the member used last, as a form's initial values; one query."""
    return Address.objects.filter(member_id=member_id).order_by("-used_at").values(*FIELDS).first() or {}
