"""Where somebody comes from: marks of an address and its network, which we keep instead of them."""

from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

NETWORK_BITS = {4: 24, 6: 48}


class Origin(NamedTuple):
    """Marks of an address and its network: numbers that only this installation can make, other ones in each drop."""

    address: int
    network: int


def marks(key: bytes, drop_id: int, address: IPv4Address | IPv6Address | None) -> Origin | None:
    """Return the marks to be kept; None for nobody's."""
    if address is None:
        return None
    network = ip_network((address, NETWORK_BITS[address.version]), strict=False)
    return Origin(_mark(key, drop_id, address.packed), _mark(key, drop_id, network.network_address.packed + b"/"))


def _mark(key: bytes, drop_id: int, what: bytes) -> int:
    digest = blake2b(drop_id.to_bytes(8, "big") + what, key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
