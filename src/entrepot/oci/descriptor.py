"""Descriptors: what refers to content (image-spec descriptor.md)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from entrepot.errors import InvalidManifest
from entrepot.oci.digest import Digest
from entrepot.oci.media_type import is_media_type

MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content.

    Attributes:
        media_type: of the content.
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


def parse_descriptor(value: Any, where: str) -> Descriptor:
    """Read a descriptor out of a decoded manifest.

    Args:
        value: what stands there.
        where: its place in the manifest, such as `layers[2]`, for messages.

    Raises:
        InvalidManifest: it is no descriptor, or its `data` contradicts its size or digest.
        InvalidDigest: its digest is malformed or not supported.
    """
    if not isinstance(value, dict):
        raise InvalidManifest(f"{where} is no descriptor: a JSON object is expected")
    media_type = value.get("mediaType")
    if not isinstance(media_type, str) or not is_media_type(media_type):
        raise InvalidManifest(f"{where}.mediaType is no media type")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise InvalidManifest(f"{where}.size is no number of bytes")
    digest_text = value.get("digest")
    if not isinstance(digest_text, str):
        raise InvalidManifest(f"{where}.digest is missing")
    digest = Digest.parse(digest_text)
    _check_data(value.get("data"), size, digest, where)
    return Descriptor(
        media_type=media_type,
        digest=digest,
        size=size,
        urls=_parse_urls(value.get("urls"), where),
        artifact_type=parse_artifact_type(value.get("artifactType"), where),
        platform=_parse_platform(value.get("platform"), where),
    )


def parse_artifact_type(value: Any, where: str) -> str | None:
    """Read an `artifactType` field; absent and empty are the same.

    Raises:
        InvalidManifest: it is no media type.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not is_media_type(value):
        raise InvalidManifest(f"{where}.artifactType is no media type")
    return value


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
