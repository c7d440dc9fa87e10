"""Signing in with an account at Google, or at any provider that speaks OpenID Connect, where the environment says so."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

Providers = dict[str, dict[str, Any]]


def social_providers(environment: Mapping[str, str]) -> tuple[Providers, list[str], list[str]]:
    """Return allauth's settings, the apps to install, and the origins to which a form may lead.

    Google needs `SETARIA_GOOGLE_CLIENT_ID` and `…_SECRET`; another provider `SETARIA_OIDC_URL` (its issuer),
    `…_CLIENT_ID`, `…_SECRET`, and `SETARIA_OIDC_NAME` for the button. Raises ValueError when half is missing.
    """
    providers: Providers = {}
    apps: list[str] = []
    origins: list[str] = []
    google = _together(environment, "SETARIA_GOOGLE_CLIENT_ID", "SETARIA_GOOGLE_SECRET")
    if google:
        providers["google"] = {
            "APPS": [{"client_id": google[0], "secret": google[1]}],
            "SCOPE": ["openid", "email"],
            "OAUTH_PKCE_ENABLED": True,
        }
        apps.append("allauth.socialaccount.providers.google")
        origins.append("https://accounts.google.com")
    oidc = _together(environment, "SETARIA_OIDC_URL", "SETARIA_OIDC_CLIENT_ID", "SETARIA_OIDC_SECRET")
    if oidc:
        name = environment.get("SETARIA_OIDC_NAME", "OpenID Connect")
        one = {"provider_id": "oidc", "name": name, "client_id": oidc[1], "secret": oidc[2]}
        providers["openid_connect"] = {
            "APPS": [one | {"settings": {"server_url": oidc[0]}}], "OAUTH_PKCE_ENABLED": True
        }  # fmt: skip
        apps.append("allauth.socialaccount.providers.openid_connect")
        address = urlsplit(oidc[0])
        origins.append(f"{address.scheme}://{address.netloc}")
    return providers, apps, origins


def _together(environment: Mapping[str, str], *names: str) -> list[str]:
    values = [environment.get(name, "") for name in names]
    if any(values) and not all(values):
        raise ValueError(f"Set all of {', '.join(names)}, or none.")
    return values if all(values) else []
