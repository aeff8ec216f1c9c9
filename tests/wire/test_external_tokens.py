"""`auth.token` on the wire: challenges as Docker Registry gives them, and what its tokens allow."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.services.tokens.forge import certificate, key_set, pem, sign, x5c
from tests.wire.harness.applications import Running
from tests.wire.harness.contents import LAYER
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import LoopThread

KEY = ec.generate_private_key(ec.SECP256R1())
FOREIGN = ec.generate_private_key(ec.SECP256R1())
NOW = int(time.time())
OWN = certificate(KEY, begins=NOW - 9, ends=NOW + 9999)
SECTION = {"realm": "https://auth.test/token?x=1", "service": "a registry", "issuer": "them"}
UPLOAD = "/v2/team/app/blobs/uploads/"
BLOB = f"/v2/team/app/blobs/{LAYER.digest}"


class Guarded:
    def __init__(self, loop: LoopThread, folder: Path, **section: Any) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "bundle.pem").write_bytes(pem(OWN))
        (folder / "keys.json").write_bytes(key_set(("k", KEY.public_key())))
        token = {
            **SECTION,
            "rootcertbundle": str(folder / "bundle.pem"),
            "jwks": str(folder / "keys.json"),
            **section,
        }
        self.running = Running(loop, folder, {"auth": {"token": token}})

    def send(
        self,
        method: str,
        target: str,
        token: str = "",
        body: bytes | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Reply:
        if token:
            headers = (*headers, ("Authorization", f"Bearer {token}"))
        return self.running.transport.send(Request(method, target, headers, body))


@pytest.fixture
def registry(loop: LoopThread, tmp_path: Path) -> Iterator[Guarded]:
    guarded = Guarded(loop, tmp_path)
    yield guarded
    guarded.running.close()


def token(*access: str, **changes: Any) -> str:
    """A good token; `access` is written as scopes are."""
    entries = []
    for scope in access:
        kind, name, actions = scope.split(":")
        entries.append({"type": kind, "name": name, "actions": actions.split(",")})
    now = int(time.time())
    claims = {
        "iss": "them",
        "sub": "carol",
        "aud": "a registry",
        "exp": now + 300,
        "nbf": now,
        "iat": now,
        "access": entries,
        **changes,
    }
    return sign(KEY, claims, "ES256", {"kid": "k"})


def challenge(reply: Reply) -> dict[str, str]:
    assert reply.status == 401, reply.told()
    header = reply.header("www-authenticate") or ""
    assert header.startswith("Bearer ")
    return dict(re.findall(r'(\w+)="([^"]*)"', header))


@pytest.mark.parametrize(
    ("method", "target", "scope"),
    [
        ("GET", "/v2/", None),
        ("GET", "/v2/team/app/manifests/v1", "repository:team/app:pull"),
        ("HEAD", "/v2/team/app/manifests/v1", "repository:team/app:pull"),
        ("GET", BLOB, "repository:team/app:pull"),
        ("GET", "/v2/team/app/tags/list", "repository:team/app:pull"),
        ("GET", f"/v2/team/app/referrers/{LAYER.digest}", "repository:team/app:pull"),
        ("PUT", "/v2/team/app/manifests/v1", "repository:team/app:pull,push"),
        ("POST", UPLOAD, "repository:team/app:pull,push"),
        ("DELETE", BLOB, "repository:team/app:delete"),
        ("DELETE", "/v2/team/app/manifests/v1", "repository:team/app:delete"),
        ("GET", "/v2/_catalog", "registry:catalog:*"),
        (
            "POST",
            f"{UPLOAD}?mount={LAYER.digest}&from=team/base",
            "repository:team/app:pull,push repository:team/base:pull",
        ),
    ],
)
def test_a_challenge_says_what_is_needed(
    registry: Guarded, method: str, target: str, scope: str | None
) -> None:
    said = challenge(registry.send(method, target))
    assert said["realm"] == "https://auth.test/token?x=1"
    assert said["service"] == "a registry"
    assert said.get("scope") == scope
    assert "error" not in said


def test_from_a_push_to_a_deletion(registry: Guarded) -> None:
    push, pull = token("repository:team/app:pull,push"), token("repository:team/app:pull")
    done = registry.send("POST", f"{UPLOAD}?digest={LAYER.digest}", push, LAYER.payload)
    assert done.status == 201, done.told()
    assert registry.send("GET", BLOB, pull).status == 200
    refused = challenge(registry.send("DELETE", BLOB, push))
    assert refused["error"] == "insufficient_scope"
    assert refused["scope"] == "repository:team/app:delete"
    assert registry.send("DELETE", BLOB, token("repository:team/app:*")).status == 202


@pytest.mark.parametrize(
    ("access", "method", "target"),
    [
        ("repository:team/app:pull", "POST", UPLOAD),
        ("repository:team/other:pull,push", "POST", UPLOAD),
        ("repository:team/other:pull", "GET", BLOB),
        ("repository:team:*", "GET", BLOB),
        ("repository:team/app/more:*", "GET", BLOB),
        ("repository:**:*", "GET", BLOB),
        ("repository:*:*", "GET", BLOB),
        ("repository:team/*:*", "GET", BLOB),
        ("registry:team/app:*", "GET", BLOB),
        ("repo:team/app:*", "GET", BLOB),
        ("registry:catalog:*", "GET", BLOB),
        ("repository:team/app:*", "GET", "/v2/_catalog"),
        ("repository:team/app:PULL", "GET", BLOB),
    ],
)
def test_a_token_allows_what_it_names_and_nothing_else(
    registry: Guarded, access: str, method: str, target: str
) -> None:
    assert challenge(registry.send(method, target, token(access)))["error"] == "insufficient_scope"


def test_a_token_without_access_tells_who_somebody_is(registry: Guarded) -> None:
    assert registry.send("GET", "/v2/", token()).status == 200
    assert registry.send("GET", "/v2/_catalog", token("registry:catalog:*")).status == 200


def test_a_mount_from_what_may_not_be_read_reveals_nothing(registry: Guarded) -> None:
    base = token("repository:team/base:pull,push")
    place = f"/v2/team/base/blobs/uploads/?digest={LAYER.digest}"
    assert registry.send("POST", place, base, LAYER.payload).status == 201
    mount = f"{UPLOAD}?mount={LAYER.digest}&from=team/base"
    narrow = registry.send("POST", mount, token("repository:team/app:pull,push"))
    assert narrow.status == 202, narrow.told()
    unknown = registry.send(
        "POST",
        f"{UPLOAD}?mount={LAYER.digest}&from=team/nowhere",
        token("repository:team/app:pull,push"),
    )
    assert unknown.status == 202
    both = token("repository:team/app:pull,push", "repository:team/base:pull")
    assert registry.send("POST", mount, both).status == 201


def test_an_upload_is_its_own_users(registry: Guarded) -> None:
    mine = token("repository:team/app:pull,push")
    place = registry.send("POST", UPLOAD, mine).header("location") or ""
    path = place[place.index("/v2/") :]
    theirs = token("repository:team/app:pull,push", sub="mallory")
    assert registry.send("PATCH", path, theirs, b"x").status == 404
    assert registry.send("PATCH", path, mine, b"x").status == 202


@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "a.b.c",
        sign(FOREIGN, {"iss": "them"}, "ES256", {"kid": "k"}),
        sign(KEY, {"iss": "them"}, "ES256", {"kid": "unknown"}),
        sign(FOREIGN, {"iss": "them"}, "ES256", x5c(certificate(FOREIGN))),
    ],
    ids=["text", "three parts", "foreign key", "unknown key", "foreign chain"],
)
def test_a_bad_token_is_told_as_such(registry: Guarded, bad: str) -> None:
    for target in ("/v2/", BLOB):
        assert challenge(registry.send("GET", target, bad))["error"] == "invalid_token"


@pytest.mark.parametrize(
    "changes",
    [{"iss": "us"}, {"aud": "b"}, {"exp": NOW - 99}, {"nbf": NOW + 9999}, {"access": "all"}],
)
def test_claims_that_do_not_fit_are_told_as_such(
    registry: Guarded, changes: dict[str, Any]
) -> None:
    bad = token("repository:team/app:pull", **changes)
    assert challenge(registry.send("GET", BLOB, bad))["error"] == "invalid_token"


def test_a_token_with_a_certificate_is_good(registry: Guarded) -> None:
    now = int(time.time())
    claims = {"iss": "them", "aud": ["x", "a registry"], "exp": now + 9}
    assert registry.send("GET", "/v2/", sign(KEY, claims, "ES256", x5c(OWN))).status == 200


def test_a_password_is_no_token(registry: Guarded) -> None:
    reply = registry.send("GET", "/v2/", headers=(("Authorization", "Basic Y2Fyb2w6eA=="),))
    assert "realm" in challenge(reply)


@pytest.mark.parametrize(
    ("headers", "realm"),
    [
        ((), "https://registry.test:5000/auth/token"),
        ((("X-Forwarded-Proto", "http"),), "http://registry.test:5000/auth/token"),
    ],
)
def test_clients_can_be_sent_to_the_host_that_they_asked(
    loop: LoopThread, tmp_path: Path, headers: tuple[tuple[str, str], ...], realm: str
) -> None:
    guarded = Guarded(loop, tmp_path, autoredirect=True)
    try:
        assert challenge(guarded.send("GET", "/v2/", headers=headers))["realm"] == realm
    finally:
        guarded.running.close()


def test_there_is_no_token_server_of_its_own(registry: Guarded) -> None:
    for path in ("/auth/token", "/auth/jwks", "/auth/certificate"):
        assert registry.send("GET", path).status == 404
