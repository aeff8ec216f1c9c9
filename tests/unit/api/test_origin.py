"""Whose word on a request's origin is taken."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.origin import Origins
from entrepot.api.parse.forwarded import Origin

HOST = b"registry.test:5000"
TOLD = {
    b"host": HOST,
    b"x-forwarded-proto": b"https",
    b"x-forwarded-host": b"public.example",
    b"x-forwarded-for": b"203.0.113.9",
}
STANDARD = {b"host": HOST, b"forwarded": b"for=203.0.113.9;proto=https;host=public.example"}
PROXIES = ("10.0.0.0/8", "fd00::/8")
BEHIND = Origin("https", "public.example", "203.0.113.9")


def find(peer: tuple[str, int] | None, headers: dict[bytes, bytes], *trusted: str) -> Origin:
    return Origins(trusted).find({"scheme": "http", "client": peer}, headers)


@pytest.mark.parametrize("headers", [TOLD, STANDARD])
@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"])
def test_a_trusted_proxy_is_believed(address: str, headers: dict[bytes, bytes]) -> None:
    assert find((address, 1), headers, *PROXIES) == BEHIND


def test_a_proxy_on_a_unix_socket_is_believed() -> None:
    assert find(None, TOLD, *PROXIES) == BEHIND


@pytest.mark.parametrize("headers", [TOLD, STANDARD])
@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::7", "11.0.0.1"])
def test_anybody_else_is_not(address: str, headers: dict[bytes, bytes]) -> None:
    assert find((address, 1), headers, *PROXIES) == Origin("http", HOST.decode(), address)


def test_with_no_proxies_nobody_is_believed() -> None:
    assert find(("127.0.0.1", 1), TOLD) == Origin("http", HOST.decode(), "127.0.0.1")


def test_a_trusted_proxy_that_says_nothing_changes_nothing() -> None:
    assert find(("10.0.0.1", 1), {b"host": HOST}, *PROXIES) == Origin(
        "http", HOST.decode(), "10.0.0.1"
    )


def test_who_is_trusted_is_not_mixed_up_by_remembering() -> None:
    origins = Origins(PROXIES)
    for number in range(2000):  # more than are remembered
        for address, proto in ((f"10.0.{number % 256}.1", "https"), (f"11.0.{number}.1", "http")):
            found = origins.find({"scheme": "http", "client": (address, 1)}, TOLD)
            assert found.scheme == proto


@given(
    st.dictionaries(
        st.sampled_from([b"host", b"forwarded", b"x-forwarded-proto", b"x-forwarded-host"]),
        st.binary(max_size=80),
    ),
    st.ip_addresses().map(str) | st.text(max_size=20),
)
def test_any_headers_from_any_peer_give_an_origin(headers: dict[bytes, bytes], peer: str) -> None:
    origin = find((peer, 1), headers, *PROXIES)
    assert origin.scheme in ("http", "https")
    assert origin.host.isascii()


def test_long_hosts_of_strangers_fill_no_memory() -> None:
    origins = Origins(())
    scope = {"scheme": "http", "client": ("203.0.113.9", 1)}
    tracemalloc.start()
    try:
        for number in range(2000):
            assert origins.find(scope, {b"host": b"%d." % number + b"x" * 20_000}).host == ""
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 2 << 20
