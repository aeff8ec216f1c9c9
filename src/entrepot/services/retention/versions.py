"""Semantic versions among tags."""

from typing import TypeAlias

VersionKey: TypeAlias = tuple[int, int, int, tuple[object, ...]]

_RELEASE = (1,)


def parse_version(tag: str) -> VersionKey | None:
    """Read a tag as a semantic version of three numbers, with or without a `v` in front.

    A tag cannot have a `+`, so helm writes `_` for the one of a version (helm.sh, "Use OCI-based
    registries"): the first `_` is read as a `+`.

    Returns:
        What sorts as versions do: the library compares slower than it reads, and each of many
        thousand tags is compared with many. None for what is no version, such as `1.2`, `latest`
        or `2024-05-01`.
    """
    from semver import Version

    try:
        version = Version.parse(tag.removeprefix("v").replace("_", "+", 1))
    except ValueError:
        return None
    release = _RELEASE if version.prerelease is None else _prerelease(version.prerelease)
    return version.major, version.minor, version.patch, release


def _prerelease(text: str) -> tuple[object, ...]:
    """Sort what comes before a release: numbers before words (semver.org, section 11)."""
    parts = ((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))
    return (0, *parts)
