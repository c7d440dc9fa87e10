"""The mail server, as one URL: `smtp://user:password@host:587`, `smtps://…:465` for TLS from the first byte."""

from typing import TypedDict
from urllib.parse import unquote, urlsplit


class MailSettings(TypedDict):
    """Django's settings for sending mail."""

    EMAIL_BACKEND: str
    EMAIL_HOST: str
    EMAIL_PORT: int
    EMAIL_HOST_USER: str
    EMAIL_HOST_PASSWORD: str
    EMAIL_USE_TLS: bool
    EMAIL_USE_SSL: bool


def mail_settings(url: str) -> MailSettings:
    """Read the URL; without one, mail is written into the home (`setaria messages`).

    `smtp` begins in clear and goes over to TLS; `smtp+plain` never does, for a server on the same machine.
    """
    parts = urlsplit(url)
    if url and (parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname):
        raise ValueError("SETARIA_EMAIL_URL must look like smtp://user:password@host:587")
    return MailSettings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend"
        if url
        else "setaria.people.post.sandbox.SandboxMail",
        EMAIL_HOST=parts.hostname or "localhost",
        EMAIL_PORT=parts.port or {"smtps": 465, "smtp": 587}.get(parts.scheme, 25),
        EMAIL_HOST_USER=unquote(parts.username or ""),
        EMAIL_HOST_PASSWORD=unquote(parts.password or ""),
        EMAIL_USE_TLS=parts.scheme == "smtp",
        EMAIL_USE_SSL=parts.scheme == "smtps",
    )
