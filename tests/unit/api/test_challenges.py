"""WWW-Authenticate, as clients expect it."""

import pytest

from entrepot.api.challenges import BasicChallenge, BearerChallenge, quoted
from entrepot.api.parse.forwarded import Origin
from entrepot.api.request import Request
from entrepot.api.routes import match_path
from entrepot.operations.requests import RequestRecord

REALM = "https://registry.example.com/auth/token"
START = f'Bearer realm="{REALM}",service="registry.example.com"'
BEARER = BearerChallenge(lambda request: REALM, "registry.example.com")


def request(method: str, path: str, query: bytes = b"") -> Request:
    record = RequestRecord("1", method, path, "HTTP/1.1", "", "", "", "")
    scope = {"method": method, "query_string": query, "headers": []}

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    made = Request(scope, receive, {}, record, Origin("https", "registry.example.com", ""))
    match = match_path(path)
    assert match is not None
    record.route, made.name, made.argument = match
    return made


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", ""),
        ("GET", "_catalog", "registry:catalog:*"),
        ("GET", "team/app/manifests/latest", "repository:team/app:pull"),
        ("HEAD", "team/app/manifests/latest", "repository:team/app:pull"),
        ("GET", "team/app/tags/list", "repository:team/app:pull"),
        ("PUT", "team/app/manifests/latest", "repository:team/app:pull,push"),
        ("DELETE", "team/app/manifests/latest", "repository:team/app:delete"),
        ("POST", "team/app/blobs/uploads/", "repository:team/app:pull,push"),
        ("PATCH", "team/app/blobs/uploads/1", "repository:team/app:pull,push"),
        ("GET", "team/app/blobs/uploads/1", "repository:team/app:pull"),
    ],
)
def test_the_scope_is_what_docker_registry_asks_for(method: str, path: str, scope: str) -> None:
    expected = f'{START},scope="{scope}"' if scope else START
    assert BEARER.header(request(method, path), "") == expected


def test_a_mount_needs_to_read_the_source_too() -> None:
    asked = request("POST", "team/app/blobs/uploads/", b"mount=sha256:0&from=team/other")
    scope = "repository:team/app:pull,push repository:team/other:pull"
    assert BEARER.header(asked, "") == f'{START},scope="{scope}"'


@pytest.mark.parametrize(
    "query", [b"from=", b"from=NO", b"from=a%22,error=%22x", b"from=a%0d%0ab", b"a=1&" * 1001]
)
def test_no_scope_is_made_of_what_is_no_name(query: bytes) -> None:
    asked = request("POST", "team/app/blobs/uploads/", query)
    assert BEARER.header(asked, "") == f'{START},scope="repository:team/app:pull,push"'


def test_what_was_wrong_with_a_token_comes_last() -> None:
    asked = request("GET", "team/app/tags/list")
    assert BEARER.header(asked, "insufficient_scope") == (
        f'{START},scope="repository:team/app:pull",error="insufficient_scope"'
    )


def test_basic_has_a_realm_only() -> None:
    header = BasicChallenge("My registry").header(request("GET", ""), "invalid_token")
    assert header == 'Basic realm="My registry"'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("line\r\nbreak", '"line??break"'),
        ("é", '"?"'),
    ],
)
def test_quoting(text: str, written: str) -> None:
    assert quoted(text) == written
