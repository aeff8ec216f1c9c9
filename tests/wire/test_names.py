"""Names of repositories, and paths that look like routes."""

from tests.wire.harness.contents import IMAGE, LAYER
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, Step, get, head, play, request, rule
from tests.wire.harness.steps import base, push_manifest

NAMES = "Pulling manifests, <name>"
ROUTES = "API, Endpoints"

LIKE_ROUTES = (
    "a/tags/list",
    "x/manifests/y",
    "v2",
    "v2/v2",
    "blobs/uploads",
    "blobs",
    "uploads",
    "manifests/latest",
    "tags/list",
    "x/blobs/uploads/y",
    "referrers/z",
    "catalog",
    "a/manifests",
    "debug/health",
)
GOOD = ("a", "0", "a__b", "a-----b", "a.b_c-d/e", "/".join("a" * 60))
BAD = (
    "A",
    "-a",
    "a-",
    ".a",
    "a.",
    "_a",
    "a_",
    "a..b",
    "a___b",
    "a.-b",
    "a%20b",
    "a:b",
    "a@b",
    "%C3%A4",
    "a+b",
    "a,b",
    "_catalog",
    "a/./b",
    "a/../b",
    "%2e%2e/a",
    "a%00b",
    "a%0d%0ab",
    "a%5Cb",
)


def whole_life(name: str) -> list[Step]:
    """Push, pull, list and look up under a name."""
    return [
        *base(name),
        push_manifest(IMAGE, "latest", name),
        get(f"/v2/{name}/manifests/latest").answers(200, body=IMAGE.payload),
        head(f"/v2/{name}/blobs/{LAYER.digest}").answers(200),
        get(f"/v2/{name}/blobs/{LAYER.digest}").answers(200, body=LAYER.payload),
        get(f"/v2/{name}/tags/list").answers(200, says=(f'"name":"{name}"', '"latest"')),
        get(f"/v2/{name}/referrers/{IMAGE.digest}").answers(200),
        request("POST", f"/v2/{name}/blobs/uploads/").answers(202),
        get("<location>").answers(204),
        request("DELETE", "<location>").answers(204),
    ]


def refused(name: str) -> list[Step]:
    """Each route refuses the name, in the form of an error."""
    return [
        step.answers(400, 404)
        for step in (
            get(f"/v2/{name}/manifests/latest"),
            head(f"/v2/{name}/manifests/latest"),
            get(f"/v2/{name}/tags/list"),
            get(f"/v2/{name}/blobs/{LAYER.digest}"),
            request("POST", f"/v2/{name}/blobs/uploads/"),
            request("PUT", f"/v2/{name}/manifests/v1", IMAGE.payload),
        )
    ]


RULES = [
    *[
        rule(
            ROUTES,
            f"a repository may be named {name}: routes are matched from the right",
            whole_life(f"<name>/{name}"),
        )
        for name in LIKE_ROUTES
    ],
    *[rule(NAMES, f"{name[:20]!r} is a name", whole_life(f"<name>/{name}")) for name in GOOD],
    *[rule(NAMES, f"{name!r} is no name", refused(name)) for name in BAD],
    rule(
        NAMES,
        "a name that breaks the grammar is 400 NAME_INVALID",
        get("/v2/UPPER/manifests/latest").answers(400, code="NAME_INVALID"),
        get("/v2/a/B/tags/list").answers(400, code="NAME_INVALID"),
        get(f"/v2/a_/blobs/{LAYER.digest}").answers(400, code="NAME_INVALID"),
        request("POST", "/v2/-a/blobs/uploads/").answers(400, code="NAME_INVALID"),
        head("/v2/UPPER/manifests/latest").answers(400),
    ),
    rule(
        "Docker Registry HTTP API V2, Overview",
        "a name has at most 255 characters",
        get(f"/v2/{'a' * 256}/manifests/latest").answers(400, code="NAME_INVALID"),
        get(f"/v2/{'a' * 255}/manifests/latest").answers(404),
        request("POST", f"/v2/{'a/' * 127}a/blobs/uploads/").answers(202),
        request("POST", f"/v2/{'a/' * 128}a/blobs/uploads/").answers(400, code="NAME_INVALID"),
    ),
    rule(
        ROUTES,
        "a repository named like a part of a route is not mistaken for it",
        base("<name>/blobs/uploads"),
        push_manifest(IMAGE, "uploads", "<name>/blobs/uploads"),
        get("/v2/<name>/tags/list").answers(404, code="NAME_UNKNOWN"),
        get("/v2/<name>/blobs/uploads/manifests/uploads").answers(200, body=IMAGE.payload),
    ),
    rule(
        ROUTES,
        "a path that no route has is 404 in the form of an error",
        *[
            get(path).answers(404)
            for path in (
                "/v2/<name>",
                "/v2/<name>/",
                "/v2/<name>/manifests",
                "/v2/<name>/tags",
                "/v2/<name>/tags/other",
                "/v2/<name>/uploads/x",
                "/v2/<name>/list",
                "/v2/<name>/blobs",
                "/v2/_catalog/x",
                f"/v2/{'a' * 3000}",
            )
        ],
    ),
    rule(
        "Docker Registry, redirects",
        "slashes too many lead to the path without them, whatever the method; the query is kept",
        *[
            request(method, path).answers(301, present={"Location": location})
            for method, path, location in (
                ("GET", "/v2//", "/v2/"),
                ("GET", "//v2/", "/v2/"),
                ("GET", "//v2//_catalog?n=1&last=a", "/v2/_catalog?n=1&last=a"),
                ("GET", "/v2/_catalog/", "/v2/_catalog"),
                ("GET", "/v2/_catalog/?n=1", "/v2/_catalog?n=1"),
                ("HEAD", "/v2/a//b/tags/list", "/v2/a/b/tags/list"),
                ("GET", "/v2/a%2F%2Fb/tags/list", "/v2/a/b/tags/list"),
                ("GET", "/v2/a/tags/list/", "/v2/a/tags/list"),
                ("PUT", "/v2/a/manifests/v1/", "/v2/a/manifests/v1"),
                ("GET", "/v2/a/manifests/manifests/", "/v2/a/manifests/manifests"),
                ("DELETE", f"/v2/a/blobs/{LAYER.digest}/", f"/v2/a/blobs/{LAYER.digest}"),
                ("GET", f"/v2/a/referrers/{LAYER.digest}/", f"/v2/a/referrers/{LAYER.digest}"),
                ("POST", "/v2//a/blobs/uploads/", "/v2/a/blobs/uploads/"),
                ("PATCH", "/v2/a/blobs/uploads/none/", "/v2/a/blobs/uploads/none"),
                ("GET", "//evil.example//x", "/evil.example/x"),
                ("GET", "/v2//%0d%0aX-Bad:1/tags/list", "/v2/%0D%0AX-Bad:1/tags/list"),
            )
        ],
        get("/v2/<name>/manifests/").answers(400),
        request("POST", "/v2/<name>/blobs/uploads").answers(202),
    ),
    rule(
        ROUTES,
        "a route without a name is 400 NAME_INVALID",
        get("/v2/tags/list").answers(400, code="NAME_INVALID"),
        get("/v2/manifests/latest").answers(400, code="NAME_INVALID"),
        request("POST", "/v2/blobs/uploads/").answers(400, code="NAME_INVALID"),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
