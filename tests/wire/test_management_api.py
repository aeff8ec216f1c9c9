"""The management API: repositories deleted, tags looked back upon and restored."""

import json
import re

from tests.wire.harness.contents import IMAGE, IMAGE_2, INDEX, LAYER
from tests.wire.harness.exchange import Reply, Transport
from tests.wire.harness.rules import Rule, Step, delete, get, head, play, request, rule
from tests.wire.harness.steps import full_base, push_blob, push_manifest, put_manifest

REPOSITORIES = "DELETE /api/v1/repositories/NAME"
HISTORY = "GET /api/v1/tags/NAME/TAG/history"
RESTORE = "POST /api/v1/tags/NAME/TAG/restore"
V1 = "/api/v1/tags/<name>/v1"
RESTORE_V1 = f"{V1}/restore"
NEXT = re.compile(r"</api/v1/tags/.+/v1/history\?n=1&last=\d+>; rel=\"next\"")


def moved() -> list[Step]:
    """A tag that moved once."""
    return [*full_base(), push_manifest(IMAGE, "v1"), push_manifest(IMAGE_2, "v1")]


def restore(to: object = None) -> Step:
    body = b"" if to is None else json.dumps({"to": to}).encode()
    return request("POST", RESTORE_V1, body, content_type="application/json")


def says_changes(*pairs: tuple[str | None, str | None]) -> "Checks":
    return Checks(pairs)


class Checks:
    def __init__(self, pairs: tuple[tuple[str | None, str | None], ...]) -> None:
        self.pairs = pairs

    def __call__(self, reply: Reply) -> None:
        changes = reply.json()["changes"]
        assert [(change["from"], change["to"]) for change in changes] == list(self.pairs)
        numbers = [change["number"] for change in changes]
        assert numbers == sorted(numbers, reverse=True)
        assert all(change["at"].endswith("+00:00") for change in changes)


