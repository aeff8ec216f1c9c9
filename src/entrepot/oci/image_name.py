"""Names of images as archives and layouts have them."""

from dataclasses import dataclass

_DOCKER_HUB = frozenset({"docker.io", "index.docker.io"})


@dataclass(frozen=True, slots=True)
class ImageName:
    """A name, taken apart and not yet checked.

    Attributes:
        repository: None where only a tag was given.
        tag: None where there is none.
    """

    repository: str | None
    tag: str | None


def parse_ref_name(text: str) -> ImageName:
    """Read `org.opencontainers.image.ref.name`: `NAME:TAG`, `NAME@DIGEST`, `NAME`, or only a tag.

    A name without slash, colon and at-sign is a tag, as most programs write it.
    """
    name, at, _ = text.partition("@")
    repository, colon, tag = name.rpartition(":")
    if at:
        return ImageName(name if not colon else repository, tag if colon else None)
    if colon and "/" not in tag:
        return ImageName(repository, tag)
    return ImageName(name, None) if "/" in name else ImageName(None, name)


def parse_docker_name(text: str) -> ImageName:
    """Read a name as Docker writes it, `REGISTRY/NAME:TAG`, without the registry."""
    name = text.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, ""
    domain, slash, path = head.partition("/")
    if slash and ("." in domain or ":" in domain or domain == "localhost"):
        head = path.removeprefix("library/") if domain in _DOCKER_HUB else path
    return ImageName(head, tag or None)
