"""`/auth/token`, `/auth/jwks`: Docker's token protocol, from a challenge to a pull."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt
import jwt
import pytest

from entrepot.ports.access import OPERATOR
from entrepot.ports.clock import SystemClock
from entrepot.services.access.tokens import Tokens
from tests.waiting import tries
from tests.wire.harness.in_process import LoopThread
from tests.wire.harness.token_server import ACCESS, Guarded, access, bearer, claims


@pytest.fixture
def registry(loop: LoopThread, tmp_path: Path) -> Iterator[Guarded]:
    guarded = Guarded(loop, tmp_path, {})
    yield guarded
    guarded.running.close()


def test_from_a_challenge_to_a_push(registry: Guarded) -> None:
    """What docker does: ask, be refused, follow the challenge, come back."""
    refused = registry.send("POST", "/v2/team/app/blobs/uploads/")
    assert refused.status == 401
    challenge = refused.header("www-authenticate") or ""
    assert challenge.startswith("Bearer ")
    said = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    assert said["realm"] == "http://registry.test:5000/auth/token"
    assert said["scope"] == "repository:team/app:pull,push"
    reply = registry.get("alice", service=said["service"], scope=said["scope"], account="alice")
    assert access(reply) == ["repository:team/app:pull,push"]
    begun = registry.send("POST", "/v2/team/app/blobs/uploads/", (bearer(reply.json()["token"]),))
    assert begun.status == 202, begun.told()


def test_the_answer_has_what_every_client_reads(registry: Guarded) -> None:
    reply = registry.get("alice", service="entrepot", scope="repository:team/app:pull")
    assert reply.header("content-type") == "application/json"
    assert reply.header("cache-control") == "no-store"
    said = reply.json()
    assert said["token"] == said["access_token"]
    assert said["expires_in"] == 300
    assert said["scope"] == "repository:team/app:pull"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said["issued_at"])
    assert "refresh_token" not in said


def test_several_scopes_come_several_times_or_with_blanks(registry: Guarded) -> None:
    one, other = "repository:team/app:pull", "repository:team/other:pull"
    for scope in ([one, other], f"{one} {other}", [f"{one}  {other}", one]):
        assert access(registry.get("alice", scope=scope)) == [one, other]
    assert access(registry.password_grant("alice", scope=f"{one} {other}")) == [one, other]


@pytest.mark.parametrize(
    ("name", "asked", "given"),
    [
        ("bob", "repository:team/app:pull,push", ["repository:team/app:pull"]),
        ("bob", "repository:team/app:*", ["repository:team/app:pull"]),
        ("bob", "repository:team/**:*", []),
        ("bob", "repository:**:pull", []),
        ("bob", "repository:team/other:pull", []),
        ("bob", "repository:../team/other:pull", []),
        ("bob", "registry:catalog:*", ["registry:catalog:*"]),
        ("alice", "repository:team/app:delete", []),
        ("alice", "repository:team/app:admin", []),
    ],
)
def test_no_scope_is_wider_than_the_rules_by_get_or_post(
    registry: Guarded, name: str, asked: str, given: list[str]
) -> None:
    assert access(registry.get(name, scope=asked)) == given
    assert access(registry.password_grant(name, scope=asked)) == given
    offline = registry.password_grant(name, access_type="offline").json()
    refreshed = registry.post(
        grant_type="refresh_token", refresh_token=offline["refresh_token"], scope=asked
    )
    assert access(refreshed) == given
    assert claims(refreshed)["sub"] == name


def test_nobody_gets_what_anybody_may(registry: Guarded) -> None:
    reply = registry.get(scope="repository:public/x:pull,push")
    assert claims(reply)["sub"] == ""
    assert access(reply) == ["repository:public/x:pull"]
    assert access(registry.get(scope="repository:team/app:pull")) == []


def test_an_account_that_is_only_named_is_nobody(registry: Guarded) -> None:
    reply = registry.get(account="alice", scope="repository:team/app:pull")
    assert claims(reply)["sub"] == ""


def test_a_refresh_token_of_docker_login(registry: Guarded) -> None:
    """`offline_token=true` by GET, as docker login asks, then POST with each pull."""
    login = registry.get("alice", offline_token="true", client_id="docker", account="alice")
    token = login.json()["refresh_token"]
    assert token.startswith("ent_ref_")
    reply = registry.post(
        grant_type="refresh_token",
        refresh_token=token,
        service="entrepot",
        client_id="docker",
        scope="repository:team/app:pull",
    )
    assert reply.json()["refresh_token"] == token
    assert access(reply) == ["repository:team/app:pull"]
    for bad in (token + "x", "", token.removeprefix("ent_ref_")):
        refused = registry.post(grant_type="refresh_token", refresh_token=bad)
        assert refused.status == 401
        assert refused.json()["error"] == "invalid_grant"
    elsewhere = registry.post(grant_type="refresh_token", refresh_token=token, service="elsewhere")
    assert elsewhere.status == 401


def test_an_access_token_is_good_for_what_it_was_asked_for(registry: Guarded) -> None:
    token = registry.get("alice", scope="repository:team/app:pull").json()["token"]
    narrow = registry.send("POST", "/v2/team/app/blobs/uploads/", (bearer(token),))
    assert narrow.status == 401
    challenge = narrow.header("www-authenticate") or ""
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="repository:team/app:pull,push"' in challenge


def test_what_the_rules_deny_is_denied_whatever_token_comes(registry: Guarded) -> None:
    token = registry.get("bob", scope="repository:team/app:pull,push").json()["token"]
    reply = registry.send("POST", "/v2/team/app/blobs/uploads/", (bearer(token),))
    assert reply.status == 403, reply.told()


def test_a_forged_token_is_told_as_such(registry: Guarded) -> None:
    token = registry.get("alice", scope="repository:team/app:pull").json()["token"]
    header, payload, signature = token.split(".")
    for bad in ("x", f"{header}.{payload}.", f"{header}.{payload[:-4]}AAAA.{signature}"):
        reply = registry.send("GET", "/v2/team/app/tags/list", (bearer(bad),))
        assert reply.status == 401
        assert 'error="invalid_token"' in (reply.header("www-authenticate") or "")


def test_the_keys_are_published_for_other_registries(registry: Guarded) -> None:
    reply = registry.send("GET", "/auth/jwks")
    (key,) = reply.json()["keys"]
    assert "d" not in key
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")
    token = registry.get("alice", service="elsewhere").json()["token"]
    verified = jwt.decode(token, jwt.PyJWK(key), audience="elsewhere", issuer="entrepot")
    assert verified["sub"] == "alice"
    assert jwt.get_unverified_header(token)["x5c"] == key["x5c"]
    pem = registry.send("GET", "/auth/certificate").body
    assert pem.startswith(b"-----BEGIN CERTIFICATE-----")
    assert b"PRIVATE" not in pem + reply.body


def test_the_place_of_the_token_server_can_be_told(loop: LoopThread, tmp_path: Path) -> None:
    for changes, realm in (
        ({"http": {"prefix": "/registry/"}}, "http://registry.test:5000/registry/auth/token"),
        ({"http": {"host": "https://hub.test"}}, "https://hub.test/auth/token"),
        (
            {"access": {**ACCESS, "token": {"realm": "https://auth.test/t"}}},
            "https://auth.test/t",
        ),
    ):
        folder = tmp_path / str(urlsplit(realm).netloc + urlsplit(realm).path).replace("/", "_")
        guarded = Guarded(loop, folder, changes)
        try:
            base = "/registry/v2/" if "prefix" in json.dumps(changes) else "/v2/"
            challenge = guarded.send("GET", base).header("www-authenticate") or ""
            assert f'realm="{realm}"' in challenge
            path = urlsplit(realm).path if "prefix" in json.dumps(changes) else "/auth/token"
            assert guarded.send("GET", path).status == 200
        finally:
            guarded.running.close()


def test_it_can_be_switched_off(loop: LoopThread, tmp_path: Path) -> None:
    guarded = Guarded(loop, tmp_path, {"access": {**ACCESS, "token": {"enabled": False}}})
    try:
        assert guarded.send("GET", "/auth/token").status == 404
        assert guarded.send("GET", "/auth/jwks").status == 404
        challenge = guarded.send("GET", "/v2/").header("www-authenticate") or ""
        assert challenge.startswith("Basic ")
    finally:
        guarded.running.close()


def test_tokens_are_made_while_nothing_may_be_pushed(loop: LoopThread, tmp_path: Path) -> None:
    readonly = {"storage": {"maintenance": {"readonly": {"enabled": True}}}}
    guarded = Guarded(loop, tmp_path, readonly)
    try:
        assert guarded.password_grant("alice").status == 200
    finally:
        guarded.running.close()


def test_a_personal_token_gets_a_bearer_token_and_no_refresh_token(
    registry: Guarded, loop: LoopThread
) -> None:
    tokens = Tokens(registry.running.drivers.accounts, SystemClock())
    secret = loop.run(tokens.add(OPERATOR, "alice", "laptop")).text
    reply = registry.get("alice", secret, offline_token="true", scope="repository:team/app:pull")
    assert access(reply) == ["repository:team/app:pull"]
    assert "refresh_token" not in reply.json()


def test_a_user_of_a_password_file_gets_tokens_that_end_with_the_password(
    loop: LoopThread, tmp_path: Path
) -> None:
    def write(password: str) -> None:
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        (tmp_path / "new").write_text(f"dave:{hashed}\n")
        (tmp_path / "new").rename(tmp_path / "htpasswd")

    write("first")
    htpasswd = {"realm": "r", "path": str(tmp_path / "htpasswd")}
    rule = {"who": ["user:dave"], "may": ["pull"], "repositories": ["**"]}
    guarded = Guarded(
        loop,
        tmp_path / "registry",
        {"auth": {"htpasswd": htpasswd}, "access": {"enabled": True, "rules": [rule]}},
    )
    try:
        reply = guarded.get("dave", "first", scope="repository:a:pull", offline_token="true")
        assert access(reply) == ["repository:a:pull"]
        sent = bearer(reply.json()["token"])
        assert guarded.send("GET", "/v2/a/tags/list", (sent,)).status == 404
        write("second")
        for _ in tries("the new file is not read"):
            if guarded.send("GET", "/v2/a/tags/list", (sent,)).status == 401:
                break
            time.sleep(0.1)
        refresh = reply.json()["refresh_token"]
        assert guarded.post(grant_type="refresh_token", refresh_token=refresh).status == 401
        assert guarded.get("dave", "first").status == 401
        assert guarded.get("dave", "second").status == 200
    finally:
        guarded.running.close()