RULES = [
    rule(
        REPOSITORIES,
        "everything in it is gone at once, and other repositories are not",
        full_base(),
        full_base("<other>"),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE, "v1", "<other>"),
        delete("/api/v1/repositories/<name>").answers(202, body=b""),
        get("/v2/<name>/tags/list").answers(404, code="NAME_UNKNOWN"),
        get("/v2/<name>/manifests/v1").answers(404, code="MANIFEST_UNKNOWN"),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404, code="MANIFEST_UNKNOWN"),
        head(f"/v2/<name>/blobs/{LAYER.digest}").answers(404),
        get(f"{V1}/history").answers(404, code="NAME_UNKNOWN"),
        get("/v2/<other>/manifests/v1").answers(200, body=IMAGE.payload),
        get(f"/v2/<other>/blobs/{LAYER.digest}").answers(200, body=LAYER.payload),
    ),
    rule(
        REPOSITORIES,
        "it can be pushed to again, and begins empty",
        moved(),
        delete("/api/v1/repositories/<name>").answers(202),
        put_manifest(IMAGE, "v1").answers(400, code="MANIFEST_BLOB_UNKNOWN"),
        full_base(),
        push_manifest(IMAGE, "v2"),
        get("/v2/<name>/tags/list").answers(200, says=('"tags":["v2"]',)),
        get(f"{V1}/history").answers(200, says=('"changes":[]',)),
    ),
    rule(
        REPOSITORIES,
        "a blob of a deleted repository is not mounted out of it",
        full_base("<other>"),
        delete("/api/v1/repositories/<other>").answers(202),
        request(
            "POST", "/v2/<name>/blobs/uploads/", None, {"mount": LAYER.digest, "from": "<other>"}
        ).answers(202),
    ),
    rule(
        REPOSITORIES,
        "one that does not exist is 404 NAME_UNKNOWN",
        delete("/api/v1/repositories/<name>").answers(404, code="NAME_UNKNOWN"),
        full_base(),
        delete("/api/v1/repositories/<name>").answers(202),
        delete("/api/v1/repositories/<name>").answers(404, code="NAME_UNKNOWN"),
    ),
    rule(
        REPOSITORIES,
        "a name that breaks the grammar is 400 NAME_INVALID",
        delete("/api/v1/repositories/Upper").answers(400, code="NAME_INVALID"),
        delete("/api/v1/repositories/app/@7").answers(400, code="NAME_INVALID"),
    ),
    rule(
        REPOSITORIES,
        "nothing else can be done there",
        get("/api/v1/repositories/<name>").answers(405, present={"Allow": "DELETE, OPTIONS"}),
        request("POST", "/api/v1/repositories/<name>").answers(405),
        get("/api/v1/").answers(404),
        get("/api/v1/repositories/").answers(404),
        get("/api/v2/repositories/app").answers(404),
    ),
    rule(
        HISTORY,
        "each change is told, newest first",
        moved(),
        get(f"{V1}/history").answers(
            200,
            present={"Content-Type": "application/json"},
            check=says_changes((IMAGE.digest, IMAGE_2.digest), (None, IMAGE.digest)),
        ),
    ),
    rule(
        HISTORY,
        "a deletion is a change to nothing, by tag and by digest",
        moved(),
        delete("/v2/<name>/manifests/v1").answers(202),
        push_manifest(IMAGE, "v1"),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        get(f"{V1}/history").answers(
            200,
            check=says_changes(
                (IMAGE.digest, None),
                (None, IMAGE.digest),
                (IMAGE_2.digest, None),
                (IMAGE.digest, IMAGE_2.digest),
                (None, IMAGE.digest),
            ),
        ),
    ),
    rule(
        HISTORY,
        "a push that leaves a tag where it was is no change",
        moved(),
        push_manifest(IMAGE_2, "v1"),
        get(f"{V1}/history").answers(
            200, check=says_changes((IMAGE.digest, IMAGE_2.digest), (None, IMAGE.digest))
        ),
    ),
    rule(
        HISTORY,
        "it comes in pages that Link leads along",
        moved(),
        get(f"{V1}/history", {"n": "1"}).answers(
            200,
            present={"Link": NEXT},
            check=says_changes((IMAGE.digest, IMAGE_2.digest)),
        ),
        get(f"{V1}/history", {"last": "1"}).answers(200, absent=["Link"], says=('"changes":[]',)),
        get(f"{V1}/history", {"n": "x"}).answers(400, code="PAGINATION_NUMBER_INVALID"),
        get(f"{V1}/history", {"last": "x"}).answers(400, code="PAGINATION_NUMBER_INVALID"),
    ),
    rule(
        HISTORY,
        "a tag of which nothing is known has no changes, a repository 404",
        get(f"{V1}/history").answers(404, code="NAME_UNKNOWN"),
        full_base(),
        get(f"{V1}/history").answers(200, says=('"changes":[]', '"tag":"v1"')),
        get("/api/v1/tags/<name>/-v1/history").answers(400, code="TAG_INVALID"),
    ),
    rule(
        RESTORE,
        "without more words the last change is undone",
        moved(),
        restore().answers(200, says=(f'"before":"{IMAGE_2.digest}"', f'"now":"{IMAGE.digest}"')),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        restore().answers(200),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE_2.payload),
    ),
    rule(
        RESTORE,
        "a deleted tag comes back",
        moved(),
        delete("/v2/<name>/manifests/v1").answers(202),
        restore().answers(200, says=('"before":null',)),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE_2.payload),
    ),
    rule(
        RESTORE,
        "to a digest of its history, or so many changes back",
        moved(),
        push_manifest(INDEX, "other"),
        restore(IMAGE.digest).answers(200),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        restore(2).answers(200),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        restore(INDEX.digest).answers(404, code="MANIFEST_UNKNOWN"),
        restore(9).answers(400),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
    ),
    rule(
        RESTORE,
        "a manifest that was deleted comes back with its tag, and its children do",
        moved(),
        push_manifest(INDEX, "v1"),
        delete(f"/v2/<name>/manifests/{INDEX.digest}").answers(202),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        get("/v2/<name>/manifests/v1").answers(404),
        restore().answers(200, says=('"before":null',)),
        get("/v2/<name>/manifests/v1").answers(200, body=INDEX.payload),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(200, body=IMAGE.payload),
    ),
    rule(
        RESTORE,
        "without its blobs it cannot come back",
        moved(),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        delete(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(202),
        delete(f"/v2/<name>/blobs/{LAYER.digest}").answers(202),
        restore(IMAGE.digest).answers(404, code="MANIFEST_UNKNOWN", says=("which is gone",)),
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        RESTORE,
        "before its first change there was no tag",
        full_base(),
        push_manifest(IMAGE, "v1"),
        restore().answers(400, says=("there was no tag",)),
        restore(IMAGE_2.digest).answers(404, code="MANIFEST_UNKNOWN"),
    ),
    rule(
        RESTORE,
        "a body that cannot be read is 400, and changes nothing",
        moved(),
        *(
            request("POST", RESTORE_V1, body).answers(400)
            for body in (
                b"{",
                b"[]",
                b'{"to": 0}',
                b'{"to": -1}',
                b'{"to": true}',
                b'{"to": null}',
                b'{"to": 99999999}',
                b'{"to": "sha256:x"}',
                b'{"to": 1.5}',
                b"[" * 3000,
                b'"' + b"x" * 5000 + b'"',
                b"\xff",
            )
        ),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE_2.payload),
    ),
    rule(
        RESTORE,
        "in a repository that does not exist it is 404 NAME_UNKNOWN",
        restore().answers(404, code="NAME_UNKNOWN"),
        push_blob(LAYER),
        restore().answers(400),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
