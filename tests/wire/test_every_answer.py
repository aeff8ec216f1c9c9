"""What holds for every answer: the version check, methods, headers, errors."""

from collections.abc import Callable

import pytest

from tests.wire.harness.contents import IMAGE, LAYER
from tests.wire.harness.exchange import Reply, Request, Transport
from tests.wire.harness.rules import Rule, Step, get, head, play, request, rule
from tests.wire.harness.steps import base, begin, finish, push_manifest

VERSION = "API Version Check (end-1)"
METHODS = "RFC 9110 section 15.5.6"
ERRORS = "Error Codes"

ROUTES = {
    "/v2/": "GET, HEAD",
    "/v2/_catalog": "GET, HEAD",
    "/v2/<name>/tags/list": "GET, HEAD",
    f"/v2/<name>/referrers/{IMAGE.digest}": "GET, HEAD",
    "/v2/<name>/manifests/v1": "DELETE, GET, HEAD, PUT",
    f"/v2/<name>/blobs/{LAYER.digest}": "DELETE, GET, HEAD",
    "/v2/<name>/blobs/uploads/": "POST",
    "/v2/<name>/blobs/uploads/some-session": "DELETE, GET, HEAD, PATCH, PUT",
}
METHODS_TRIED = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


def unsupported(target: str, allowed: str) -> list[Step]:
    """Every other method is 405, and Allow names those that there are."""
    wanted = set(METHODS_TRIED) - set(allowed.split(", "))
    return [
        request(method, target).answers(405, code="UNSUPPORTED", check=allows(allowed))
        for method in sorted(wanted)
    ]


def allows(methods: str) -> Callable[[Reply], None]:
    return lambda reply: _allows(reply.header("Allow"), set(methods.split(", ")))


def _allows(value: str | None, methods: set[str]) -> None:
    assert value is not None
    assert {part.strip() for part in value.split(",")} == {*methods, "OPTIONS"}


RULES = [
    rule(
        VERSION,
        "GET /v2/ answers 200 with the version of the API",
        get("/v2/").answers(
            200, present={"Docker-Distribution-API-Version": "registry/2.0"}, body=b"{}"
        ),
        head("/v2/").answers(200),
    ),
    rule(
        VERSION,
        "/v2 without its slash leads there",
        get("/v2").answers(301, present={"Location": "/v2/"}),
    ),
    rule(
        "Docker Registry, /",
        "the root answers 200 without a body, for load balancers; nothing else is outside of /v2/",
        get("/").answers(200, body=b""),
        head("/").answers(200),
        get("/index.html").answers(404),
        get("/v1/_ping").answers(404),
        get("/metrics").answers(404),
    ),
    *[
        rule(METHODS, f"{target} has no other methods than {allowed}", unsupported(target, allowed))
        for target, allowed in ROUTES.items()
    ],
    rule(
        "RFC 9110 section 9.3.7",
        "OPTIONS answers 200 with Allow and no body, whether anything is there or not",
        *[
            request("OPTIONS", target).answers(
                200,
                body=b"",
                check=allows(allowed),
            )
            for target, allowed in ROUTES.items()
        ],
        request("OPTIONS", "/").answers(200),
        request("OPTIONS", "/v2/nothing").answers(404),
    ),
    rule(
        ERRORS,
        "an error has code and message, and may have a detail",
        get("/v2/<name>/manifests/v1").answers(404, says=('{"errors":[{"code":"',)),
    ),
    rule(
        "RFC 9110 section 9.3.2",
        "HEAD answers errors with the status of GET and no body",
        head("/v2/<name>/tags/list").answers(404),
        head("/v2/NAME/tags/list").answers(400),
        head("/v2/<name>/manifests/v1").answers(404),
        head(f"/v2/<name>/blobs/{LAYER.digest}").answers(404),
        head("/v2/nothing").answers(404),
    ),
    rule(
        "every answer",
        "many errors on one connection leave it in order",
        *[get("/v2/<name>/manifests/v1").answers(404) for _ in range(10)],
        request("PUT", "/v2/<name>/manifests/-bad", IMAGE.payload).answers(400),
        get("/v2/").answers(200),
        request("PATCH", "/v2/<name>/blobs/uploads/none", LAYER.payload).answers(404),
        get("/v2/").answers(200),
        request("POST", "/v2/", LAYER.payload).answers(405),
        get("/v2/").answers(200),
    ),
    rule(
        "RFC 9110 section 9.3.1",
        "a body that comes with a GET is not looked at",
        request("GET", "/v2/", b"unexpected").answers(200),
        base(),
        push_manifest(IMAGE, "v1"),
        request("GET", "/v2/<name>/manifests/v1", b"unexpected").answers(200, body=IMAGE.payload),
        get("/v2/").answers(200),
    ),
    rule(
        "Pushing blobs",
        "a POST with a body but no digest begins an upload",
        request("POST", "/v2/<name>/blobs/uploads/", b"").answers(202),
        begin(),
        finish(LAYER.digest, LAYER.payload).answers(201),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)


PAIRS = [
    "/v2/",
    "/v2/<name>/manifests/v1",
    "/v2/<name>/manifests/unknown",
    "/v2/<name>/manifests/-bad",
    f"/v2/<name>/manifests/{IMAGE.digest}",
    f"/v2/<name>/blobs/{LAYER.digest}",
    f"/v2/<name>/blobs/sha256:{'0' * 64}",
    "/v2/<name>/tags/list",
    "/v2/<name>/tags/list?n=x",
    f"/v2/<name>/referrers/{IMAGE.digest}",
    "/v2/<name>/referrers/x",
    "/v2/BAD/tags/list",
    "/v2/no/such/route",
]
OF_THE_MOMENT = {"date", "x-request-id"}
LEFT_OUT_OF_HEAD = {"content-length", "transfer-encoding"}


@pytest.mark.parametrize("target", PAIRS)
def test_head_has_the_headers_of_get(
    transport: Transport, names: dict[str, str], target: str
) -> None:
    play(rule("", "push", base(), push_manifest(IMAGE, "v1")), transport, names)
    path = target.replace("<name>", names["name"])
    of_get = transport.send(Request("GET", path))
    of_head = transport.send(Request("HEAD", path))
    assert of_head.status == of_get.status
    assert of_head.body == b""
    ignored = OF_THE_MOMENT | LEFT_OUT_OF_HEAD
    assert {pair for pair in of_head.headers if pair[0] not in ignored} == {
        pair for pair in of_get.headers if pair[0] not in ignored
    }
    if of_head.header("Content-Length") is not None:
        assert of_head.header("Content-Length") == str(len(of_get.body))
