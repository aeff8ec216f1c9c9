"""Mounting a blob from another repository."""

from tests.wire.harness.contents import ABSENT, CONFIG, IMAGE, LAYER, Content
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, Step, delete, get, head, play, request, rule
from tests.wire.harness.steps import UPLOADS, base, finish, push_blob, push_manifest
from tests.wire.test_uploads import EMPTY_SESSION

MOUNT = "Mounting a blob from another repository (end-11)"
BLOB = f"/v2/<name>/blobs/{LAYER.digest}"
MOUNTED = {"Location": BLOB, "Docker-Content-Digest": LAYER.digest}
# Pushed nowhere else, so that a mount that names no repository cannot find it elsewhere.
SECRET = Content(b"in no other repository")


def mount(query: dict[str, str]) -> Step:
    return request("POST", UPLOADS, None, query)


RULES = [
    rule(
        MOUNT,
        "a mount from a repository that has the blob answers 201 with a Location to pull from",
        push_blob(LAYER, name="<other>"),
        get(BLOB).answers(404),
        mount({"mount": LAYER.digest, "from": "<other>"}).answers(201, present=MOUNTED),
        get("<location>").answers(200, body=LAYER.payload),
        head(BLOB).answers(200),
    ),
    rule(
        MOUNT,
        "a mount without from takes it from any repository that the caller may read",
        push_blob(LAYER, name="<other>"),
        mount({"mount": LAYER.digest}).answers(201, present=MOUNTED),
        get(BLOB).answers(200, body=LAYER.payload),
    ),
    rule(
        MOUNT,
        "a mount of a blob that the repository has already is 201",
        push_blob(LAYER),
        mount({"mount": LAYER.digest, "from": "<name>"}).answers(201, present=MOUNTED),
    ),
    rule(
        MOUNT,
        "a blob that is nowhere falls back to 202 and a session that works",
        push_blob(LAYER, name="<other>"),
        mount({"mount": ABSENT.digest, "from": "<other>"}).answers(202, present=EMPTY_SESSION),
        mount({"mount": ABSENT.digest}).answers(202, present=EMPTY_SESSION),
        finish(LAYER.digest, LAYER.payload).answers(201),
    ),
    rule(
        MOUNT,
        "a repository that is not there, or whose name cannot be read, falls back to 202",
        mount({"mount": SECRET.digest, "from": "no/such"}).answers(202, present=EMPTY_SESSION),
        mount({"mount": SECRET.digest, "from": "NOT a name"}).answers(202, present=EMPTY_SESSION),
        mount({"mount": SECRET.digest, "from": ""}).answers(202, present=EMPTY_SESSION),
    ),
    rule(
        MOUNT,
        "a digest that cannot be read falls back to 202",
        mount({"mount": "nonsense", "from": "<other>"}).answers(202, present=EMPTY_SESSION),
    ),
    rule(
        MOUNT,
        "from without mount begins an upload",
        mount({"from": "<other>"}).answers(202, present=EMPTY_SESSION),
    ),
    rule(
        MOUNT,
        "a mount makes the blob the repository's own: it outlives that of the other",
        push_blob(LAYER, name="<other>"),
        mount({"mount": LAYER.digest, "from": "<other>"}).answers(201),
        delete(f"/v2/<other>/blobs/{LAYER.digest}").answers(202),
        get(BLOB).answers(200, body=LAYER.payload),
    ),
    rule(
        MOUNT,
        "an image can be copied to another repository by mounts alone",
        base("<other>"),
        push_manifest(IMAGE, "v1", "<other>"),
        *[
            mount({"mount": digest, "from": "<other>"}).answers(201)
            for digest in (LAYER.digest, CONFIG.digest)
        ],
        push_manifest(IMAGE, "v1"),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
