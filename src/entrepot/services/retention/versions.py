"""Semantic versions among tags."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semver import Version


def parse_version(tag: str) -> "Version | None":
    """Read a tag as a semantic version of three numbers, with or without a `v` in front.

    Returns:
        None for what is none, such as `1.2`, `latest` or `2024-05-01`.
    """
    from semver import Version

    try:
        return Version.parse(tag.removeprefix("v"))
    except ValueError:
        return None
