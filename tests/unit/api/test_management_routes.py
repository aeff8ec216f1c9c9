import pytest

from entrepot.api.management.routes import match_management
from entrepot.api.routes import Match


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
