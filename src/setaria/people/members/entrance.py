"""The forms people come in by. One field takes an email address or a telephone number, whichever one has.

What is written is looked up only after it was understood, and the answer is the same whether it has an account or not.
"""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from setaria.people.members import phones
from setaria.people.members.accounts import WRONG_NUMBER, country_here

CONTACT_CHARS_MAX = 254
WRONG_CONTACT = _("Write an email address or a telephone number.")


class ContactField(forms.CharField):
    """An email address or a telephone number; its value is the address in small letters, or E.164."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Email or telephone number"))
        kwargs.setdefault("max_length", CONTACT_CHARS_MAX)
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "username", "spellcheck": "false"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        """Return what it is understood as."""
        text = super().clean(value).strip()
        if not text and not self.required:
            return ""
        return contact_of(text, country_here())


def contact_of(text: str, country: str) -> str:
    """Read an email address, as small letters, or a telephone number, as E.164 (one of `country` unless it says of
    which); raises ValidationError.
    """
    if "@" in text:
        validate_email(text)
        return text.lower()
    phone = phones.normalised(text, country)
    if phone is None:
        any_figure = any(sign.isdigit() for sign in text)
        raise forms.ValidationError(WRONG_NUMBER if any_figure else WRONG_CONTACT, code="invalid_contact")
    return phone


def _split(contact: str) -> dict[str, str]:
    return {"email": contact} if "@" in contact else {"phone": contact}


class SignUpForm(allauth_forms.SignupForm):
    """An account: a contact, and a password unless one comes with a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["email"], self.fields["phone"]
        self.fields["contact"] = ContactField()
        self.order_fields(["contact", "password1"])

    def clean_contact(self) -> str:
        """Read the contact for allauth, which knows it as an email address or a number."""
        contact: str = self.cleaned_data["contact"]
        self.cleaned_data.update(_split(contact))
        if "@" in contact:
            self.cleaned_data["email"] = self.validate_unique_email(contact)
        return contact

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Make the account; where there is one, take as long and answer the same."""
        if self.account_already_exists:
            make_password(self.cleaned_data.get("password1"))
        return super().try_save(request)


class SignInForm(allauth_forms.LoginForm):
    """A contact and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget = forms.TextInput(attrs={"autocomplete": "username", "spellcheck": "false"})
        self.fields["login"].max_length = CONTACT_CHARS_MAX
        self.fields["password"].help_text = ""

    def clean_login(self) -> str:
        """Read a number as it is kept; what is neither number nor address is left, and will not be found."""
        text: str = self.cleaned_data["login"].strip()
        return text if "@" in text else phones.normalised(text, country_here()) or text


class SignInCodeForm(allauth_forms.RequestLoginCodeForm):
    """A contact, to which a code to sign in with is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["email"], self.fields["phone"]
        self.fields["contact"] = ContactField()

    def clean_contact(self) -> str:
        """Let allauth look for the account and count the tries."""
        contact: str = self.cleaned_data["contact"]
        self.cleaned_data.update(_split(contact))
        if "@" in contact:
            self.clean_email()
        else:
            self.clean_phone()
        return contact


class RecoverForm(allauth_forms.ResetPasswordForm):
    """A contact, to which a code is sent that lets one set a new password.

    allauth recovers by email only, and keeps the contact as `email` wherever it goes; `AccountAdapter.send_mail` sends
    what is for a number as a text.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = ContactField()

    def clean_email(self) -> str:
        """Look for the account."""
        contact: str = self.cleaned_data["email"]
        if "@" in contact:
            self.users = filter_users_by_email(contact, is_active=True, prefer_verified=True, for_login=True)
        else:
            member = get_adapter().get_user_by_phone(contact)
            self.users = [member] if member and member.is_active else []
        return contact


class _NamedKey(forms.Form):
    """Says what the name of a key is for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the key")
        self.fields["name"].help_text = _("To tell your keys apart, for example by the device it is on.")


class AddKeyForm(_NamedKey, webauthn_forms.AddWebAuthnForm):
    """A key for an account there is."""


class SignUpKeyForm(_NamedKey, webauthn_forms.SignupWebAuthnForm):
    """A key for a new account."""


class EditKeyForm(webauthn_forms.EditWebAuthnForm):
    """Another name for a key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the key")
