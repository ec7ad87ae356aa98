"""The address of the person behind a connection, as far as trusted proxies tell it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAX_HOPS = 20


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The first address, counted from our side, that is not one of our proxies.

    `forwarded_for` is X-Forwarded-For, which anybody may write: only what a trusted proxy added
    counts, so it is read from right to left and no further than the first foreign address.
    """
    if not _is_trusted(peer, trusted):
        return peer
    client = peer
    for part in reversed(forwarded_for.split(",")[-_MAX_HOPS:]):
        address = _parsed(part.strip())
        if address is None:
            break
        client = str(address)
        if not _is_trusted(client, trusted):
            break
    return client


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in trusted)


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
