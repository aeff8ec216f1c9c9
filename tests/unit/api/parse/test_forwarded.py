"""What a trusted proxy says of a request."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.parse.forwarded import Origin, is_host, is_trusted, read_forwarded
from tests.unit.oci.strategies import anything

SEEN = Origin("http", "registry.internal:5000", "10.0.0.7")
PRIVATE = tuple(ip_network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "fc00::/7"))

headers = st.fixed_dictionaries(
    {},
    optional={
        name: st.binary(max_size=200)
        | st.from_regex(rb'\A(for|host|proto|by)=("[^"]{0,20}"|[a-z:0-9\[\]]{0,20})[;,]?\s?\Z')
        for name in (b"forwarded", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-for")
    },
)


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ({}, SEEN),
        (
            {b"x-forwarded-proto": b"https"},
            Origin("https", "registry.internal:5000", "10.0.0.7"),
        ),
        (
            {
                b"x-forwarded-proto": b"https, http",
                b"x-forwarded-host": b"registry.example.com, other",
                b"x-forwarded-for": b"203.0.113.9, 10.0.0.3",
            },
            Origin("https", "registry.example.com", "203.0.113.9"),
        ),
        ({b"x-forwarded-proto": b"HTTPS"}, Origin("https", SEEN.host, SEEN.client)),
        ({b"x-forwarded-proto": b"javascript"}, SEEN),
        ({b"x-forwarded-host": b"evil.example/path"}, SEEN),
        ({b"x-forwarded-host": b"user@evil.example"}, SEEN),
        ({b"x-forwarded-host": b""}, SEEN),
        (
            {b"forwarded": b'for="[2001:db8::1]:4711";proto=https;host=registry.example.com:8443'},
            Origin("https", "registry.example.com:8443", "[2001:db8::1]:4711"),
        ),
        (
            {b"forwarded": b"Proto=https ; HOST=a.example, proto=http;host=b.example"},
            Origin("https", "a.example", SEEN.client),
        ),
        # The standard header alone counts where both are there.
        ({b"forwarded": b"for=203.0.113.9", b"x-forwarded-proto": b"https"},
         Origin("http", SEEN.host, "203.0.113.9")),
        ({b"forwarded": b"proto=https;proto=http"}, Origin("https", SEEN.host, SEEN.client)),
        ({b"forwarded": b'host="a.example'}, SEEN),
        ({b"forwarded": b"nonsense"}, SEEN),
    ],
)  # fmt: skip
def test_what_a_proxy_says(told: dict[bytes, bytes], origin: Origin) -> None:
    assert read_forwarded(told, SEEN) == origin


@given(headers)
def test_whatever_is_told_the_origin_can_stand_in_a_url(told: dict[bytes, bytes]) -> None:
    origin = read_forwarded(told, SEEN)
    assert origin.scheme in ("http", "https")
    assert is_host(origin.host)
    assert 0 < len(origin.client) <= 100


@given(anything | st.from_regex(r"\A[\w.:\[\]-]{1,30}(:\d{0,7})?\Z"))
def test_a_host_is_ascii_and_nothing_but_a_host(text: str) -> None:
    if is_host(text):
        assert text.isascii()
        assert not re.search(r"[\s/?#@\\\"<>,;]", text)
        if "[" not in text:
            parts = urlsplit(f"https://{text}/v2/")
            assert (parts.netloc, parts.path) == (text, "/v2/")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("registry.example.com", True),
        ("registry:5000", True),
        ("my_registry", True),
        ("[::1]:5000", True),
        ("[2001:db8::1]", True),
        ("::1", False),
        ("registry:", False),
        ("registry:port", False),
        ("registry:\N{ARABIC-INDIC DIGIT FIVE}", False),
        ("registry\n", False),
        ("a b", False),
        ("", False),
    ],
)
def test_which_texts_are_hosts(text: str, holds: bool) -> None:
    assert is_host(text) is holds


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("::ffff:10.1.2.3", True),
        ("fd00::1", True),
        ("fd00::1%eth0", True),
        ("", True),  # a Unix socket
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", False),
        ("::1", False),
        ("10.0.0.0/8", False),
        ("localhost", False),
    ],
)
def test_which_peers_are_trusted(address: str, trusted: bool) -> None:
    assert is_trusted(address, PRIVATE) is trusted


def test_a_network_of_mapped_addresses_has_mapped_peers() -> None:
    networks = (ip_network("::ffff:10.0.0.0/104"),)
    assert is_trusted("::ffff:10.1.2.3", networks)
    assert not is_trusted("::ffff:11.1.2.3", networks)


@given(anything.filter(bool))
def test_a_peer_of_any_name_is_not_trusted_by_nobody(address: str) -> None:
    assert not is_trusted(address, ())


@given(st.ip_addresses())
def test_a_peer_is_trusted_exactly_when_a_network_has_it(
    address: IPv4Address | IPv6Address,
) -> None:
    everybody = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert is_trusted(str(address), everybody)
    assert is_trusted(str(address), (ip_network(str(address)),))
    assert not is_trusted(str(address), ())
