"""Where somebody comes from: the address behind our own proxies, its network, and the marks we keep instead of them."""

from collections.abc import Sequence
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Network = IPv4Network | IPv6Network

NETWORK_BITS = {4: 24, 6: 48}
HOPS_MAX = 16


class Origin(NamedTuple):
    """Marks of an address and its network: numbers that only this installation can make, other ones in each drop."""

    address: int
    network: int


def origin_of(peer: str, forwarded: str, trusted: Sequence[Network]) -> IPv4Address | IPv6Address | None:
    """Return who really asks: the last address in `X-Forwarded-For` that is not one of our proxies.

    What strangers write into that header is believed only as far as our own proxies added to it. None where nothing
    can be told, as behind a socket file.
    """
    chain = [*[part.strip() for part in forwarded.split(",")[-HOPS_MAX:] if part.strip()], peer]
    found: IPv4Address | IPv6Address | None = None
    for text in reversed(chain):
        try:
            found = _plain(ip_address(text))
        except ValueError:
            return found
        if not any(found in network for network in trusted):
            return found
    return found


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def marks(key: bytes, drop_id: int, address: IPv4Address | IPv6Address | None) -> Origin | None:
    """Return the marks to be kept; None for nobody's."""
    if address is None:
        return None
    network = ip_network((address, NETWORK_BITS[address.version]), strict=False)
    return Origin(_mark(key, drop_id, address.packed), _mark(key, drop_id, network.network_address.packed + b"/"))


def _mark(key: bytes, drop_id: int, what: bytes) -> int:
    digest = blake2b(drop_id.to_bytes(8, "big") + what, key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
