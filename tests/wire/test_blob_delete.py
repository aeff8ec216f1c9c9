"""Deleting blobs."""

from tests.wire.harness.contents import ABSENT, CONFIG, IMAGE, IMAGE_2, LAYER, LAYER_2
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, delete, get, head, play, rule
from tests.wire.harness.steps import full_base, push_blob, push_manifest, put_manifest

DELETING = "Deleting Blobs (end-10)"
DECISION = "Deleting Blobs (end-10), Entrepot's decision"
BLOB = f"/v2/<name>/blobs/{LAYER.digest}"

RULES = [
    rule(
        DELETING,
        "DELETE answers 202, and the repository has the blob no more",
        full_base(),
        delete(BLOB).answers(202),
        get(BLOB).answers(404, code="BLOB_UNKNOWN"),
        head(BLOB).answers(404),
        delete(BLOB).answers(404, code="BLOB_UNKNOWN"),
    ),
    rule(
        DELETING,
        "a blob that is not there is 404 BLOB_UNKNOWN, a malformed digest 400",
        full_base(),
        delete(f"/v2/<name>/blobs/{ABSENT.digest}").answers(404, code="BLOB_UNKNOWN"),
        delete("/v2/<name>/blobs/sha256:0").answers(400, code="DIGEST_INVALID"),
        delete(f"/v2/<other>/blobs/{LAYER.digest}").answers(404),
    ),
    rule(
        DELETING,
        "other repositories keep theirs",
        full_base(),
        full_base("<other>"),
        delete(BLOB).answers(202),
        get(f"/v2/<other>/blobs/{LAYER.digest}").answers(200, body=LAYER.payload),
    ),
    rule(
        DELETING,
        "a blob that was deleted can be pushed again",
        full_base(),
        delete(BLOB).answers(202),
        push_blob(LAYER),
        get(BLOB).answers(200, body=LAYER.payload),
    ),
    rule(
        DELETING,
        "a manifest that needs it is refused afterwards",
        full_base(),
        delete(BLOB).answers(202),
        put_manifest(IMAGE, "v1").answers(400, code="MANIFEST_BLOB_UNKNOWN", says=(LAYER.digest,)),
    ),
    rule(
        DECISION,
        "a blob that a manifest of the repository refers to is not deleted: 405, and it stays",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "v2"),
        delete(BLOB).answers(405, code="UNSUPPORTED", says=(IMAGE.digest,)),
        delete(f"/v2/<name>/blobs/{CONFIG.digest}").answers(405, code="UNSUPPORTED"),
        get(BLOB).answers(200, body=LAYER.payload),
    ),
    rule(
        DECISION,
        "it can be deleted once no manifest of the repository refers to it",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "v2"),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        delete(BLOB).answers(202),
        delete(f"/v2/<name>/blobs/{CONFIG.digest}").answers(405, code="UNSUPPORTED"),
        delete(f"/v2/<name>/blobs/{LAYER_2.digest}").answers(405, code="UNSUPPORTED"),
    ),
    rule(
        DECISION,
        "a manifest of another repository does not hold it",
        full_base(),
        full_base("<other>"),
        push_manifest(IMAGE, "v1", "<other>"),
        delete(BLOB).answers(202),
        get("/v2/<other>/manifests/v1").answers(200, body=IMAGE.payload),
        get(f"/v2/<other>/blobs/{LAYER.digest}").answers(200, body=LAYER.payload),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
