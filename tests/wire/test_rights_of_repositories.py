"""Rights hold wherever something is read, changed, mounted or listed: each is attacked here."""

from collections.abc import Iterator

import pytest

from tests.wire.harness.contents import ABSENT, CONFIG, IMAGE, LAYER, image
from tests.wire.harness.guarded import (
    SECRET_LAYER,
    SIGNATURE,
    Guarded,
    looks,
    refused,
)
from tests.wire.harness.in_process import LoopThread

DENIED = (403, "DENIED")
UNAUTHORIZED = (401, "UNAUTHORIZED")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[Guarded]:
    guarded = Guarded(loop, tmp_path_factory.mktemp("guarded"))
    guarded.push("alice", "secret/app", SECRET_LAYER)
    guarded.push("alice", "shared/app")
    guarded.push("alice", "public/app")
    guarded.push("bob", "bob/app")
    yield guarded
    guarded.close()


READS = [
    ("GET", "manifests/v1"),
    ("HEAD", "manifests/v1"),
    ("GET", f"manifests/{IMAGE.digest}"),
    ("GET", f"blobs/{LAYER.digest}"),
    ("HEAD", f"blobs/{SECRET_LAYER.digest}"),
    ("GET", "tags/list"),
    ("GET", f"referrers/{IMAGE.digest}"),
]
CHANGES = [
    ("PUT", "manifests/v2", IMAGE.payload),
    ("PUT", f"manifests/{IMAGE.digest}?tag=v2", IMAGE.payload),
    ("DELETE", "manifests/v1", None),
    ("DELETE", f"manifests/{IMAGE.digest}", None),
    ("DELETE", f"blobs/{LAYER.digest}", None),
    ("POST", "blobs/uploads/", None),
    ("POST", f"blobs/uploads/?digest={LAYER.digest}", LAYER.payload),
    ("POST", f"blobs/uploads/?mount={LAYER.digest}&from=bob/app", None),
    ("POST", f"blobs/uploads/?mount={LAYER.digest}", None),
]
EVERYTHING = [*((method, path, None) for method, path in READS), *CHANGES]


@pytest.mark.parametrize(("method", "path"), READS)
def test_who_may_read_reads(registry: Guarded, method: str, path: str) -> None:
    assert registry.ask("alice", method, f"/v2/secret/app/{path}").status == 200


@pytest.mark.parametrize(("method", "path", "body"), EVERYTHING)
@pytest.mark.parametrize("user", ["bob", "carol"])
def test_who_may_not_is_denied_everything(
    registry: Guarded, user: str, method: str, path: str, body: bytes | None
) -> None:
    reply = registry.ask(user, method, f"/v2/secret/app/{path}", body)
    assert reply.status == 403
    if method != "HEAD":
        assert refused(reply) == DENIED


@pytest.mark.parametrize(("method", "path", "body"), EVERYTHING)
def test_nobody_is_asked_who_it_is(
    registry: Guarded, method: str, path: str, body: bytes | None
) -> None:
    reply = registry.ask("", method, f"/v2/secret/app/{path}", body)
    assert reply.status == 401
    assert (reply.header("WWW-Authenticate") or "").startswith("Bearer realm=")


@pytest.mark.parametrize(("method", "path", "body"), EVERYTHING)
@pytest.mark.parametrize("user", ["", "carol", "bob"])
def test_what_is_forbidden_looks_like_what_is_not_there(
    registry: Guarded, user: str, method: str, path: str, body: bytes | None
) -> None:
    """In status, headers and body, whatever is asked."""
    there = registry.ask(user, method, f"/v2/secret/app/{path}", body)
    nowhere = registry.ask(user, method, f"/v2/secret/ap0/{path}", body)
    body_there = there.body.replace(b"secret/app", b"secret/ap0")
    assert (there.status, body_there) == (nowhere.status, nowhere.body)
    challenge = (there.header("WWW-Authenticate") or "").replace("secret/app", "secret/ap0")
    assert challenge == (nowhere.header("WWW-Authenticate") or "")
    assert looks(there)[1] == looks(nowhere)[1]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_who_may_only_read_changes_nothing(
    registry: Guarded, method: str, path: str, body: bytes | None
) -> None:
    assert refused(registry.ask("bob", method, f"/v2/shared/app/{path}", body)) == DENIED
    assert registry.ask("bob", "GET", "/v2/shared/app/manifests/v1").status == 200


@pytest.mark.parametrize(("method", "path"), READS[:4])
def test_everybody_reads_what_is_public(registry: Guarded, method: str, path: str) -> None:
    assert registry.ask("", method, f"/v2/public/app/{path}").status == 200
    assert registry.ask("carol", method, f"/v2/public/app/{path}").status == 200


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_and_changes_nothing_of_it(
    registry: Guarded, method: str, path: str, body: bytes | None
) -> None:
    assert refused(registry.ask("", method, f"/v2/public/app/{path}", body)) == UNAUTHORIZED
    assert refused(registry.ask("carol", method, f"/v2/public/app/{path}", body)) == DENIED


