"""Manifests as they should not be, and what both releases of Docker Registry do with each.

Each refers to the same config and layer, or is an index of one image. What the registries do was
recorded from Docker Registry 2.8.2 and 3.1.2; tests/acceptance/test_odd_manifests.py pushes every
one of these to both and compares.
"""

import json
from dataclasses import dataclass
from typing import Any

from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CONFIG, LAYER, OTHER = b'{"architecture":"amd64","os":"linux"}', b"a layer", b"another layer"
BLOBS = (CONFIG, LAYER, OTHER)
DROP = object()
"""A field with this value is left out."""


@dataclass(frozen=True)
class Odd:
    """One of them.

    Attributes:
        name: what is odd; a tag.
        payload: its bytes.
        media_type: the Content-Type it is pushed with.
    """

    name: str
    payload: bytes
    media_type: str = types.OCI_MANIFEST


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps({key: value for key, value in fields.items() if value is not DROP}).encode()


def described(content: bytes, media_type: str, **over: Any) -> dict[str, Any]:
    """A descriptor; fields are laid over the plain ones."""
    fields = {"mediaType": media_type, "digest": Digest.of(content), "size": len(content), **over}
    return {key: value for key, value in fields.items() if value is not DROP}


def image(**over: Any) -> bytes:
    """An OCI image; fields are laid over the plain ones."""
    fields = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "config": described(CONFIG, CONFIG_TYPE),
        "layers": [described(LAYER, LAYER_TYPE)],
        **over,
    }
    return _json(fields)


def docker_image(config: dict[str, Any], layer: dict[str, Any]) -> bytes:
    """A Docker image of schema 2."""
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": types.DOCKER_MANIFEST,
            "config": config,
            "layers": [layer],
        }
    )


PLAIN = image()


def index(media_type: str = types.OCI_INDEX, **over: Any) -> bytes:
    """An index of the plain image."""
    child = described(PLAIN, types.OCI_MANIFEST)
    fields = {"schemaVersion": 2, "mediaType": media_type, "manifests": [child], **over}
    return _json(fields)


def _layer(name: str, **over: Any) -> Odd:
    return Odd(f"layer-{name}", image(layers=[described(LAYER, LAYER_TYPE, **over)]))


def _config(name: str, **over: Any) -> Odd:
    return Odd(f"config-{name}", image(config=described(CONFIG, CONFIG_TYPE, **over)))


def _child(name: str, **over: Any) -> Odd:
    child = described(PLAIN, types.OCI_MANIFEST, **over)
    return Odd(f"child-{name}", index(manifests=[child]), types.OCI_INDEX)


def _image(name: str, **over: Any) -> Odd:
    return Odd(name, image(**over))


def _index(name: str, **over: Any) -> Odd:
    return Odd(name, index(**over), types.OCI_INDEX)


def _text(name: str, old: str, new: str, payload: bytes = PLAIN) -> Odd:
    changed = payload.decode().replace(old, new, 1).encode("utf-8", "surrogatepass")
    assert changed != payload, name
    return Odd(name, changed)


def _docker(name: str, config: dict[str, Any], layer: dict[str, Any]) -> Odd:
    base = described(CONFIG, DOCKER_CONFIG) | config
    over = described(LAYER, DOCKER_LAYER) | layer
    drop = {key for key, value in over.items() if value is DROP}
    over = {key: value for key, value in over.items() if key not in drop}
    return Odd(f"docker-{name}", docker_image(base, over), types.DOCKER_MANIFEST)


_NOTED = image(annotations={"a": "b"})
_MANY = _json({"schemaVersion": 2, "manifests": []})

