"""By which address guesses are counted: not by one that whoever guesses can choose."""

import tracemalloc

import pytest

from entrepot.api.parse.client_address import ClientAddresses, bucket
from entrepot.config.addresses import PRIVATE_NETWORKS

DEFAULT = ClientAddresses(PRIVATE_NETWORKS)
NAMED = ClientAddresses(("10.0.0.0/8",))


def find(addresses: ClientAddresses, peer: str, told: str | None = None) -> str:
    headers = {} if told is None else {b"x-forwarded-for": told.encode("latin-1")}
    return addresses.find({"client": (peer, 1) if peer else None}, headers)


def test_without_a_proxy_it_is_the_peer() -> None:
    assert find(DEFAULT, "192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.0.0.1", "192.168.1.1", "172.17.0.2"])
def test_strangers_are_not_believed_nor_private_networks_that_nobody_named(peer: str) -> None:
    assert find(DEFAULT, peer, "203.0.113.9") == peer


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", ""])
def test_a_proxy_on_this_machine_is_believed(peer: str) -> None:
    assert find(DEFAULT, peer, "203.0.113.9") == "203.0.113.9"


def test_a_proxy_that_was_named_is_believed() -> None:
    assert find(NAMED, "10.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert find(NAMED, "127.0.0.1", "203.0.113.9") == "127.0.0.1"


@pytest.mark.parametrize(
    "told",
    [
        "1.1.1.1, 203.0.113.9",
        "10.0.0.9, 1.1.1.1, 203.0.113.9",
        "203.0.113.9, 10.0.0.7",
        "x, 203.0.113.9, 10.0.0.7, 10.0.0.8",
    ],
)
def test_of_several_the_last_that_is_no_proxy_counts(told: str) -> None:
    assert find(NAMED, "10.0.0.1", told) == "203.0.113.9"


@pytest.mark.parametrize("told", ["", "unknown", "203.0.113.9, nonsense", "[::1"])
def test_what_is_no_address_leaves_the_nearest_that_is_one(told: str) -> None:
    assert find(NAMED, "10.0.0.1", told) == "10.0.0.1"


def test_a_whole_network_of_ipv6_counts_as_one() -> None:
    assert bucket("2001:db8::1") == bucket("2001:db8::ffff:1") == "2001:db8::/64"
    assert bucket("2001:db8:0:1::1") != bucket("2001:db8::1")
    assert bucket("fe80::1%eth0") == "fe80::/64"


def test_ipv4_is_the_same_in_both_forms() -> None:
    assert bucket("::ffff:192.0.2.1") == bucket("192.0.2.1") == "192.0.2.1"


def test_long_addresses_of_strangers_fill_no_memory() -> None:
    addresses = ClientAddresses(("127.0.0.1",))
    scope = {"client": ("127.0.0.1", 1)}
    tracemalloc.start()
    try:
        for number in range(5000):
            told = b"fe80::1%%%d" % number + b"x" * 10_000
            assert addresses.find(scope, {b"x-forwarded-for": told}) == "127.0.0.1"
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 4 << 20
