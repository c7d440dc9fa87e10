"""Passes for places are made as those for drops (`trade.drops.passes`, with the programme's id for the drop's), but
under a key of their own: neither passes for the other.
"""

import hmac


def key_from(secret: str) -> bytes:
    """Derive the signing key of places' passes from the installation's secret."""
    return hmac.digest(secret.encode(), b"setaria.preorders.pass.v1", "sha256")
