"""Manifests: images, indexes and artifacts, as far as a registry reads them.

Sources: image-spec manifest.md and image-index.md; Docker's image manifest version 2, schema 2.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entrepot.errors import InvalidManifest
from entrepot.oci import media_type as types
from entrepot.oci.descriptor import (
    Descriptor,
    parse_annotations,
    parse_descriptor,
    parse_type,
)
from entrepot.oci.document import decode_document, refuse_other_case

FIELDS = frozenset(
    {
        "schemaVersion",
        "mediaType",
        "config",
        "layers",
        "blobs",
        "manifests",
        "subject",
        "annotations",
        "artifactType",
    }
)


class Role(StrEnum):
    """What a manifest needs another piece of content for."""

    CONFIG = "config"
    LAYER = "layer"
    MANIFEST = "manifest"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing that a manifest refers to."""

    role: Role
    descriptor: Descriptor


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a registry needs to know of a manifest.

    Attributes:
        media_type: what it is served as.
        edges: everything it refers to, in its own order.
        artifact_type: the type that referrers lists show and filter by, None when it has none.
        annotations: its own annotations.
        oddity: why it would be refused if it were pushed now; empty for most. Only manifests that
            are there already have one: see oci/stored_manifest.py.
    """

    media_type: str
    edges: tuple[Edge, ...]
    artifact_type: str | None
    annotations: dict[str, str]
    oddity: str = ""

    @property
    def subject(self) -> Descriptor | None:
        """The manifest that this one says something about."""
        for edge in self.edges:
            if edge.role is Role.SUBJECT:
                return edge.descriptor
        return None


def parse_manifest(payload: bytes, content_type: str) -> Manifest:
    """Read a manifest.

    Args:
        payload: its bytes.
        content_type: the Content-Type it was sent with; parameters are ignored, and where it
            is missing or generic the manifest's own `mediaType` or shape decides.

    Raises:
        InvalidManifest: it is no JSON object, is of Docker schema 1, contradicts the content
            type, or has fields that are not what they must be.
        InvalidDigest: a digest in it is malformed or not supported.
    """
    document = decode_document(payload)
    refuse_other_case(document, FIELDS, "the manifest")
    media_type = _decide_media_type(document, types.without_parameters(content_type))
    known = media_type in types.IMAGES or media_type in types.INDEXES
    if media_type in types.DOCKER_SCHEMA_1 or (known and document.get("schemaVersion") == 1):
        raise InvalidManifest(
            "Docker image manifests of schema 1 are not accepted; "
            "push with a client that writes schema 2 or OCI manifests"
        )
    _check_shape(document, media_type)
    edges = _parse_edges(document, media_type)
    artifact_type = parse_type(document.get("artifactType"), "manifest.artifactType")
    annotations = parse_annotations(document.get("annotations"), "manifest")
    return assemble(media_type, edges, artifact_type, annotations)


def assemble(
    media_type: str,
    edges: tuple[Edge, ...],
    artifact_type: str | None,
    annotations: dict[str, str],
) -> Manifest:
    """Put a manifest together; an image without an artifact type has its config's media type."""
    if artifact_type is None and media_type not in types.INDEXES:
        configs = [edge.descriptor for edge in edges if edge.role is Role.CONFIG]
        artifact_type = (configs[0].media_type or None) if configs else None
    return Manifest(media_type, edges, artifact_type, annotations)


def _decide_media_type(document: dict[str, Any], declared: str) -> str:
    own = _own_media_type(document)
    if declared in types.GENERIC:
        if own and own not in types.GENERIC:
            return own
        image = document.get("config") or document.get("layers")
        return types.OCI_INDEX if "manifests" in document and not image else types.OCI_MANIFEST
    if not types.is_media_type(declared):
        raise InvalidManifest("the Content-Type of the manifest is no media type")
    if own and own != declared:
        raise InvalidManifest(
            f"the manifest says its mediaType is {own}, the Content-Type says {declared}"
        )
    return declared


def _own_media_type(document: dict[str, Any]) -> str | None:
    """Read `mediaType`, in lower case, as types are compared; absent and empty are the same."""
    own = document.get("mediaType")
    if own is None or own == "":
        return None
    if not isinstance(own, str) or not types.is_media_type(own):
        raise InvalidManifest("manifest.mediaType is no media type")
    return own.lower()


def _check_shape(document: dict[str, Any], media_type: str) -> None:
    """Refuse documents that two readers could take for two things (CVE-2021-41190)."""
    foreign: tuple[str, ...] = ()
    if media_type in types.INDEXES:
        foreign = ("config", "layers")
    elif media_type in types.IMAGES:
        foreign = ("manifests",)
    elif not any(key in document for key in ("config", "layers", "blobs", "manifests")):
        raise InvalidManifest(
            f"a manifest of type {media_type} has none of the fields "
            "config, layers, blobs and manifests"
        )
    known = media_type in types.INDEXES or media_type in types.IMAGES
    version = document.get("schemaVersion")
    if known and (not isinstance(version, int) or version != 2):
        raise InvalidManifest("manifest.schemaVersion is not 2")
    for key in foreign:
        if document.get(key) is not None:
            raise InvalidManifest(f"a manifest of type {media_type} must not have {key}")
    if media_type in types.IMAGES and document.get("config") is None:
        raise InvalidManifest(f"a manifest of type {media_type} needs a config")


def _parse_edges(document: dict[str, Any], media_type: str) -> tuple[Edge, ...]:
    index, image = media_type in types.INDEXES, media_type in types.IMAGES
    edges: list[Edge] = []
    if not index and document.get("config") is not None:
        edges.append(Edge(Role.CONFIG, parse_descriptor(document["config"], "config")))
    if not index:
        # skopeo reads no Docker manifest with a layer of no type; of OCI's it does.
        typed = media_type == types.DOCKER_MANIFEST
        edges += _parse_list(document, "layers", Role.LAYER, typed=typed)
    if not index and not image:
        edges += _parse_list(document, "blobs", Role.LAYER)
    if not image:
        # oras asks for a child of no type as a blob, and panics at such a subject.
        edges += _parse_list(document, "manifests", Role.MANIFEST, typed=True)
    if document.get("subject") is not None:
        edges.append(
            Edge(Role.SUBJECT, parse_descriptor(document["subject"], "subject", typed=True))
        )
    return tuple(edges)


def _parse_list(
    document: dict[str, Any], key: str, role: Role, *, typed: bool = False
) -> list[Edge]:
    value = document.get(key)
    if value is None:  # Go writes an empty list as null
        return []
    if not isinstance(value, list):
        raise InvalidManifest(f"manifest.{key} is no list")
    return [
        Edge(role, parse_descriptor(item, f"{key}[{position}]", typed=typed))
        for position, item in enumerate(value)
    ]
