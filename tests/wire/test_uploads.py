"""Pushing blobs: monolithic, in one stream, and what a session answers."""

import re

from tests.wire.harness.contents import ABSENT, LAYER, LAYER_2, Content
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Expected, Rule, Step, delete, get, head, play, request, rule
from tests.wire.harness.steps import UPLOADS, begin, finish, patch, push_blob

SINGLE = "Pushing blobs, Single POST (end-4b)"
TWO_STEPS = "Pushing blobs, POST then PUT (end-4a, end-6)"
STREAM = "Pushing blobs in one stream (Docker)"
STATUS = "Pushing a blob in chunks, status (end-13)"
CANCEL = "Cancelling an upload (end-14)"
ALGORITHM = "Pushing blobs, digest-algorithm"

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SESSION = re.compile(r"(https?://[^/]+)?/v2/.+/blobs/uploads/[^/]+")
EMPTY_SESSION: dict[str, Expected] = {
    "Location": SESSION,
    "Range": "0-0",
    "Docker-Upload-UUID": UUID,
}
LARGE = Content(bytes(range(249)) * 20_011)
HOLE = Content(b"")


def done(digest: str) -> dict[str, str]:
    return {"Location": f"/v2/<name>/blobs/{digest}", "Docker-Content-Digest": digest}


def blob(digest: str = LAYER.digest, name: str = "<name>") -> str:
    return f"/v2/{name}/blobs/{digest}"


def post_whole(content: bytes, digest: str) -> Step:
    return request("POST", UPLOADS, content, {"digest": digest})


