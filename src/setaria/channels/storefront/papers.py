"""What an order's page says of its invoice: the documents there are, or the form to ask for one."""

import msgspec
from django import forms
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from stdnum.exceptions import ValidationError as NumberError
from stdnum.util import get_cc_module

from setaria.channels.storefront.ordered import Ordered
from setaria.trade.invoices.models import Invoice
from setaria.trade.invoices.rules import Party
from setaria.trade.orders.models import Status


class BillingForm(forms.Form):
    """Whom an invoice is for: a person by name, or a company by name and tax number."""

    name = forms.CharField(
        label=_("Name or company"), max_length=160, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    tax_id = forms.CharField(
        label=_("Company's tax number"), max_length=32, required=False, help_text=_("Leave it empty for a person."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, country: str, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.country = country

    def clean_tax_id(self) -> str:
        """Check the number as its country does, where that is known."""
        number: str = self.cleaned_data["tax_id"].strip()
        checker = get_cc_module(self.country.lower(), "vat")
        if not number or checker is None:
            return number
        try:
            return str(checker.validate(number))
        except NumberError as error:
            raise forms.ValidationError(
                now_("This is not a tax number of this country. Is a figure missing?")
            ) from error

    def party(self) -> Party:
        """Return who it is."""
        return Party(self.cleaned_data["name"], self.country, self.cleaned_data["tax_id"])


class Papers(msgspec.Struct, frozen=True):
    """What an order's page says of its invoice."""

    documents: list[Invoice]
    form: BillingForm | None


def papers_of(found: Ordered, country: str) -> Papers | None:
    """Return an order's documents, or the form to ask for one; None where there are none to be had."""
    if found.invoices:
        return Papers(found.invoices, None)
    if found.order.status not in (Status.PLACED, Status.PAID) or not found.invoiced:
        return None
    if found.gone or found.lost:  # nobody has paid for anything any more
        return None
    said = {"name": found.billing.name, "tax_id": found.billing.tax_id} if found.billing else None
    return Papers([], BillingForm(country, initial=said))
