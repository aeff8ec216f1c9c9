"""Media types of manifests, configs and layers (image-spec media-types.md, RFC 6838)."""

import re

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)

INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
IMAGES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

GENERIC = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
"""Content types that say nothing of what a manifest is; clients send them by accident."""

_NON_DISTRIBUTABLE = re.compile(
    r"application/vnd\.oci\.image\.layer\.nondistributable\..+"
    r"|application/vnd\.docker\.image\.rootfs\.foreign\..+"
)
_RESTRICTED = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_RESTRICTED}/{_RESTRICTED}")


def is_media_type(text: str) -> bool:
    """Tell whether text is a media type as RFC 6838 section 4.2 writes it, no parameters."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def without_parameters(content_type: str) -> str:
    """Take the media type out of a Content-Type: no parameters, lower case, no space around."""
    return content_type.partition(";")[0].strip().lower()


def is_non_distributable(media_type: str) -> bool:
    """Tell whether layers of this type may be absent from a registry (image-spec layer.md)."""
    return _NON_DISTRIBUTABLE.fullmatch(media_type) is not None
