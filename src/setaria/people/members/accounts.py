"""How members come in, told to django-allauth: by email or telephone number, with codes by mail or text."""

from base64 import urlsafe_b64encode
from typing import Any, NamedTuple

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import EmailVerificationStage
from allauth.core import context as here
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from setaria.kernel.origin import origin_of
from setaria.kernel.seals import key_from
from setaria.kernel.texts import text_in
from setaria.people.members import phones
from setaria.people.members.models import Member
from setaria.people.post import texts

WRONG_NUMBER = gettext_lazy("Write a telephone number, with the country code if it is of another country.")
UNKNOWN_ADDRESS = "0.0.0.0"  # behind a socket file nobody has an address; they share one allowance


def country_here() -> str:
    """Return the country (ISO 3166) of the market the visitor is in: a number without a country code is of it."""
    market = getattr(here.request, "market", None)
    return market.code[:2].upper() if market else ""


def brand_here() -> str:
    """Return what the store is called where the visitor is."""
    storefront = getattr(here.request, "storefront", None)
    return text_in(storefront.name) if storefront else str(settings.BRAND)


class Store(NamedTuple):
    """A store as messages name it, in place of Django's sites: its brand, its host, and its front page."""

    name: str
    domain: str
    address: str


def store_here(request: HttpRequest) -> Store:
    """Return the store that somebody is in: one installation may be several, by domain or path."""
    return Store(brand_here(), request.get_host(), request.build_absolute_uri(get_script_prefix()))


class PhoneField(forms.CharField):
    """A telephone number as people write it; its value is E.164."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        kwargs.setdefault("max_length", 40)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        """Return the number, or an empty text where none is required."""
        text = super().clean(value)
        if not text:
            return ""
        phone = phones.normalised(text, country_here())
        if phone is None:
            raise forms.ValidationError(WRONG_NUMBER, code="invalid_phone")
        return phone


class EmailStage(EmailVerificationStage):
    """Asks for a verified email address, unless the account has a verified number instead."""

    def handle(self) -> tuple[Any, bool]:
        """Let those by who gave a number and no email address."""
        member = self.login.user
        if isinstance(member, Member) and not member.email and member.phone_verified:
            return None, True
        return super().handle()


class AccountAdapter(DefaultAccountAdapter):
    """What allauth asks a shop about: numbers, messages, addresses of machines."""

    error_messages = DefaultAccountAdapter.error_messages | {
        # One sentence, whatever was written and whether it has an account or not.
        f"{method}_password_mismatch": gettext_lazy("These do not belong together. Look at both once more.")
        for method in ("email", "phone", "username")
    }

    def get_login_stages(self) -> list[str]:
        """The stages of signing in, with ours for email."""
        ours = f"{__name__}.EmailStage"
        theirs = "allauth.account.stages.EmailVerificationStage"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address behind our own proxies."""
        meta = request.META
        found = origin_of(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES)
        return str(found or UNKNOWN_ADDRESS)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords by what was written, wherever.

        allauth itself would count all numbers as one, and anew for each host and port that a request names.
        """
        login: str = credentials.get("email") or credentials.get("phone") or credentials.get("username") or ""
        return login.lower()

    # Telephone numbers

    def phone_form_field(self, **kwargs: Any) -> forms.Field:
        """The field to write a number into."""
        return PhoneField(**kwargs)

    def set_phone(self, user: AbstractBaseUser, phone: str, verified: bool) -> None:
        """Keep a number with a member; nobody's until it is verified."""
        assert isinstance(user, Member)
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def get_phone(self, user: AbstractBaseUser) -> tuple[str, bool] | None:
        """The number, and whether it is verified."""
        assert isinstance(user, Member)
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone_verified(self, user: AbstractBaseUser, phone: str) -> None:
        """The number is this member's; whoever verified it a moment earlier keeps it."""
        try:
            with transaction.atomic():
                self.set_phone(user, phone, verified=True)
        except IntegrityError as error:
            raise self.validation_error("phone_taken") from error

    def get_user_by_phone(self, phone: str) -> Member | None:
        """Whose number it is; an unverified one is nobody's."""
        return Member.objects.filter(phone=phone, phone_verified=True).first()

    # Messages

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a message; where allauth took a number for an address (recovery by text), as a text."""
        request = here.request
        context = {"current_site": store_here(request), **context}
        if "@" in email:
            return super().send_mail(template_prefix, email, context)
        ctx = {"request": request, "email": email, **context}
        texts.send(email, render_to_string(f"{template_prefix}_message.txt", ctx, request))

    def send_verification_code_sms(self, user: AbstractBaseUser, phone: str, code: str, **kwargs: Any) -> None:
        """Text a code."""
        texts.send(
            phone, _("%(code)s is your code at %(brand)s. Tell it to nobody.") % {"code": code, "brand": brand_here()}
        )

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        """Text whoever asks to sign in that there is no account."""
        texts.send(
            phone,
            _("Somebody, perhaps you, wanted to sign in at %(brand)s. This number has no account there.")
            % {"brand": brand_here()},
        )

    def send_account_already_exists_sms(self, phone: str) -> None:
        """Text whoever signs up that there is an account."""
        texts.send(
            phone,
            _("Somebody, perhaps you, wanted to make an account at %(brand)s. This number has one; sign in with it.")
            % {"brand": brand_here()},
        )


class SecondStepAdapter(DefaultMFAAdapter):
    """Second factors: an authenticator app turns the second step on, passkeys are a way of signing in.

    allauth would ask everybody who has a passkey for it at every other way of signing in, so that whoever lost the
    device they signed up with would have lost the account. A code by mail or text always leads back in, unless the
    member turned the second step on, and then has recovery codes (decision 0022).
    """

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """Whether signing in takes a second step; asked about one type, whether the member has that to prove who it is."""
        if user.is_anonymous:
            return False
        asked = types[0] if types is not None and len(types) == 1 else Authenticator.Type.TOTP
        return Authenticator.objects.filter(user_id=user.pk, type=asked).exists()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """For which domain passkeys are made: the store's, so that they work at all its addresses."""
        host = here.request.get_host().partition(":")[0]
        domain = settings.PASSKEY_DOMAIN
        return {"id": domain if host.endswith(domain) and domain else host, "name": brand_here()}

    def get_totp_issuer(self) -> str:
        """Under which name authenticator apps list the account."""
        return brand_here()

    def encrypt(self, text: str) -> str:
        """Secrets of authenticator apps are not readable from the database alone."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` hid."""
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> Fernet:

    return Fernet(urlsafe_b64encode(key_from(settings.SECRET_KEY, "setaria.members.second-step")))
