"""Who really asks: the address behind our own proxies."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
HOPS_MAX = 16


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
