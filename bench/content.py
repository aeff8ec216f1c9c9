"""What both registries are given: the same blobs, manifests and tags, by the same requests."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.client import Client

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes and their digest."""

    data: bytes
    media_type: str = OCI_LAYER

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


@dataclass(frozen=True, slots=True)
class Image:
    """Layers, a configuration, and the manifest over them."""

    layers: tuple[Blob, ...]
    config: Blob
    manifest: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_image(seed: str, layer_sizes: Sequence[int]) -> Image:
    """An image that is always the same for a seed: incompressible layers, a small config."""
    source = random.Random(seed)
    layers = tuple(Blob(source.randbytes(size)) for size in layer_sizes)
    config_document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["/bin/true"], "Labels": {"seed": seed}},
        "history": [{"created_by": "x" * 200} for _ in layers] * 3,
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    config = Blob(json.dumps(config_document, indent=1).encode(), OCI_CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers],
    }
    return Image(layers, config, json.dumps(manifest, indent=3).encode())


def push_blob(client: Client, repository: str, blob: Blob) -> None:
    """Send a blob as docker does: HEAD, POST, PATCH as one chunked stream, PUT."""
    digest = blob.digest
    found = client.request("HEAD", f"/v2/{repository}/blobs/{digest}", 200, 404)
    if found.status == 200:
        return
    begun = client.request("POST", f"/v2/{repository}/blobs/uploads/", 202)
    sent = client.request("PATCH", begun.headers["location"], 202, body=blob.data, chunked=True)
    client.request("PUT", with_digest(sent.headers["location"], digest), 201)


def with_digest(location: str, digest: str) -> str:
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def push_manifest(client: Client, repository: str, reference: str, manifest: bytes) -> None:
    client.request(
        "PUT",
        f"/v2/{repository}/manifests/{reference}",
        201,
        headers={"Content-Type": OCI_MANIFEST},
        body=manifest,
    )


def push_image(client: Client, repository: str, image: Image, tag: str) -> None:
    """Layers, then the config, then the manifest by tag."""
    for blob in (*image.layers, image.config):
        push_blob(client, repository, blob)
    push_manifest(client, repository, tag, image.manifest)


def push_tags(port: int, repository: str, image: Image, tags: Iterable[str]) -> None:
    """Put one manifest under many tags, eight connections at once."""
    with Client(port) as client:
        push_image(client, repository, image, "first")
    names = list(tags)

    def some(start: int) -> None:
        with Client(port) as client:
            for name in names[start::8]:
                push_manifest(client, repository, name, image.manifest)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, range(8)))