RULES = [
    rule(
        SINGLE,
        "one POST with the digest and the bytes answers 201 with a Location to pull from",
        post_whole(LAYER.payload, LAYER.digest).answers(201, present=done(LAYER.digest)),
        get("<location>").answers(200, body=LAYER.payload),
        head(blob()).answers(200),
    ),
    rule(
        SINGLE,
        "bytes of another digest are 400 DIGEST_INVALID, and nothing of them is visible",
        post_whole(LAYER_2.payload, LAYER.digest).answers(400, code="DIGEST_INVALID"),
        get(blob()).answers(404),
        get(blob(LAYER_2.digest)).answers(404),
        get("/v2/<name>/tags/list").answers(404, code="NAME_UNKNOWN"),
    ),
    rule(
        SINGLE,
        "a digest that cannot be read is 400 DIGEST_INVALID",
        post_whole(LAYER.payload, "sha256:12").answers(400, code="DIGEST_INVALID"),
        post_whole(LAYER.payload, "").answers(400, code="DIGEST_INVALID"),
        post_whole(LAYER.payload, f"sha384:{'0' * 96}").answers(
            400, code="DIGEST_INVALID", says=("sha256", "sha512")
        ),
    ),
    rule(
        SINGLE,
        "a sha512 digest, a blob of no bytes and one of megabytes are taken",
        post_whole(LAYER.payload, LAYER.sha512).answers(201, present=done(LAYER.sha512)),
        get(blob(LAYER.sha512)).answers(200, body=LAYER.payload),
        post_whole(b"", HOLE.digest).answers(201, present=done(HOLE.digest)),
        get(blob(HOLE.digest)).answers(200, body=b""),
        post_whole(LARGE.payload, LARGE.digest).answers(201, present=done(LARGE.digest)),
        get(blob(LARGE.digest)).answers(200, body=LARGE.payload),
    ),
    rule(
        SINGLE,
        "a digest that exists already is 201, and the stored bytes stay",
        push_blob(LAYER),
        post_whole(LAYER.payload, LAYER.digest).answers(201, present=done(LAYER.digest)),
        get(blob()).answers(200, body=LAYER.payload),
    ),
    rule(
        SINGLE,
        "the digest of a blob that exists, with other bytes, is still refused",
        push_blob(LAYER),
        post_whole(b"something else", LAYER.digest).answers(400, code="DIGEST_INVALID"),
        get(blob()).answers(200, body=LAYER.payload),
    ),
    rule(
        TWO_STEPS,
        "POST answers 202 with a Location, Range 0-0 and the session's UUID",
        request("POST", UPLOADS).answers(202, present=EMPTY_SESSION),
    ),
    rule(
        TWO_STEPS,
        "the path of POST may lack its last slash",
        request("POST", "/v2/<name>/blobs/uploads").answers(202, present=EMPTY_SESSION),
        finish(LAYER.digest, LAYER.payload).answers(201),
    ),
    rule(
        TWO_STEPS,
        "PUT with the digest and the bytes answers 201 with a Location to pull from",
        begin(),
        finish(LAYER.digest, LAYER.payload, content_type="application/octet-stream").answers(
            201, present=done(LAYER.digest)
        ),
        get("<location>").answers(200, body=LAYER.payload),
    ),
    rule(
        TWO_STEPS,
        "the Content-Type of bytes is not looked at",
        begin(),
        finish(LAYER.digest, LAYER.payload, content_type="application/json").answers(201),
        begin(),
        finish(LAYER_2.digest, LAYER_2.payload).answers(201),
    ),
    rule(
        TWO_STEPS,
        "a wrong digest is 400 DIGEST_INVALID, nothing of it is visible",
        begin(),
        finish(LAYER.digest, LAYER_2.payload).answers(400, code="DIGEST_INVALID"),
        get(blob()).answers(404),
        get(blob(LAYER_2.digest)).answers(404),
    ),
    rule(
        TWO_STEPS,
        "PUT without a digest, or with one that cannot be read, is 400 DIGEST_INVALID",
        begin(),
        request("PUT", "<location>", LAYER.payload).answers(400, code="DIGEST_INVALID"),
        begin(),
        finish("latest", LAYER.payload).answers(400, code="DIGEST_INVALID"),
        begin(),
        finish(f"sha1:{'0' * 40}").answers(400, code="DIGEST_INVALID"),
    ),
    rule(
        TWO_STEPS,
        "a session that is finished is gone, but for a client that did not hear it",
        begin(),
        finish(LAYER.digest, LAYER.payload).answers(201),
        *[
            request(method, f"{UPLOADS}<session>", None, {"digest": LAYER_2.digest}).answers(
                404, code="BLOB_UPLOAD_UNKNOWN"
            )
            for method in ("GET", "PATCH", "PUT", "DELETE")
        ],
        request("PUT", f"{UPLOADS}<session>", None, {"digest": LAYER.digest}).answers(
            201, present=done(LAYER.digest)
        ),
        request("PUT", f"{UPLOADS}<session>", LAYER.payload, {"digest": LAYER.digest}).answers(201),
    ),
    rule(
        STREAM,
        "PATCH without Content-Range appends, answering 202, Location and the inclusive Range",
        begin(),
        patch(LAYER.payload).answers(
            202,
            present={
                "Location": SESSION,
                "Range": f"0-{LAYER.size - 1}",
                "Docker-Upload-UUID": UUID,
            },
        ),
        finish(LAYER.digest).answers(201, present=done(LAYER.digest)),
        get(blob()).answers(200, body=LAYER.payload),
    ),
    rule(
        STREAM,
        "several PATCHes without Content-Range follow each other",
        begin(),
        patch(LAYER.payload[:1]).answers(202, present={"Range": "0-0"}),
        patch(LAYER.payload[1:700]).answers(202, present={"Range": "0-699"}),
        patch(b"").answers(202, present={"Range": "0-699"}),
        patch(LAYER.payload[700:]).answers(202),
        finish(LAYER.digest).answers(201),
        get(blob()).answers(200, body=LAYER.payload),
    ),
    rule(
        STREAM,
        "the last bytes may come with PUT",
        begin(),
        patch(LARGE.payload[:3_000_000]).answers(202, present={"Range": "0-2999999"}),
        finish(LARGE.digest, LARGE.payload[3_000_000:]).answers(201, present=done(LARGE.digest)),
        get(blob(LARGE.digest)).answers(200, body=LARGE.payload),
    ),
    rule(
        STREAM,
        "a blob of no bytes may come as a session",
        begin(),
        finish(HOLE.digest).answers(201),
        begin(),
        patch(b"").answers(202, present={"Range": "0-0"}),
        finish(HOLE.digest, b"").answers(201),
        get(blob(HOLE.digest)).answers(200, body=b""),
    ),
    rule(
        STREAM,
        "a session whose digest exists already is 201",
        push_blob(LAYER),
        begin(),
        patch(LAYER.payload).answers(202),
        finish(LAYER.digest).answers(201, present=done(LAYER.digest)),
    ),
    rule(
        STREAM,
        "a wrong digest after PATCH is 400 DIGEST_INVALID, nothing is visible, and all is over",
        begin(),
        patch(LAYER.payload).answers(202),
        finish(ABSENT.digest).answers(400, code="DIGEST_INVALID"),
        get("<location>").answers(404, code="BLOB_UPLOAD_UNKNOWN"),
        get(blob(ABSENT.digest)).answers(404),
        get(blob()).answers(404),
    ),
    rule(
        STREAM,
        "a Location may carry more parameters, which clients keep",
        begin(),
        request("PATCH", "<location>", LAYER.payload, {"unknown": "1"}).answers(202),
        request("PUT", "<location>", None, {"digest": LAYER.digest, "x": "y"}).answers(201),
    ),
    rule(
        STATUS,
        "GET on a session answers 204 with Location, Range and UUID, 0-0 when nothing has come",
        begin(),
        get("<location>").answers(204, present=EMPTY_SESSION),
        patch(LAYER.payload[:10]).answers(202),
        get("<location>").answers(
            204, present={"Location": SESSION, "Range": "0-9", "Docker-Upload-UUID": UUID}
        ),
        head("<location>").answers(204, present={"Range": "0-9"}),
        patch(LAYER.payload[10:]).answers(202),
        finish(LAYER.digest).answers(201),
    ),
    rule(
        STATUS,
        "a session that never was is 404 BLOB_UPLOAD_UNKNOWN, for every method",
        push_blob(LAYER),
        *[
            request(method, f"{UPLOADS}{session}", None, {"digest": LAYER.digest}).answers(
                404, code="BLOB_UPLOAD_UNKNOWN"
            )
            for method in ("GET", "PATCH", "PUT", "DELETE")
            for session in ("no-such-session", "5f3c8f0e-6c1a-4f4e-9a53-000000000000")
        ],
    ),
    rule(
        STATUS,
        "a session is bound to its repository: through another one it is 404",
        push_blob(LAYER_2, name="<other>"),
        begin(),
        patch(LAYER.payload).answers(202),
        *[
            request(method, "/v2/<other>/blobs/uploads/<session>", None, query).answers(
                404, code="BLOB_UPLOAD_UNKNOWN"
            )
            for method, query in (
                ("GET", None),
                ("PATCH", None),
                ("PUT", {"digest": LAYER.digest}),
                ("DELETE", None),
            )
        ],
        get("<location>").answers(204, present={"Range": f"0-{LAYER.size - 1}"}),
        finish(LAYER.digest).answers(201),
        get(blob(name="<other>")).answers(404),
    ),
    rule(
        CANCEL,
        "DELETE on a session answers 204, then 404, and nothing of it is visible",
        begin(),
        patch(LAYER.payload).answers(202),
        delete("<location>").answers(204),
        delete("<location>").answers(404, code="BLOB_UPLOAD_UNKNOWN"),
        get("<location>").answers(404, code="BLOB_UPLOAD_UNKNOWN"),
        get(blob()).answers(404),
    ),
    rule(
        ALGORITHM,
        "POST with digest-algorithm=sha512 begins a session that ends with a sha512 digest",
        begin({"digest-algorithm": "sha512"}),
        patch(LAYER.payload[:100]).answers(202),
        patch(LAYER.payload[100:]).answers(202),
        finish(LAYER.sha512).answers(201, present=done(LAYER.sha512)),
        get(blob(LAYER.sha512)).answers(200, body=LAYER.payload),
    ),
    rule(
        ALGORITHM,
        "a session ends with the digest of either algorithm, whatever was announced",
        begin(),
        patch(LAYER.payload).answers(202),
        finish(LAYER.sha512).answers(201, present=done(LAYER.sha512)),
        begin({"digest-algorithm": "sha512"}),
        patch(LAYER.payload).answers(202),
        finish(LAYER.digest).answers(201, present=done(LAYER.digest)),
        get(blob()).answers(200, body=LAYER.payload),
    ),
    rule(
        ALGORITHM,
        "an algorithm that is not supported is 400 DIGEST_INVALID naming those that are",
        request("POST", UPLOADS, None, {"digest-algorithm": "blake3"}).answers(
            400, code="DIGEST_INVALID", says=("sha256", "sha512")
        ),
    ),
    rule(
        "Pushing blobs, Entrepot's decision",
        "beginning an upload makes no repository; finishing it does",
        begin(),
        get("/v2/<name>/tags/list").answers(404, code="NAME_UNKNOWN"),
        finish(LAYER.digest, LAYER.payload).answers(201),
        get("/v2/<name>/tags/list").answers(200, says=('"tags":[]',)),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
