"""The person's address, which nobody can make up."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.access.addresses import client_address, parsed

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.4", "", "198.51.100.4"),
        ("198.51.100.4", "203.0.113.9", "198.51.100.4"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("127.0.0.1", "not an address", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9, <script>", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("", "203.0.113.9", ""),
        ("/run/podium.sock", "203.0.113.9", ""),
    ],
)
def test_address_is_the_first_from_the_right_that_is_no_trusted_proxy(
    peer: str, forwarded: str, address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_header_of_any_length_is_read_to_a_bound() -> None:
    assert client_address("127.0.0.1", "10.0.0.1," * 1_000_000 + "10.0.0.2", PROXIES)


@given(st.text(max_size=60), st.text(max_size=300))
def test_no_header_makes_it_fail_or_grow(peer: str, forwarded: str) -> None:
    for given_peer in (peer, "127.0.0.1"):
        address = client_address(given_peer, forwarded, PROXIES)
        assert len(address) <= 45
        assert address == "" or parsed(address) is not None


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=5))
def test_without_trusted_proxies_no_header_is_believed(peer: object, hops: list[object]) -> None:
    forwarded = ", ".join(map(str, hops))
    assert client_address(str(peer), forwarded, ()) == str(parsed(str(peer)))
