"""The person's address behind proxies that are trusted, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAX_HOPS: Final = 20
_MAX_HEADER_CHARS: Final = 2_000


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The address of the person, from the connection's other end and `X-Forwarded-For`.

    Read from the right: each proxy appends whom it spoke to, so an entry is worth as much as the
    one who wrote it. The first that is no trusted proxy is the person; anything to its left may
    be made up.
    """
    current = parsed(peer)
    if current is None:
        return ""
    hops = forwarded[-_MAX_HEADER_CHARS:].split(",") if forwarded else []
    for hop in reversed(hops[-_MAX_HOPS:]):
        if not _is_trusted(current, trusted):
            break
        further = parsed(hop)
        if further is None:
            break
        current = further
    return str(current)


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether a connection's other end is a proxy whose headers are believed."""
    address = parsed(peer)
    return address is not None and _is_trusted(address, trusted)


def parsed(text: str) -> Address | None:
    """An address, with or without a port, brackets or a zone; None when it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