ODD = [
    Odd("plain", PLAIN),
    _layer("without-media-type", mediaType=DROP),
    _layer("empty-media-type", mediaType=""),
    _layer("null-media-type", mediaType=None),
    _layer("media-type-with-parameters", mediaType="text/plain; charset=utf-8"),
    _layer("media-type-without-slash", mediaType="gzip"),
    _layer("media-type-number", mediaType=7),
    _layer("without-size", size=DROP),
    _layer("null-size", size=None),
    _layer("size-too-large", size=8),
    _layer("size-too-small", size=6),
    _layer("negative-size", size=-1),
    _layer("size-with-fraction", size=7.0),
    _layer("size-text", size="7"),
    _layer("size-over-64-bits", size=2**63),
    _layer("without-digest", digest=DROP),
    _layer("digest-upper-case", digest=Digest.of(LAYER).upper().replace("SHA", "sha")),
    _layer("digest-of-other-algorithm", digest=f"sha384:{'0' * 96}"),
    _layer("empty-data", data=""),
    _layer("null-data", data=None),
    _layer("other-data", data="AAAA"),
    _layer("data-not-base64", data="***"),
    _layer("null-urls", urls=None),
    _layer("urls-text", urls="https://example.com/"),
    _layer("null-annotations", annotations=None),
    _layer("null-annotation", annotations={"a": None}),
    _layer("annotation-number", annotations={"a": 1}),
    _layer("annotations-text", annotations="a"),
    _layer("artifact-type-without-slash", artifactType="thing"),
    _layer("artifact-type-number", artifactType=7),
    _layer("platform-text", platform="linux"),
    _layer("null-platform", platform=None),
    _layer("platform-os-number", platform={"os": 1, "architecture": "amd64"}),
    _config("without-media-type", mediaType=DROP),
    _config("empty-media-type", mediaType=""),
    _config("media-type-with-parameters", mediaType="text/plain; charset=utf-8"),
    _config("media-type-without-slash", mediaType="json"),
    _config("without-size", size=DROP),
    _config("size-too-large", size=1000),
    _config("empty-data", data=""),
    _config("annotation-number", annotations={"a": 1}),
    _image("null-config", config=None),
    _image("without-config", config=DROP),
    _image("empty-config", config={}),
    _image("without-layers", layers=DROP),
    _image("null-layers", layers=None),
    _image("no-layers", layers=[]),
    _image("layers-object", layers={}),
    _image("layers-of-null", layers=[None]),
    _image("null-annotations", annotations=None),
    _image("null-annotation", annotations={"a": None}),
    _image("annotation-number", annotations={"a": 1}),
    _image("annotations-list", annotations=[]),
    _image("artifact-type-without-slash", artifactType="thing"),
    _image("artifact-type-with-parameters", artifactType="text/plain; charset=utf-8"),
    _image("artifact-type-number", artifactType=7),
    _image("null-subject", subject=None),
    _image("empty-subject", subject={}),
    _image("subject-without-media-type", subject=described(PLAIN, "", mediaType=DROP)),
    _image("subject-without-size", subject=described(PLAIN, types.OCI_MANIFEST, size=DROP)),
    _image("subject-text", subject="sha256:0"),
    _image("without-media-type", mediaType=DROP),
    _image("empty-media-type", mediaType=""),
    _image("null-media-type", mediaType=None),
    _image("media-type-upper-case", mediaType=types.OCI_MANIFEST.upper()),
    _image("media-type-number", mediaType=7),
    _image("without-schema-version", schemaVersion=DROP),
    _image("schema-version-3", schemaVersion=3),
    _image("schema-version-text", schemaVersion="2"),
    _image("schema-version-with-fraction", schemaVersion=2.0),
    _image("empty-manifests", manifests=[]),
    _image("null-manifests", manifests=None),
    _image("empty-blobs", blobs=[]),
    _image("unknown-field", unknown={"deep": [1, None]}),
    _text("key-twice-layers", '"layers": ', '"layers": [], "layers": '),
    _text("key-twice-layers-last-empty", "}]}", '}], "layers": []}'),
    _text(
        "key-twice-layers-both-full",
        '"layers": ',
        f'"layers": [{json.dumps(described(OTHER, LAYER_TYPE))}], "layers": ',
    ),
    _text(
        "key-twice-config-merged", '"config": ', '"config": {"annotations": {"a": "b"}}, "config": '
    ),
    _text("key-twice-size", '"size": 7', '"size": 1, "size": 7'),
    _text("key-twice-annotation", '{"a": "b"}', '{"a": "b", "a": "c"}', _NOTED),
    _text("other-case-layers", '"layers"', '"Layers"'),
    _text("other-case-config", '"config"', '"CONFIG"'),
    _text("other-case-media-type", '"mediaType"', '"mediatype"'),
    _text("other-case-digest", '"digest"', '"Digest"'),
    _text("other-case-schema-version", '"schemaVersion"', '"schemaversion"'),
    _text("other-case-twice", '"layers": ', '"Layers": [], "layers": '),
    _text("lone-surrogate", '"a": "b"', '"a": "\\ud800"', _NOTED),
    _text("lone-surrogate-key", '"a": "b"', '"\\ud800": "b"', _NOTED),
    _text("lone-surrogate-layer-type", "tar+gzip", "tar\\udc00gzip"),
    Odd("not-utf-8", _NOTED.replace(b'"b"', b'"\xff"')),
    Odd("byte-order-mark", b"\xef\xbb\xbf" + PLAIN),
    Odd("space-around", b" \n" + PLAIN + b"\n\n"),
    Odd("more-behind", PLAIN + b"{}"),
    _text("not-a-number", '"size": 7', '"size": NaN'),
    _docker("layer-without-media-type", {}, {"mediaType": DROP}),
    _docker("config-octet-stream", {"mediaType": "application/octet-stream"}, {}),
    _docker("config-with-parameters", {"mediaType": "text/plain; charset=utf-8"}, {}),
    _docker("layer-without-size", {}, {"size": DROP}),
    _docker("layer-empty-media-type", {}, {"mediaType": ""}),
    Odd(
        "docker-list-child-without-platform",
        index(types.DOCKER_LIST),
        types.DOCKER_LIST,
    ),
    _index("index-without-manifests", manifests=DROP),
    _index("index-null-manifests", manifests=None),
    _index("index-no-manifests", manifests=[]),
    _index("index-without-media-type", mediaType=DROP),
    _index("index-null-annotation", annotations={"a": None}),
    _index("index-with-layers", layers=[]),
    _index("index-artifact-type-without-slash", artifactType="thing"),
    _child("without-media-type", mediaType=DROP),
    _child("empty-media-type", mediaType=""),
    _child("without-size", size=DROP),
    _child("size-too-large", size=10**6),
    _child("null-platform", platform=None),
    _child("empty-platform", platform={}),
    _child("empty-data", data=""),
    _child("null-annotation", annotations={"a": None}),
    _child("annotation-number", annotations={"a": 1}),
    Odd("index-of-shape", _MANY, types.OCI_INDEX),
]

