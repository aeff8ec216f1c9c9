"""Pushes small images by bare requests, as docker does: what is there is not sent again."""

import hashlib
import json

from tests.acceptance.harness.wire import Wire

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b'{"architecture":"amd64","os":"linux"}'


def sha256(content: bytes) -> str:
    """The digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push_blob(wire: Wire, repository: str, content: bytes) -> str:
    """Push a blob unless it is there; gives its digest."""
    digest = sha256(content)
    if wire.request("HEAD", f"/v2/{repository}/blobs/{digest}").status == 200:
        return digest
    place = wire.request("POST", f"/v2/{repository}/blobs/uploads/").headers["location"]
    path = "/v2/" + place.split("/v2/", 1)[1]
    query = f"{'&' if '?' in path else '?'}digest={digest}"
    answer = wire.request("PUT", f"{path}{query}", content)
    assert answer.status == 201, answer
    return digest


def push_image(wire: Wire, repository: str, tag: str, layer: bytes) -> str:
    """Push an image of one layer; gives its digest."""
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(wire, repository, CONFIG, "config.v1+json"),
        "layers": [_descriptor(wire, repository, layer, "layer.v1.tar")],
    }
    payload = json.dumps(document).encode()
    answer = wire.request(
        "PUT", f"/v2/{repository}/manifests/{tag}", payload, {"Content-Type": MANIFEST}
    )
    assert answer.status == 201, answer
    return sha256(payload)


def _descriptor(wire: Wire, repository: str, content: bytes, kind: str) -> dict[str, object]:
    digest = push_blob(wire, repository, content)
    media_type = f"application/vnd.oci.image.{kind}"
    return {"mediaType": media_type, "digest": digest, "size": len(content)}
