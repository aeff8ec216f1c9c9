"""A proxy that names whose certificate it has seen; nobody else can."""

import pytest

from entrepot.api.parse.forwarded import Origin
from entrepot.api.request import Request
from entrepot.api.vouching import VouchingProxy
from entrepot.errors import Unauthenticated
from entrepot.operations.requests import RequestRecord
from entrepot.ports.access import Caller, Kind

PROXY = VouchingProxy("x-client-subject", ("10.0.0.5/32", "fd00::5/128"))


def find(*values: bytes, peer: str = "10.0.0.5", told: bytes = b"") -> Caller | None:
    headers = [(b"x-client-subject", value) for value in values]
    if told:
        headers.append((b"x-forwarded-for", told))
    scope = {"client": (peer, 1) if peer else None, "headers": headers}
    record = RequestRecord("1", "GET", "/v2/", "HTTP/1.1", peer, "", "", "")

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    return PROXY.find(Request(scope, receive, dict(headers), record, Origin("http", "", "")))


@pytest.mark.parametrize(
    "subject",
    [
        b"alice",
        b"CN=alice",
        b"CN=alice,OU=Builders,O=Example",
        b"O=Example, OU=Builders, CN=alice",
        b"/C=DE/O=Example/CN=alice",
        b"emailAddress=a@b.example,CN = alice",
    ],
)
def test_names_and_subjects(subject: bytes) -> None:
    assert find(subject) == Caller("alice", Kind.USER)


@pytest.mark.parametrize("peer", ["10.0.0.6", "127.0.0.1", "", "192.0.2.1", "fd00::6"])
def test_nobody_else_is_believed(peer: str) -> None:
    assert find(b"alice", peer=peer) is None
    assert find(b"alice", peer=peer, told=b"10.0.0.5") is None


def test_the_proxy_may_name_nobody() -> None:
    assert find() is None
    assert find(b"") is None


@pytest.mark.parametrize("values", [(b"alice", b"root"), (b"", b"alice"), (b"alice", b"alice")])
def test_two_headers_are_refused(values: tuple[bytes, ...]) -> None:
    with pytest.raises(Unauthenticated, match="twice"):
        find(*values)


@pytest.mark.parametrize(
    "subject",
    [
        b"O=Example",
        b"CN=",
        b"CN=alice,CN=root",
        b"/CN=alice/CN=root",
        b'CN="alice,CN=root"',
        b"CN=alice\\,CN\\=root",
        b"CN=a b",
        b"a/b",
        b"alice\xff",
        b"-alice",
        b"a" * 256,
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(subject: bytes) -> None:
    with pytest.raises(Unauthenticated):
        find(subject)
