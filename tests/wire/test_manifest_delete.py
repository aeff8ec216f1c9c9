"""Deleting tags and manifests."""

from tests.wire.harness.contents import (
    ABSENT_IMAGE,
    IMAGE,
    IMAGE_2,
    INDEX,
    Content,
    artifact,
)
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, Step, delete, get, head, play, rule
from tests.wire.harness.steps import full_base, push_manifest, put_manifest

TAGS = "Deleting tags (end-9)"
MANIFESTS = "Deleting Manifests (end-9)"
SBOM: Content = artifact("application/vnd.example.sbom", IMAGE)


def two_tags() -> list[Step]:
    return [*full_base(), push_manifest(IMAGE, "v1"), push_manifest(IMAGE, "v2")]


RULES = [
    rule(
        TAGS,
        "DELETE by tag answers 202 and takes that tag alone away",
        two_tags(),
        delete("/v2/<name>/manifests/v1").answers(202),
        get("/v2/<name>/manifests/v1").answers(404, code="MANIFEST_UNKNOWN"),
        head("/v2/<name>/manifests/v1").answers(404),
        get("/v2/<name>/manifests/v2").answers(200, body=IMAGE.payload),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(200, body=IMAGE.payload),
        get("/v2/<name>/tags/list").answers(200, says=('"tags":["v2"]',)),
    ),
    rule(
        TAGS,
        "a tag that is not there is 404 MANIFEST_UNKNOWN",
        two_tags(),
        delete("/v2/<name>/manifests/v3").answers(404, code="MANIFEST_UNKNOWN"),
        delete("/v2/<name>/manifests/v1").answers(202),
        delete("/v2/<name>/manifests/v1").answers(404, code="MANIFEST_UNKNOWN"),
    ),
    rule(
        TAGS,
        "a tag that was deleted can be pushed again",
        two_tags(),
        delete("/v2/<name>/manifests/v1").answers(202),
        push_manifest(IMAGE_2, "v1"),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE_2.payload),
    ),
    rule(
        MANIFESTS,
        "DELETE by digest answers 202 and takes the manifest and every tag on it away",
        two_tags(),
        push_manifest(IMAGE_2, "v3"),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404, code="MANIFEST_UNKNOWN"),
        get("/v2/<name>/manifests/v1").answers(404, code="MANIFEST_UNKNOWN"),
        get("/v2/<name>/manifests/v2").answers(404, code="MANIFEST_UNKNOWN"),
        get("/v2/<name>/tags/list").answers(200, says=('"tags":["v3"]',)),
    ),
    rule(
        MANIFESTS,
        "a manifest that is not there is 404 MANIFEST_UNKNOWN",
        two_tags(),
        delete(f"/v2/<name>/manifests/{ABSENT_IMAGE.digest}").answers(404, code="MANIFEST_UNKNOWN"),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404, code="MANIFEST_UNKNOWN"),
    ),
    rule(
        MANIFESTS,
        "an unknown repository is 404, and asking does not make it",
        delete("/v2/<name>/manifests/v1").answers(404),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404),
        get("/v2/<name>/tags/list").answers(404, code="NAME_UNKNOWN"),
    ),
    rule(
        MANIFESTS,
        "a reference that is neither tag nor digest is refused",
        delete("/v2/<name>/manifests/-v1").answers(400, code="TAG_INVALID"),
        delete("/v2/<name>/manifests/sha256:0").answers(400, code="DIGEST_INVALID"),
    ),
    rule(
        MANIFESTS,
        "deleting a manifest in one repository leaves it in every other",
        two_tags(),
        full_base("<other>"),
        push_manifest(IMAGE, "v1", "<other>"),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        get("/v2/<other>/manifests/v1").answers(200, body=IMAGE.payload),
    ),
    rule(
        MANIFESTS,
        "a manifest that was deleted can be pushed again while its blobs are there",
        two_tags(),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        put_manifest(IMAGE, "v1").answers(201),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        get("/v2/<name>/manifests/v2").answers(404),
    ),
    rule(
        MANIFESTS,
        "deleting a referrer takes it out of its subject's list",
        two_tags(),
        push_manifest(SBOM),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(200, says=(SBOM.digest,)),
        delete(f"/v2/<name>/manifests/{SBOM.digest}").answers(202),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(200, says=('"manifests":[]',)),
    ),
    rule(
        MANIFESTS,
        "deleting a subject leaves what refers to it, and the list of it",
        two_tags(),
        push_manifest(SBOM),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        get(f"/v2/<name>/manifests/{SBOM.digest}").answers(200, body=SBOM.payload),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(200, says=(SBOM.digest,)),
    ),
    rule(
        MANIFESTS,
        "deleting an index leaves its children",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2),
        push_manifest(INDEX, "index"),
        delete(f"/v2/<name>/manifests/{INDEX.digest}").answers(202),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        get(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(200, body=IMAGE_2.payload),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
