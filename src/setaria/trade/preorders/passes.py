"""Passes for places are made as those for drops (`trade.drops.passes`, with the programme's id for the drop's), but
under a key of their own: neither passes for the other.
"""

from setaria.kernel import seals


def key_from(secret: str) -> bytes:
    """Derive the signing key of places' passes from the installation's secret."""
    return seals.key_from(secret, "setaria.preorders.pass.v1")
