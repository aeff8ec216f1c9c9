"""The Authorization header: read, or refused clearly, with nothing of a secret in what is said."""

import contextlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.parse.authorization import read_authorization
from entrepot.errors import Unauthenticated
from entrepot.ports.access import BasicCredentials, BearerCredentials, Credentials


def read(*values: bytes) -> Credentials | None:
    headers = [(b"host", b"x"), *((b"authorization", value) for value in values)]
    return read_authorization(headers, "192.0.2.1")


def basic(pair: bytes) -> bytes:
    return b"Basic " + b64encode(pair)


def test_no_header_is_nobody() -> None:
    assert read() is None


@pytest.mark.parametrize(
    ("pair", "name", "secret"),
    [
        (b"alice:secret", "alice", "secret"),
        (b"alice:with:colons:", "alice", "with:colons:"),
        (b"alice:", "alice", ""),
        (b":", "", ""),
        ("élodie:pässwörd".encode(), "élodie", "pässwörd"),
        ("élodie:x".encode("latin-1"), "élodie", "x"),
        (b"alice:nul\0", "alice", "nul\0"),
    ],
)
def test_names_and_secrets(pair: bytes, name: str, secret: str) -> None:
    assert read(basic(pair)) == BasicCredentials(name, secret, "192.0.2.1")


@pytest.mark.parametrize("scheme", [b"basic", b"BASIC", b"bAsIc"])
def test_the_scheme_may_be_in_any_case(scheme: bytes) -> None:
    assert isinstance(read(scheme + b"  " + b64encode(b"a:b")), BasicCredentials)


def test_a_token() -> None:
    assert read(b"Bearer abc.def-ghi_~+/==") == BearerCredentials("abc.def-ghi_~+/==", "192.0.2.1")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Bearer",
        b"Bearer ",
        b"Basic !!!!",
        b"Basic " + b64encode(b"hunter2hunter2"),
        b"Basic " + b64encode(b"alice:hunter2")[:-1],
        b"Basic " + b64encode(b"alice:hunter2") + b" more",
        basic(b"a\nlice:hunter2"),
        basic(b"a" * 256 + b":hunter2"),
        b"Bearer two tokens",
        b"Bearer hunter2,hunter2",
        b"Bearer \xff",
        b"Digest username=hunter2",
        b"Negotiate hunter2",
        b"hunter2",
    ],
)
def test_what_cannot_be_read_is_refused_and_not_repeated(value: bytes) -> None:
    with pytest.raises(Unauthenticated) as caught:
        read(value)
    assert "Authorization header" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_two_headers_are_refused_whichever_comes_first() -> None:
    for values in ((basic(b"a:b"), basic(b"c:d")), (b"Bearer x", basic(b"c:d"))):
        with pytest.raises(Unauthenticated, match="more than one"):
            read(*values)


@given(st.binary(max_size=60))
def test_nothing_else_happens(value: bytes) -> None:
    with contextlib.suppress(Unauthenticated):
        read(value)


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(read(basic(b"alice:hunter2")))
    assert "hunter2" not in repr(read(b"Bearer hunter2"))
