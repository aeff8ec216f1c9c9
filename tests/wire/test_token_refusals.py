"""Requests to the token server that get no token: wrong, malformed, or for something else."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.harness.in_process import LoopThread
from tests.wire.harness.token_server import FORM, PASSWORD, Guarded, basic, bearer


@pytest.fixture
def registry(loop: LoopThread, tmp_path: Path) -> Iterator[Guarded]:
    guarded = Guarded(loop, tmp_path, {})
    yield guarded
    guarded.running.close()


@pytest.mark.parametrize(
    "header",
    [
        basic("alice", "wrong"),
        basic("nobody", PASSWORD),
        ("Authorization", "Basic !!!"),
        ("Authorization", "Basic YWxpY2U="),
        ("Authorization", "Bearer x"),
        ("Authorization", "Digest x"),
        ("Authorization", ""),
    ],
)
def test_wrong_credentials_get_no_token_not_even_nobodys(
    registry: Guarded, header: tuple[str, str]
) -> None:
    reply = registry.send("GET", "/auth/token?scope=repository:public/x:pull", (header,))
    assert reply.status == 401, reply.told()
    assert (reply.header("www-authenticate") or "").startswith("Basic ")
    assert reply.json()["errors"][0]["code"] == "UNAUTHORIZED"
    assert "token" not in reply.json()


def test_a_wrong_name_and_a_wrong_password_are_not_told_apart(registry: Guarded) -> None:
    one, other = registry.get("alice", "wrong"), registry.get("nobody", "wrong")
    assert (one.status, one.body, one.headers) == (other.status, other.body, other.headers)
    one, other = (registry.password_grant(name, "wrong") for name in ("bob", "nobody"))
    assert (one.status, one.body, one.headers) == (other.status, other.body, other.headers)


def test_another_account_than_the_password_is_for_is_refused(registry: Guarded) -> None:
    assert registry.get("alice", account="bob").status == 400


FIELDS = st.sampled_from(
    ["grant_type", "refresh_token", "scope", "service", "client_id", "access_type", "offline_token"]
)
VALUES = st.text() | st.sampled_from(
    ["refresh_token", "repository:a:pull", "entrepot", "true", "offline", "\ud800", "\0", "%"]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.dictionaries(FIELDS | st.text(), VALUES), st.binary(max_size=40))
def test_nothing_that_is_asked_breaks_it(
    registry: Guarded, form: dict[str, str], noise: bytes
) -> None:
    written = urlencode(form, errors="surrogatepass")
    for reply in (
        registry.send("GET", f"/auth/token?{written}"),
        registry.send("POST", "/auth/token", FORM, written.encode()),
        registry.send("POST", "/auth/token", FORM, noise),
        registry.send("POST", "/auth/token", FORM, written.encode() + noise),
    ):
        assert reply.status in (200, 400, 401), reply.told()
        json.loads(reply.body)


def test_more_parameters_than_are_read_are_refused(registry: Guarded) -> None:
    reply = registry.send("GET", "/auth/token?" + "x=1&" * 1001)
    assert reply.status == 400
    assert reply.json()["error"] == "invalid_request"


def test_a_bearer_token_gets_no_other(registry: Guarded) -> None:
    token = registry.get("bob", scope="repository:team/app:pull").json()["token"]
    reply = registry.send("GET", "/auth/token?scope=repository:team/app:push", (bearer(token),))
    assert reply.status == 401


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "authorization_code", "code": "x"},
        {"grant_type": "client_credentials"},
        {"grant_type": "password", "username": "alice", "password": PASSWORD, "service": "third"},
        {"grant_type": ""},
    ],
)
def test_a_grant_that_is_not_offered_is_told(registry: Guarded, form: dict[str, str]) -> None:
    reply = registry.post(**form)
    assert reply.status == 400, reply.told()
    assert reply.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ((), b"grant_type=password", 400),
        ((("Content-Type", "application/json"),), b"{}", 400),
        (FORM, b"grant_type=password&grant_type=refresh_token", 400),
        (FORM, b"username=alice&username=bob&grant_type=password", 400),
        (FORM, b"x=1&" * 1000, 400),
        (FORM, b"grant_type=" + b"x" * 70_000, 400),
        (FORM, b"\xff\xfe", 400),
        (FORM, b"grant_type=password&username=%ff&password=%00", 401),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    registry: Guarded, headers: tuple[tuple[str, str], ...], body: bytes, status: int
) -> None:
    reply = registry.send("POST", "/auth/token", headers, body)
    assert reply.status == status, reply.told()


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("PUT", "/auth/token", 405),
        ("DELETE", "/auth/token", 405),
        ("POST", "/auth/jwks", 405),
        ("GET", "/auth/token/", 404),
        ("GET", "/auth", 404),
        ("GET", "/auth/", 404),
        ("GET", "/auth/keys", 404),
        ("GET", "/auth/%74oken/../token", 404),
        ("GET", "/v2/../auth/token", 404),
        ("GET", "//auth/token", 301),
    ],
)
def test_nothing_else_is_there(registry: Guarded, method: str, target: str, status: int) -> None:
    assert registry.send(method, target).status == status
