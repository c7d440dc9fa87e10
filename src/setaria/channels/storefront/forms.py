"""What visitors fill in."""

from functools import lru_cache
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import get_language
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from setaria.channels.storefront.widgets import Choices, LineInput
from setaria.kernel.questions import Question, ask
from setaria.markets.models import Market
from setaria.people.members import phones
from setaria.people.members.countries import CountryForm, form_of
from setaria.people.members.entrance import ContactField

FIELDS = ["recipient", "phone", "region", "city", "street", "postcode"]

_REGIONS = {
    "province": _("Province"), "state": _("Province or state"), "prefecture": _("Prefecture"), "county": _("County"),
    "emirate": _("Emirate"), "island": _("Island"), "department": _("Department"),
}  # fmt: skip
_POSTCODES = {"zip": _("ZIP code"), "pin": _("PIN code"), "postal": _("Postcode"), "eircode": _("Eircode")}
_CITIES = {"post_town": _("Town"), "suburb": _("Suburb"), "district": _("District"), "city": _("City")}


def country_of(market: Market) -> str:
    """Return the country parcels of a market go to: a market is one country, and its code begins with it."""
    return market.code[:2].upper()


def _text(label: Any, chars_max: int, autocomplete: str, *, required: bool = True, **more: Any) -> forms.CharField:
    widget = LineInput(attrs={"autocomplete": autocomplete, **more.pop("attrs", {})})
    return forms.CharField(label=label, max_length=chars_max, required=required, widget=widget, **more)


class AddressForm(forms.Form):
    """Where a parcel goes, as addresses are written in a country: its parts, their order, their names, its postcode."""

    def __init__(self, country: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        self.rules = form_of(country)
        self.fields |= _address_fields(country, get_language() or "")
        if "region" in self.rules.parts and self.rules.regions and self.initial.get("region"):
            self.initial = {**self.initial, "region": self.rules.region_named(str(self.initial["region"])) or ""}

    def clean_phone(self) -> str:
        """Read the number as one of this country, unless it says of which."""
        phone = phones.normalised(self.cleaned_data["phone"], self.country)
        if phone is None:
            example = phones.example(self.country)
            raise forms.ValidationError(
                now_("Write a telephone number, for example %(example)s.") % {"example": example}
            )
        return phones.shown(phone)

    def clean_postcode(self) -> str:
        """Check the postcode by the country's own pattern."""
        postcode: str = self.cleaned_data["postcode"].strip().upper()
        if postcode and self.rules.postcode and not self.rules.postcode.fullmatch(postcode):
            example = self.rules.postcode_example
            raise forms.ValidationError(now_("A postcode here looks like %(example)s.") % {"example": example})
        return postcode

    def address(self) -> dict[str, str]:
        """Return the address's fields as they are kept; parts that the country does not have are empty."""
        return {name: self.cleaned_data.get(name, "") for name in FIELDS} | {"country": self.country}


@lru_cache(maxsize=1_000)
def _address_fields(country: str, language: str) -> dict[str, forms.Field]:
    """The fields of a country's addresses: made once, as forms never change them."""
    rules = form_of(country)
    fields: dict[str, forms.Field] = {
        "recipient": _text(_("Recipient"), 80, "name"),
        "phone": _text(_("Telephone"), 24, "tel", attrs={"inputmode": "tel"}),
    }
    return fields | {part: _part(part, rules, language) for part in rules.parts}


def _part(part: str, rules: CountryForm, language: str) -> forms.Field:
    required = part in rules.required
    if part == "street":
        return _text(_("Street, number, flat"), 160, "street-address", required=required)
    if part == "city":
        return _text(_CITIES.get(rules.city_kind, _("City")), 60, "address-level2", required=required)
    if part == "postcode":
        label = _POSTCODES.get(rules.postcode_kind, _("Postcode"))
        plain = RegexValidator(r"^[0-9A-Za-z][0-9A-Za-z -]{1,14}$", _("Write the postcode in figures and letters."))
        return _text(label, 16, "postal-code", required=required, validators=[plain])
    label = _REGIONS.get(rules.region_kind, _("Province or state"))
    if not rules.regions:
        return _text(label, 60, "address-level1", required=required)
    local = language.startswith("zh")
    names = [(kept, names[1] if local else names[0]) for kept, names in rules.regions.items()]
    choices = [("", "—"), *sorted(names, key=lambda one: "" if local else one[1])]
    select = Choices(attrs={"autocomplete": "address-level1"})
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=select)


class CheckoutForm(AddressForm):
    """Where an order goes."""


class GuestCheckoutForm(CheckoutForm):
    """Where an order goes, and how whoever has no account is reached."""

    def __init__(self, country: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(country, *args, **kwargs)
        self.fields["contact"] = ContactField(
            help_text=_("The link to your order goes there."), widget=LineInput(attrs={"autocomplete": "email"})
        )


class NameForm(forms.Form):
    """What a member likes to be called."""

    name = _text(_("Your name"), 80, "name", required=False)


_LATEST = f"""
    SELECT {", ".join(FIELDS)} FROM members_address WHERE member_id = %(member)s AND country = %(country)s
    ORDER BY usual DESC, used_at DESC LIMIT 1
"""


def latest_address(member_id: int, country: str) -> dict[str, Any]:
    """Return the member's usual address in a country, else the one used last, as initial values; one query."""
    [found] = ask(Question(_LATEST, {"member": member_id, "country": country}))
    return dict(zip(FIELDS, found[0], strict=True)) if found else {}
