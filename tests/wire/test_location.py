"""What Location says: scheme, host and prefix as the client sees the registry."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.wire.conftest import MakeRegistry
from tests.wire.harness.contents import CONFIG, IMAGE, LAYER, LAYER_2
from tests.wire.harness.exchange import Reply, Request
from tests.wire.harness.in_process import InProcess
from tests.wire.harness.rules import path_of, play, rule
from tests.wire.harness.steps import base, push_manifest

PROXY = "10.1.2.3"
STRANGER = "203.0.113.9"


@dataclass(frozen=True)
class Case:
    """A sentence, a configuration, a request, and what Location begins with."""

    sentence: str
    begins: str
    http: dict[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    peer: str = PROXY

    def __str__(self) -> str:
        return self.sentence


HOST = ("Host", "registry.example.com:5000")
PROTO = ("X-Forwarded-Proto", "https")
FORWARDED_HOST = ("X-Forwarded-Host", "hub.example.org")

CASES = [
    Case("the Host of the request is taken", "http://registry.example.com:5000/v2/", {}, (HOST,)),
    Case(
        "http.host is taken whatever the request says",
        "https://hub.example.org/v2/",
        {"host": "https://hub.example.org"},
        (HOST, PROTO, ("X-Forwarded-Host", "other")),
    ),
    Case(
        "a slash at the end of http.host makes no second one",
        "https://hub.example.org/v2/",
        {"host": "https://hub.example.org/"},
        (HOST,),
    ),
    Case(
        "http.host may have a port",
        "http://hub.example.org:8443/v2/",
        {"host": "http://hub.example.org:8443"},
        (HOST,),
    ),
    Case(
        "http.relativeurls leaves out scheme and host",
        "/v2/",
        {"relativeurls": True},
        (HOST, PROTO),
    ),
    Case(
        "http.prefix stands before v2",
        "http://registry.example.com:5000/hub/v2/",
        {"prefix": "/hub/"},
        (HOST,),
    ),
    Case(
        "http.prefix holds for relative ones",
        "/hub/v2/",
        {"prefix": "/hub/", "relativeurls": True},
        (HOST,),
    ),
    Case(
        "X-Forwarded-Proto of a trusted proxy decides the scheme",
        "https://registry.example.com:5000/v2/",
        {},
        (HOST, PROTO),
    ),
    Case(
        "X-Forwarded-Host of a trusted proxy decides the host",
        "https://hub.example.org/v2/",
        {},
        (HOST, PROTO, FORWARDED_HOST),
    ),
    Case(
        "of several values the first is what the client saw",
        "https://hub.example.org/v2/",
        {},
        (
            HOST,
            ("X-Forwarded-Proto", "https, http"),
            ("X-Forwarded-Host", "hub.example.org, inner"),
        ),
    ),
    Case(
        "Forwarded (RFC 7239) of a trusted proxy decides both",
        "https://hub.example.org/v2/",
        {},
        (HOST, ("Forwarded", 'for=192.0.2.60;proto=https;host="hub.example.org"')),
    ),
    Case(
        "Forwarded goes before X-Forwarded-*",
        "https://hub.example.org/v2/",
        {},
        (
            HOST,
            ("Forwarded", "proto=https;host=hub.example.org, for=10.0.0.1"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", "other.example.org"),
        ),
    ),
    Case(
        "of a header on several lines the first value counts",
        "https://hub.example.org/v2/",
        {},
        (HOST, PROTO, FORWARDED_HOST, ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "inner")),
    ),
    Case(
        "so it does of Forwarded",
        "https://hub.example.org/v2/",
        {},
        (
            HOST,
            ("Forwarded", "proto=https;host=hub.example.org"),
            ("Forwarded", "proto=http;host=inner"),
        ),
    ),
    Case(
        "an untrusted peer's headers are not believed",
        "http://registry.example.com:5000/v2/",
        {},
        (HOST, PROTO, FORWARDED_HOST, ("Forwarded", "proto=https;host=evil.example")),
        STRANGER,
    ),
    Case(
        "http.trustedproxies names who is trusted",
        "https://hub.example.org/v2/",
        {"trustedproxies": ["203.0.113.0/24"]},
        (HOST, PROTO, FORWARDED_HOST),
        STRANGER,
    ),
    Case(
        "and who is not",
        "http://registry.example.com:5000/v2/",
        {"trustedproxies": ["203.0.113.0/24"]},
        (HOST, PROTO, FORWARDED_HOST),
    ),
    Case(
        "a scheme that is none is not believed",
        "http://registry.example.com:5000/v2/",
        {},
        (HOST, ("X-Forwarded-Proto", "gopher")),
    ),
    Case(
        "a host that is none is not believed",
        "http://registry.example.com:5000/v2/",
        {},
        (HOST, ("X-Forwarded-Host", "evil/path?x=")),
    ),
    Case("a Host that is none gives a relative Location", "/v2/", {}, (("Host", "a b<>"),)),
    Case(
        "a Host with an IPv6 address is taken",
        "http://[2001:db8::1]:5000/v2/",
        {},
        (("Host", "[2001:db8::1]:5000"),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_location_begins_with_what_the_client_sees(make_registry: MakeRegistry, case: Case) -> None:
    registry = make_registry({"http": case.http})
    prefix = case.http.get("prefix", "/")

    def send(method: str, path: str, body: bytes | None = None, media_type: str = "") -> Reply:
        headers = (*case.headers, *((("Content-Type", media_type),) if media_type else ()))
        reply = registry.send(Request(method, prefix + path, headers, body), case.peer)
        assert reply.status in {201, 202, 204, 416}, reply.told()
        return reply

    begun = send("POST", "v2/team/app/blobs/uploads/")
    session = path_of(begun.header("Location") or "").removeprefix(prefix)
    answers = [
        begun,
        send("PATCH", session, LAYER_2.payload),
        send("GET", session),
        send("PUT", f"{session}?digest={LAYER_2.digest}"),
        *(
            send("POST", f"v2/team/app/blobs/uploads/?digest={digest}", content)
            for digest, content in (
                (LAYER.digest, LAYER.payload),
                (CONFIG.digest, CONFIG.payload),
            )
        ),
        send("POST", f"v2/other/blobs/uploads/?mount={LAYER.digest}&from=team/app"),
        send("PUT", "v2/team/app/manifests/v1", IMAGE.payload, IMAGE.media_type),
    ]
    for answer in answers:
        location = answer.header("Location") or ""
        assert location.startswith(case.begins), answer.told()


@pytest.mark.parametrize("prefix", ["/hub/", "/a/b/c/"])
def test_a_registry_with_a_prefix_is_only_there(make_registry: MakeRegistry, prefix: str) -> None:
    registry = make_registry({"http": {"prefix": prefix}})
    assert registry.send(Request("GET", f"{prefix}v2/")).status == 200
    assert registry.send(Request("GET", "/v2/")).status == 404
    assert registry.send(Request("GET", f"{prefix}other")).status == 404


def test_links_of_lists_carry_the_prefix(make_registry: MakeRegistry) -> None:
    registry = make_registry({"http": {"prefix": "/hub/"}})
    names = {"name": "team/app"}
    under = Prefixed(registry, "/hub")
    pushes = rule("", "push", base(), push_manifest(IMAGE, "a"), push_manifest(IMAGE, "b"))
    play(pushes, under, names)
    reply = registry.send(Request("GET", "/hub/v2/team/app/tags/list?n=1"))
    assert (reply.header("Link") or "").startswith("</hub/v2/team/app/tags/list?")


class Prefixed:
    """A transport that puts a prefix before each target."""

    name = "prefixed"

    def __init__(self, below: InProcess, prefix: str) -> None:
        self._below = below
        self._prefix = prefix
        self.authority = below.authority

    def send(self, request: Request) -> Reply:
        target = self._prefix + request.target
        return self._below.send(Request(request.method, target, request.headers, request.body))

    def close(self) -> None:
        self._below.close()
