"""Stripe's keys, from the environment; never written anywhere else."""

import os

import msgspec

API = "https://api.stripe.com"
SCRIPT = "https://js.stripe.com/v3/"


class Keys(msgspec.Struct, frozen=True):
    """What a Stripe account is used with. `webhooks` are more than one while a secret is exchanged."""

    secret: str
    publishable: str
    webhooks: tuple[str, ...]
    api: str
    script: str
    by_hand: bool  # authorise first, capture once the order is known to stand

    def __repr__(self) -> str:
        return "Keys(…)"


def keys() -> Keys:
    """Read the environment."""
    secrets = os.environ.get("SETARIA_STRIPE_WEBHOOK_SECRET", "")
    return Keys(
        secret=os.environ.get("SETARIA_STRIPE_SECRET_KEY", ""),
        publishable=os.environ.get("SETARIA_STRIPE_PUBLISHABLE_KEY", ""),
        webhooks=tuple(part.strip() for part in secrets.split(",") if part.strip()),
        api=os.environ.get("SETARIA_STRIPE_API_URL", API).rstrip("/"),
        script=os.environ.get("SETARIA_STRIPE_SCRIPT_URL", SCRIPT),
        by_hand=os.environ.get("SETARIA_STRIPE_CAPTURE", "") == "manual",
    )
