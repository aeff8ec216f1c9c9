"""What every answer under /v2/ must be, whatever was asked."""

import json

from tests.wire.harness.exchange import Reply, Request

SPECIFIED = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
}
KNOWN_TO_DOCKER = {
    "TAG_INVALID",
    "RANGE_INVALID",
    "PAGINATION_NUMBER_INVALID",
    "UNKNOWN",
    "UNAVAILABLE",
}
CODES = SPECIFIED | KNOWN_TO_DOCKER
REPEATED = {"link", "oci-tag"}
WITHOUT_BODY = {204, 304}


def check_every_answer(request: Request, reply: Reply, told: str) -> None:
    """Hold an answer against the rules that know no exception."""
    assert reply.status < 500, f"a 5xx is a bug: {told}"
    assert b"Traceback" not in reply.body, told
    assert reply.header("Docker-Distribution-API-Version") == "registry/2.0", told
    assert reply.header("X-Content-Type-Options") == "nosniff", told
    names = [name for name, _ in reply.headers if name not in REPEATED]
    assert len(names) == len(set(names)), f"a header twice: {told}"
    if reply.status in WITHOUT_BODY:
        # RFC 9110 section 8.6: a length would be that of a body which another answer has.
        assert reply.header("Content-Length") is None, told
    if request.method == "HEAD" or reply.status in WITHOUT_BODY:
        assert reply.body == b"", f"a body where none may be: {told}"
        return
    if reply.status >= 400:
        check_error_body(reply, told)


def check_error_body(reply: Reply, told: str) -> None:
    """Hold an error against the form that the specification gives (Error Codes)."""
    content_type = reply.header("Content-Type") or ""
    assert content_type.partition(";")[0] == "application/json", f"an error is JSON: {told}"
    document = json.loads(reply.body)
    assert set(document) == {"errors"}, told
    assert document["errors"], f"an error without an error: {told}"
    for error in document["errors"]:
        assert {"code", "message"} <= set(error) <= {"code", "message", "detail"}, told
        assert error["code"] in CODES, f"no code of the table: {told}"
        assert isinstance(error["message"], str), told
        assert error["message"], f"an error that says nothing: {told}"
