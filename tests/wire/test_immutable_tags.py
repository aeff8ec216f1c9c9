"""Tags that stay, and children of indexes that are protected, on the wire."""

import json
from typing import Any

import pytest

from tests.wire.conftest import MakeRegistry
from tests.wire.harness.contents import IMAGE, IMAGE_2, INDEX
from tests.wire.harness.rules import Rule, delete, get, play, request, rule
from tests.wire.harness.steps import full_base, push_manifest, put_manifest

IMMUTABLE: dict[str, Any] = {
    "immutable": [
        {"repositories": ["team/**", "!team/scratch/**"], "tags": ["v*"], "exempt": ["releaser"]},
        {"repositories": ["sealed"]},
    ]
}
PROTECTED: dict[str, Any] = {"storage": {"delete": {"protectchildren": True}}}
APP = {"name": "team/app", "other": "team/scratch/app"}

CASES: list[tuple[dict[str, Any], Rule]] = [
    (
        IMMUTABLE,
        rule(
            "immutable",
            "an immutable tag is made once, and the same manifest may be pushed again",
            full_base(),
            push_manifest(IMAGE, "v1"),
            push_manifest(IMAGE, "v1"),
            put_manifest(IMAGE_2, "v1").answers(
                409, code="DENIED", says=("tag v1 of team/app is immutable",)
            ),
            get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
            # Nothing of the refused push is kept.
            get(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(404),
        ),
    ),
    (
        IMMUTABLE,
        rule(
            "immutable",
            "it is not deleted, neither by name nor with its manifest nor with its repository",
            full_base(),
            push_manifest(IMAGE, "v1"),
            push_manifest(IMAGE, "latest"),
            delete("/v2/<name>/manifests/v1").answers(
                409, code="DENIED", says=("tag v1 of team/app is immutable, and cannot be deleted",)
            ),
            delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(409, code="DENIED"),
            delete("/api/v1/repositories/<name>").answers(409, code="DENIED"),
            get("/v2/<name>/tags/list").answers(200, says=('"tags":["latest","v1"]',)),
        ),
    ),
    (
        IMMUTABLE,
        rule(
            "immutable",
            "one of several tags of a push is enough to refuse it as a whole",
            full_base(),
            push_manifest(IMAGE, "v1"),
            request(
                "PUT",
                f"/v2/<name>/manifests/{IMAGE_2.digest}",
                IMAGE_2.payload,
                [("tag", "next"), ("tag", "v1")],
                content_type=IMAGE_2.media_type,
            ).answers(409, code="DENIED"),
            get("/v2/<name>/tags/list").answers(200, says=('"tags":["v1"]',)),
        ),
    ),
    (
        IMMUTABLE,
        rule(
            "immutable",
            "tags and repositories that no rule names move and go",
            full_base(),
            full_base("<other>"),
            push_manifest(IMAGE, "latest"),
            push_manifest(IMAGE_2, "latest"),
            delete("/v2/<name>/manifests/latest").answers(202),
            push_manifest(IMAGE, "v1", "<other>"),
            push_manifest(IMAGE_2, "v1", "<other>"),
            delete("/v2/<other>/manifests/v1").answers(202),
            delete("/v2/<other>/manifests/v1").answers(404),
            delete("/v2/<name>/manifests/v9").answers(404, code="MANIFEST_UNKNOWN"),
            delete("/api/v1/repositories/<other>").answers(202),
        ),
    ),
    (
        IMMUTABLE,
        rule(
            "immutable",
            "restoring moves it no more than pushing does",
            full_base(),
            push_manifest(IMAGE, "v1"),
            request("POST", "/api/v1/tags/<name>/v1/restore", b"").answers(400),
            request(
                "POST",
                "/api/v1/tags/<name>/v1/restore",
                json.dumps({"to": IMAGE.digest}).encode(),
            ).answers(200),
        ),
    ),
    (
        PROTECTED,
        rule(
            "storage.delete.protectchildren: true",
            "what an index has as its child is deleted after the index",
            full_base(),
            push_manifest(IMAGE, "amd64"),
            push_manifest(IMAGE_2),
            push_manifest(INDEX, "v1"),
            delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(
                409, code="DENIED", says=(INDEX.digest, "delete that first")
            ),
            delete("/v2/<name>/manifests/amd64").answers(202),
            delete(f"/v2/<name>/manifests/{INDEX.digest}").answers(202),
            delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        ),
    ),
]


@pytest.mark.parametrize(("changes", "row"), CASES, ids=[str(row) for _, row in CASES])
def test_a_rule_does_what_it_says(
    make_registry: MakeRegistry, changes: dict[str, Any], row: Rule
) -> None:
    play(row, make_registry(changes), APP)
