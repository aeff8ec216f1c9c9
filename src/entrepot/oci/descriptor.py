"""Descriptors: what refers to content (image-spec descriptor.md)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from entrepot.errors import InvalidManifest
from entrepot.oci.digest import Digest
from entrepot.oci.document import refuse_other_case

MAX_SIZE = 2**63 - 1
MAX_TYPE_LENGTH = 255
"""Characters of a media type: RFC 6838 section 4.2 allows 127 on each side of its slash."""

FIELDS = frozenset(
    {"mediaType", "digest", "size", "urls", "data", "annotations", "artifactType", "platform"}
)
PLATFORM_FIELDS = frozenset({"os", "architecture"})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content.

    Attributes:
        media_type: of the content, as it is written there; empty when it is not said.
        digest: of the content.
        size: of the content in bytes.
        urls: where else it can be had.
        artifact_type: of the manifest it refers to, where it says so.
        platform: of the manifest it refers to: operating system and architecture.
    """

    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] = ()
    artifact_type: str | None = None
    platform: tuple[str, str] | None = None


def parse_descriptor(value: Any, where: str, *, typed: bool = False) -> Descriptor:
    """Read a descriptor out of a decoded manifest.

    Args:
        value: what stands there.
        where: its place in the manifest, such as `layers[2]`, for messages.
        typed: clients cannot read it back when it says no media type.

    Raises:
        InvalidManifest: it is no descriptor, or its `data` contradicts its size or digest.
        InvalidDigest: its digest is malformed or not supported.
    """
    if not isinstance(value, dict):
        raise InvalidManifest(f"{where} is no descriptor: a JSON object is expected")
    refuse_other_case(value, FIELDS, where)
    media_type = parse_type(value.get("mediaType"), f"{where}.mediaType")
    if typed and media_type is None:
        raise InvalidManifest(f"{where}.mediaType is missing")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise InvalidManifest(f"{where}.size is no number of bytes")
    digest_text = value.get("digest")
    if not isinstance(digest_text, str):
        raise InvalidManifest(f"{where}.digest is missing")
    digest = Digest.parse(digest_text)
    _check_data(value.get("data"), size, digest, where)
    parse_annotations(value.get("annotations"), where)
    return Descriptor(
        media_type=media_type or "",
        digest=digest,
        size=size,
        urls=_parse_urls(value.get("urls"), where),
        artifact_type=parse_type(value.get("artifactType"), f"{where}.artifactType"),
        platform=_parse_platform(value.get("platform"), where),
    )


def parse_type(value: Any, where: str) -> str | None:
    """Read a media type of content, which a registry only hands on; absent and empty are the same.

    Clients write all sorts of text there (docker 1.13 wrote `text/plain; charset=utf-8`), and read
    it back.

    Raises:
        InvalidManifest: it is no text, or too long for a media type.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_TYPE_LENGTH:
        raise InvalidManifest(f"{where} is no text of at most {MAX_TYPE_LENGTH} characters")
    return value


def parse_annotations(value: Any, where: str) -> dict[str, str]:
    """Read annotations; a null in place of a text is an empty one, as Go reads it.

    Raises:
        InvalidManifest: they are no map of strings. Clients cannot read the manifest then.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        text is None or isinstance(text, str) for text in value.values()
    ):
        raise InvalidManifest(f"{where}.annotations is no map of strings")
    return {key: text or "" for key, text in value.items()}


def _parse_urls(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(url, str) for url in value):
        raise InvalidManifest(f"{where}.urls is no list of strings")
    return tuple(value)


def _parse_platform(value: Any, where: str) -> tuple[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidManifest(f"{where}.platform is no JSON object")
    refuse_other_case(value, PLATFORM_FIELDS, f"{where}.platform")
    parts = [value.get(key) for key in ("os", "architecture")]
    if not all(part is None or isinstance(part, str) for part in parts):
        raise InvalidManifest(f"{where}.platform has an os or architecture that is no string")
    return parts[0] or "", parts[1] or ""


def _check_data(value: Any, size: int, digest: Digest, where: str) -> None:
    if value is None:
        return
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise InvalidManifest(f"{where}.data is not base64") from None
    if len(content) != size:
        raise InvalidManifest(f"{where}.data has {len(content)} bytes, its size says {size}")
    if Digest.of(content, digest.algorithm) != digest:
        raise InvalidManifest(f"{where}.data does not have the digest that stands beside it")