class TestBlobs:
    def test_a_digest_that_is_known_opens_no_other_repository(self, registry: Guarded) -> None:
        path = f"blobs/{SECRET_LAYER.digest}"
        for name in ("bob/app", "shared/app", "public/app", "bob/none"):
            for method in ("GET", "HEAD"):
                assert registry.ask("bob", method, f"/v2/{name}/{path}").status == 404
        assert registry.ask("", "GET", f"/v2/public/app/{path}").status == 404

    def test_a_range_of_it_neither(self, registry: Guarded) -> None:
        target = f"/v2/bob/app/blobs/{SECRET_LAYER.digest}"
        assert registry.ask("bob", "GET", target, range="bytes=0-1").status == 404
        tag = f'"{SECRET_LAYER.digest}"'
        assert registry.ask("bob", "GET", target, if_none_match=tag).status == 404

    def test_a_manifest_that_names_it_is_refused(self, registry: Guarded) -> None:
        stolen = image(SECRET_LAYER)
        reply = registry.ask(
            "bob",
            "PUT",
            "/v2/bob/app/manifests/stolen",
            stolen.payload,
            content_type=stolen.media_type,
        )
        assert refused(reply) == (400, "MANIFEST_BLOB_UNKNOWN")


class TestMounts:
    def mount(self, registry: Guarded, user: str, digest: str, source: str) -> tuple[int, bytes]:
        target = f"/v2/bob/app/blobs/uploads/?mount={digest}&from={source}"
        reply = registry.ask(user, "POST", target)
        assert reply.header("Docker-Content-Digest") is None or reply.status == 201
        return reply.status, reply.body

    def test_what_the_caller_cannot_read_falls_back_to_an_upload(self, registry: Guarded) -> None:
        assert self.mount(registry, "bob", SECRET_LAYER.digest, "secret/app") == (202, b"")
        assert registry.ask("bob", "HEAD", f"/v2/bob/app/blobs/{SECRET_LAYER.digest}").status == 404

    @pytest.mark.parametrize("source", ["secret/app", "secret/none", "", "NO NAME", "bob/none"])
    @pytest.mark.parametrize("digest", [SECRET_LAYER.digest, ABSENT.digest])
    def test_and_says_nothing_of_whether_it_is_there(
        self, registry: Guarded, source: str, digest: str
    ) -> None:
        quoted = source.replace(" ", "%20")
        assert self.mount(registry, "bob", digest, quoted) == (202, b"")

    def test_without_a_source_only_what_can_be_read_is_found(self, registry: Guarded) -> None:
        reply = registry.ask(
            "bob", "POST", f"/v2/bob/other/blobs/uploads/?mount={SECRET_LAYER.digest}"
        )
        assert reply.status == 202
        found = registry.ask("bob", "POST", f"/v2/bob/other/blobs/uploads/?mount={CONFIG.digest}")
        assert found.status == 201


class TestUploadSessions:
    def begin(self, registry: Guarded, user: str, name: str) -> str:
        reply = registry.ask(user, "POST", f"/v2/{name}/blobs/uploads/")
        assert reply.status == 202
        return str(reply.header("Docker-Upload-UUID"))

    @pytest.mark.parametrize("user", ["alice", "carol", ""])
    @pytest.mark.parametrize(
        ("method", "query", "body"),
        [
            ("GET", "", None),
            ("PATCH", "", b"of somebody else"),
            ("PUT", f"?digest={LAYER.digest}", b""),
            ("DELETE", "", None),
        ],
    )
    def test_are_of_who_began_them(
        self, registry: Guarded, user: str, method: str, query: str, body: bytes | None
    ) -> None:
        session = self.begin(registry, "bob", "bob/app")
        reply = registry.ask(user, method, f"/v2/bob/app/blobs/uploads/{session}{query}", body)
        assert reply.status == (403 if user else 401)
        # Where the other one may push, it is not there.
        reply = registry.ask(
            "alice", method, f"/v2/secret/app/blobs/uploads/{session}{query}", body
        )
        assert reply.status == 404
        status = registry.ask("bob", "GET", f"/v2/bob/app/blobs/uploads/{session}")
        assert (status.status, status.header("Range")) == (204, "0-0")

    def test_even_in_a_repository_that_both_may_push_to(
        self, tmp_path_factory: pytest.TempPathFactory, loop: LoopThread
    ) -> None:
        both = [{"who": ["authenticated"], "may": ["pull", "push"], "repositories": ["**"]}]
        folder = tmp_path_factory.mktemp("both")
        registry = Guarded(loop, folder, {"access": {"enabled": True, "rules": both}})
        try:
            session = self.begin(registry, "bob", "team/app")
            target = f"/v2/team/app/blobs/uploads/{session}"
            for method, query, body in (
                ("GET", "", None),
                ("PATCH", "", b"x"),
                ("PUT", f"?digest={LAYER.digest}", LAYER.payload),
                ("DELETE", "", None),
            ):
                reply = registry.ask("alice", method, f"{target}{query}", body)
                assert refused(reply) == (404, "BLOB_UPLOAD_UNKNOWN")
            done = registry.ask("bob", "PUT", f"{target}?digest={LAYER.digest}", LAYER.payload)
            assert done.status == 201
        finally:
            registry.close()


