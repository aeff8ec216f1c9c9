"""Patterns over images."""

import pytest

from entrepot.oci.image_glob import ImageGlob


@pytest.mark.parametrize(
    ("pattern", "repository", "tag", "matches"),
    [
        ("library/*", "library/alpine", "3", True),
        ("library/*", "library/a/b", "3", False),
        ("library/alpine:3.*", "library/alpine", "3.20", True),
        ("library/alpine:3.*", "library/alpine", "edge", False),
        ("**:v?", "team/app", "v1", True),
    ],
)
def test_a_pattern_means_repositories_and_tags(
    pattern: str, repository: str, tag: str, matches: bool
) -> None:
    assert ImageGlob.parse(pattern).matches(repository, tag) is matches


def test_only_without_tags_everything_in_a_repository_is_meant() -> None:
    assert ImageGlob.parse("library/*").matches_all("library/alpine")
    assert not ImageGlob.parse("library/*:*").matches_all("library/alpine")


@pytest.mark.parametrize("pattern", ["", ":3", "a:", "A/b", "a:b:c", "{user}/*", "a:sha/b"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ImageGlob.parse(pattern)
