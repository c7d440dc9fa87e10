"""`setaria check`: what is unsafe or wrong in an operator's settings, and what to do about it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import DatabaseError, connection
from django.http.request import validate_host
from rich.console import Console

from setaria.people.notices.push import public_key

SECRET_CHARS_MIN = 32


def main() -> int:
    """Print every finding; return 1 when one is an error."""
    console = Console()
    findings = [*checks.run_checks(), *unsafe_settings(), *unsafe_database()]
    for finding in findings:
        colour = "red" if finding.level >= checks.ERROR else "yellow"
        console.print(f"[{colour}]{'error' if finding.level >= checks.ERROR else 'warning'}[/] {finding.msg}")
        if finding.hint:
            console.print(f"  {finding.hint}")
    errors = sum(finding.level >= checks.ERROR for finding in findings)
    console.print(f"{errors} errors, {len(findings) - errors} warnings.")
    return 1 if errors else 0


def unsafe_settings() -> Iterator[CheckMessage]:
    """Yield what is unsafe in the environment's settings."""
    if len(settings.SECRET_KEY) < SECRET_CHARS_MIN:
        yield checks.Error(
            "SETARIA_SECRET_KEY is missing or short: passes, sessions and payment messages could be forged.",
            hint=f"Set it to {SECRET_CHARS_MIN} random characters or more; `setaria up` makes one in its home.",
        )
    if settings.DEBUG:
        yield checks.Error("SETARIA_DEBUG is on: error pages show the inside of the shop.", hint="Unset it.")
    if not settings.BASE_URL.startswith("https://"):
        yield checks.Warning(
            f"SETARIA_BASE_URL is {settings.BASE_URL}: cookies travel unencrypted.",
            hint="Put a TLS proxy in front and set SETARIA_BASE_URL to its https:// address.",
        )
    if settings.SECURE and not settings.TRUSTED_PROXIES:
        yield checks.Warning(
            "SETARIA_TRUSTED_PROXIES is not set: behind a proxy everybody seems to come from its address, and the "
            "guard's limits by address and network would hit all together.",
            hint="Name your proxies' addresses or networks, separated by commas, and let them set X-Forwarded-For.",
        )
    if any(network.prefixlen == 0 for network in settings.TRUSTED_PROXIES):
        yield checks.Error(
            "SETARIA_TRUSTED_PROXIES trusts everybody: anyone can pretend to come from anywhere.",
            hint="Name your own proxies only.",
        )
    own = urlsplit(settings.BASE_URL).hostname or ""
    if not validate_host(own, settings.ALLOWED_HOSTS):
        yield checks.Error(
            f"SETARIA_ALLOWED_HOSTS does not name {own}, the host of SETARIA_BASE_URL: every page answers 400.",
            hint="Add it, separated by a comma.",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield checks.Warning("SETARIA_ALLOWED_HOSTS admits every host name.", hint="Name your own.")
    if settings.EMAIL_BACKEND.startswith("setaria.people.post.sandbox"):
        yield checks.Warning(
            f"Mail is not sent: it is written into {settings.SANDBOX_MESSAGES}, and with it the codes to sign in.",
            hint="Set SETARIA_EMAIL_URL to your mail server and SETARIA_EMAIL_FROM to your address.",
        )
    if settings.SMS_SENDER.startswith("setaria.people.post.sandbox"):
        yield checks.Warning(
            "Texts to telephones are not sent: nobody can sign in or up with a number.",
            hint="Name your provider's class in SETARIA_SMS_SENDER (docs/howto/accounts.md).",
        )
    yield from unsafe_push()
    backend = str(settings.CACHES["default"]["BACKEND"])
    if backend.endswith(("LocMemCache", "DummyCache")):
        yield checks.Error(
            f"Tries to sign in are counted in {backend}: each process counts its own, or none does.",
            hint="Keep the cache in the database, as the settings come.",
        )
    yield from unsafe_payments()


def unsafe_payments() -> Iterator[CheckMessage]:
    """Yield what is unsafe in how money is taken."""
    from setaria.trade.payments.providers import PROVIDERS, get

    if not settings.PAYMENT_PROVIDERS:
        yield checks.Error("SETARIA_PAYMENTS names nobody: nothing can be paid.", hint="Name your providers.")
    for name, _markets in settings.PAYMENT_PROVIDERS:
        if name in PROVIDERS:
            yield from get(name).unsafe()
        else:
            yield checks.Error(
                f"SETARIA_PAYMENTS names {name}, which is not installed.", hint=f"There are: {', '.join(PROVIDERS)}."
            )


def unreachable_storefronts() -> Iterator[CheckMessage]:
    """Yield what keeps storefronts with a domain of their own from working there."""
    from setaria.channels.storefront.models import Storefront

    for storefront in Storefront.objects.exclude(domain=""):
        domain = storefront.domain
        if not validate_host(domain, settings.ALLOWED_HOSTS):
            yield checks.Error(
                f"SETARIA_ALLOWED_HOSTS does not name {domain}: the storefront {storefront.code!r} answers 400 to everybody.",
                hint="Add it, separated by a comma, and let your proxy pass the Host header on.",
            )
        passkeys = settings.PASSKEY_DOMAIN
        if passkeys and domain != passkeys and not domain.endswith(f".{passkeys}"):
            yield checks.Warning(
                f"Passkeys made at {passkeys} are not good at {domain}: browsers keep them by domain.",
                hint="Members there sign in with a code first, and make a key of that domain.",
            )


def unsafe_push() -> Iterator[CheckMessage]:
    """Yield what keeps messages from reaching browsers, and what lets us ask our own network."""
    if not settings.PUSH_KEY:
        yield checks.Warning(
            "SETARIA_PUSH_KEY is missing: no messages to browsers.",
            hint="`setaria up` makes one in its home; else set 32 random bytes as base64url, and keep them.",
        )
    else:
        try:
            public_key(settings.PUSH_KEY)
        except ValueError as error:
            yield checks.Error(
                f"SETARIA_PUSH_KEY is no key of P-256: {error}", hint="Set 32 random bytes as base64url, or unset it."
            )
        if settings.PUSH_CONTACT.endswith("@localhost"):
            yield checks.Warning(
                f"SETARIA_PUSH_CONTACT is {settings.PUSH_CONTACT}: push services want to know whom to tell of trouble, "
                "and Apple's takes nothing without it.",
                hint="Set SETARIA_EMAIL_FROM, or SETARIA_PUSH_CONTACT to mailto: and an address, or an https:// page.",
            )
    if any(network.prefixlen == 0 for network in settings.OUTBOUND_NETWORKS):
        yield checks.Error(
            "SETARIA_OUTBOUND_NETWORKS allows everything: whoever names a webhook can have our own machines asked.",
            hint="Name only the networks your own receivers are in.",
        )


def unsafe_invoices() -> Iterator[CheckMessage]:
    """Yield what invoices would lack: letters that no font here can draw."""
    import typst

    from setaria.markets.models import Market
    from setaria.trade.invoices.document import CHINESE_FONTS

    if Market.objects.filter(issuer__isnull=False, language__startswith="zh").exists() and not {
        *CHINESE_FONTS
    }.intersection(typst.Fonts().families()):
        yield checks.Warning(
            "No font with Chinese letters is installed: invoices would show boxes.",
            hint="Install one, such as Debian's fonts-noto-cjk.",
        )


def unsafe_database() -> Iterator[CheckMessage]:
    """Yield what is unsafe in the database the settings name."""
    from setaria.people.members.models import Member
    from setaria.site.demo_loader import ACCOUNTS

    try:
        with connection.cursor() as cursor:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                cursor.execute(f"SHOW {name}")
                value = cursor.fetchone()[0]
                if value == "off":
                    yield checks.Error(
                        f"PostgreSQL runs with {name} off: an acknowledged order can be lost.", hint="Turn it on."
                    )
        if Member.objects.filter(email__in=[email for email, _, _ in ACCOUNTS]).exists():
            yield checks.Warning("The demo accounts exist, and their passwords are public.", hint="Delete them.")
        yield from unsafe_invoices()
        yield from unreachable_storefronts()
    except DatabaseError as error:
        yield checks.Error(f"The database does not answer: {error}", hint="Is DATABASE_URL right, and is it running?")