class TestLists:
    def catalogue(self, registry: Guarded, user: str, query: str = "") -> list[str]:
        reply = registry.ask(user, "GET", f"/v2/_catalog{query}")
        assert reply.status == 200, reply.told()
        listed: list[str] = reply.json()["repositories"]
        return listed

    def test_the_catalogue_shows_what_may_be_seen(self, registry: Guarded) -> None:
        listed = ["public/app", "secret/app", "shared/app"]
        assert self.catalogue(registry, "alice") == listed
        assert self.catalogue(registry, "bob") == ["bob/app", "public/app"]
        assert self.catalogue(registry, "carol") == ["public/app"]
        assert self.catalogue(registry, "") == ["public/app"]

    def test_pages_and_their_links_tell_of_nothing_else(self, registry: Guarded) -> None:
        reply = registry.ask("bob", "GET", "/v2/_catalog?n=1")
        assert reply.json()["repositories"] == ["bob/app"]
        assert reply.header("Link") == '</v2/_catalog?n=1&last=bob%2Fapp>; rel="next"'
        reply = registry.ask("bob", "GET", "/v2/_catalog?n=1&last=bob/app")
        assert reply.json()["repositories"] == ["public/app"]
        assert reply.header("Link") is None
        # A name that is hidden is as good a place to begin as one that is nowhere.
        assert self.catalogue(registry, "bob", "?last=secret/app") == []
        assert self.catalogue(registry, "bob", "?last=public/app") == []

    def test_referrers_are_of_the_repository_that_was_asked(self, registry: Guarded) -> None:
        reply = registry.ask("bob", "GET", f"/v2/shared/app/referrers/{IMAGE.digest}")
        assert [entry["digest"] for entry in reply.json()["manifests"]] == [SIGNATURE.digest]
        reply = registry.ask("bob", "GET", f"/v2/bob/none/referrers/{IMAGE.digest}")
        assert reply.json()["manifests"] == []


PATHS = [
    "/v2/public/../secret/app/manifests/v1",
    "/v2/public/app/../../secret/app/manifests/v1",
    "/v2/public%2F..%2Fsecret/app/manifests/v1",
    "/v2/public/%2e%2e/secret/app/manifests/v1",
    "/v2/public/app/manifests/../../../secret/app/manifests/v1",
    "/v2//secret/app/manifests/v1",
    "/v2/secret//app/manifests/v1",
    "//v2/secret/app/manifests/v1",
    "/v2/./secret/app/manifests/v1",
    "/v2/secret/app/./manifests/v1",
    "/v2/secret%00/app/manifests/v1",
    "/v2/SECRET/app/manifests/v1",
    "/v2/secret/app/manifests/v1/",
    "/v2/public/app;/../secret/app/manifests/v1",
    "/v2/public/app%3f/../../secret/app/manifests/v1",
    "/v2/secret%2Fapp/manifests/v1",
    "/v2/secret/app%2Fmanifests/v1",
    "/v2/secret%2fapp%2fmanifests%2fv1",
    "/v2/%73ecret/app/manifests/v1",
    "/v2/secret/app/manifests/%76%31",
    "/v2/secret%252Fapp/manifests/v1",
    "/V2/secret/app/manifests/v1",
    "/v2/secret\\app/manifests/v1",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("user", ["", "bob", "carol"])
def test_no_way_of_writing_a_path_leads_around_a_rule(
    registry: Guarded, user: str, path: str
) -> None:
    reply = registry.ask(user, "GET", path)
    if reply.status == 301:  # slashes too many: what it leads to is asked for anew
        assert reply.body == b""
        reply = registry.ask(user, "GET", reply.header("Location") or "")
    assert reply.status in {400, 401, 403, 404}, reply.told()
    assert IMAGE.payload not in reply.body


def test_large_manifests_of_strangers_are_not_even_read(registry: Guarded) -> None:
    """A body is taken only of who may push."""
    large = b" " * (5 * 1024 * 1024)
    reply = registry.ask("", "PUT", "/v2/secret/app/manifests/v2", large)
    assert refused(reply) == UNAUTHORIZED  # 413 is for who may push