REFUSED_BY_BOTH = frozenset(
    {
        "layer-media-type-number",
        "layer-size-with-fraction",
        "layer-size-text",
        "layer-size-over-64-bits",
        "layer-without-digest",
        "layer-digest-upper-case",
        "layer-digest-of-other-algorithm",
        "layer-urls-text",
        "layer-annotation-number",
        "layer-annotations-text",
        "layer-platform-text",
        "layer-platform-os-number",
        "config-annotation-number",
        "null-config",
        "without-config",
        "empty-config",
        "layers-object",
        "layers-of-null",
        "annotation-number",
        "annotations-list",
        "media-type-upper-case",
        "media-type-number",
        "without-schema-version",
        "schema-version-3",
        "schema-version-text",
        "schema-version-with-fraction",
        "empty-manifests",
        "byte-order-mark",
        "more-behind",
        "not-a-number",
        "index-with-layers",
        "child-annotation-number",
    }
)
REFUSED_BY_3 = frozenset(
    {
        "layer-data-not-base64",
        "layer-artifact-type-number",
    }
)
"""Beside those: 3.1.2 reads fields that 2.8.2 does not know."""

REFUSED_HERE = {
    "layer-without-size": "no number of bytes",
    "layer-null-size": "no number of bytes",
    "layer-size-too-large": "has 7 bytes, the manifest says 8",
    "layer-size-too-small": "has 7 bytes, the manifest says 6",
    "layer-negative-size": "no number of bytes",
    "config-without-size": "no number of bytes",
    "config-size-too-large": "the manifest says 1000",
    "docker-layer-without-size": "no number of bytes",
    "docker-layer-without-media-type": "mediaType is missing",
    "docker-layer-empty-media-type": "mediaType is missing",
    "child-without-media-type": "mediaType is missing",
    "child-empty-media-type": "mediaType is missing",
    "subject-without-media-type": "mediaType is missing",
    "child-without-size": "no number of bytes",
    "child-size-too-large": "the manifest says 1000000",
    "layer-empty-data": "has 0 bytes",
    "layer-other-data": "its size says 7",
    "config-empty-data": "has 0 bytes",
    "child-empty-data": "has 0 bytes",
    "artifact-type-number": "manifest.artifactType",
    "empty-subject": "subject.mediaType is missing",
    "subject-without-size": "subject.size",
    "subject-text": "subject is no descriptor",
    "key-twice-layers": "a key stands twice",
    "key-twice-layers-last-empty": "a key stands twice",
    "key-twice-layers-both-full": "a key stands twice",
    "key-twice-config-merged": "a key stands twice",
    "key-twice-size": "a key stands twice",
    "key-twice-annotation": "a key stands twice",
    "other-case-layers": "written 'layers'",
    "other-case-config": "written 'config'",
    "other-case-media-type": "written 'mediaType'",
    "other-case-digest": "written 'digest'",
    "other-case-schema-version": "written 'schemaVersion'",
    "other-case-twice": "written 'layers'",
    "lone-surrogate": "no Unicode text",
    "lone-surrogate-key": "no Unicode text",
    "lone-surrogate-layer-type": "no Unicode text",
    "not-utf-8": "not JSON",
}
"""What both take and Entrepot refuses, with a part of what it says: clients read these in several
ways, check the size and cannot pull, or cannot read them (skopeo 1.9, oras 1.2)."""

TAKEN_HERE = frozenset({"media-type-upper-case"})
"""What both refuse and Entrepot takes: media types have no case."""

WITHOUT_DIGEST = frozenset(
    {
        "layer-without-digest",
        "layer-digest-upper-case",
        "layer-digest-of-other-algorithm",
        "layers-of-null",
        "null-config",
        "without-config",
        "empty-config",
    }
)
"""Refused by both when they are pushed, for there are no such bytes, but not when they are read."""
