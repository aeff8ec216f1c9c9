import pytest

from entrepot.api.challenges import scopes
from entrepot.api.management import match_management
from entrepot.api.parse.forwarded import Origin
from entrepot.api.request import Request
from entrepot.api.routes import Match
from entrepot.operations.requests import RequestRecord


@pytest.mark.parametrize(
    ("path", "match"),
    [
        ("repositories/app", Match("repository", "app", "")),
        ("repositories/a/b/c", Match("repository", "a/b/c", "")),
        ("repositories/a/tags/b/history", Match("repository", "a/tags/b/history", "")),
        ("tags/app/v1/history", Match("tag_history", "app", "v1")),
        ("tags/a/b/c/v1/restore", Match("tag_restore", "a/b/c", "v1")),
        ("tags/tags/history/history/history", Match("tag_history", "tags/history", "history")),
        ("repositories/", None),
        ("repositories", None),
        ("tags/v1/history", None),
        ("tags/app/v1/other", None),
        ("", None),
        ("jobs/x", None),
    ],
)
def test_a_path_means(path: str, match: Match | None) -> None:
    assert match_management(path) == match


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("DELETE", "repositories/team/app", "repository:team/app:*"),
        ("GET", "tags/team/app/v1/history", "repository:team/app:push"),
        ("POST", "tags/team/app/v1/restore", "repository:team/app:push"),
    ],
)
def test_a_token_is_asked_for_what_the_service_will_ask(method: str, path: str, scope: str) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    record = RequestRecord("1", method, path, "HTTP/1.1", "", "", "", "")
    asked = Request({"method": method}, receive, {}, record, Origin("https", "example.com", ""))
    match = match_management(path)
    assert match is not None
    record.route, asked.name, asked.argument = match
    assert scopes(asked) == [scope]
