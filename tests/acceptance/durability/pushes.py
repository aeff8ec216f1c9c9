"""Every way in which the registry acknowledges something, one after the other."""

import hashlib
import json
from collections.abc import Callable

from tests.acceptance.durability.server import Server
from tests.acceptance.harness.wire import Answer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def sha256(content: bytes) -> str:
    """Give the digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def begin(server: Server, repository: str, query: str = "") -> str:
    """Begin an upload; gives its address."""
    answer = server.request("POST", f"/v2/{repository}/blobs/uploads/{query}", b"")
    assert answer.status == 202, answer
    return answer.headers["location"]


def patch(server: Server, location: str, content: bytes, start: int = 0) -> str:
    """Send a chunk; gives the address for the next one."""
    headers = {"Content-Range": f"{start}-{start + len(content) - 1}"}
    answer = server.request("PATCH", location, content, headers)
    assert answer.status == 202, answer
    return answer.headers["location"]


def finish(server: Server, location: str, digest: str, content: bytes = b"") -> Answer:
    """End an upload, with a last chunk or without."""
    mark = "&" if "?" in location else "?"
    return server.request("PUT", f"{location}{mark}digest={digest}", content)


def push_blob(server: Server, repository: str, content: bytes) -> str:
    """Push a blob in one request; gives its digest."""
    digest = sha256(content)
    answer = server.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content)
    assert answer.status == 201, answer
    return digest


def make_manifest(*layers: bytes, config: bytes = b"{}") -> bytes:
    """Write an image manifest over blobs."""

    def described(media_type: str, content: bytes) -> dict[str, object]:
        return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}

    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described(CONFIG, config),
        "layers": [described(LAYER, layer) for layer in layers],
    }
    return json.dumps(document).encode()


def put_manifest(server: Server, repository: str, reference: str, payload: bytes) -> Answer:
    """Push a manifest by tag or digest."""
    path = f"/v2/{repository}/manifests/{reference}"
    return server.request("PUT", path, payload, {"Content-Type": MANIFEST})


def _whole(server: Server) -> Answer:
    return server.request(
        "POST", f"/v2/a/blobs/uploads/?digest={sha256(b'whole')}", b"whole", {"Accept": "*/*"}
    )


def _one_put(server: Server) -> Answer:
    return finish(server, begin(server, "a"), sha256(b"one put"), b"one put")


def _stream(server: Server) -> Answer:
    content = bytes(9_500_000)
    location = begin(server, "a")
    pieces = (content[at : at + 65536] for at in range(0, len(content), 65536))
    answer = server.request("PATCH", location, pieces)
    assert answer.status == 202, answer
    return finish(server, answer.headers["location"], sha256(content))


def _last_chunk(server: Server) -> Answer:
    location = patch(server, begin(server, "a"), b"first,")
    return finish(server, location, sha256(b"first,last"), b"last")


def _two_chunks(server: Server) -> Answer:
    location = patch(server, begin(server, "a"), b"one,")
    return finish(server, patch(server, location, b"two", 4), sha256(b"one,two"))


def _sha512(server: Server) -> Answer:
    digest = f"sha512:{hashlib.sha512(b'long').hexdigest()}"
    return finish(server, begin(server, "a", "?digest-algorithm=sha512"), digest, b"long")


def _other_algorithm(server: Server) -> Answer:
    digest = f"sha512:{hashlib.sha512(b'late').hexdigest()}"
    return finish(server, patch(server, begin(server, "a"), b"late"), digest)


def _empty(server: Server) -> Answer:
    return finish(server, begin(server, "a"), sha256(b""))


def _again(server: Server) -> Answer:
    return finish(server, begin(server, "other"), sha256(b"whole"), b"whole")


def _mount(server: Server) -> Answer:
    return server.request("POST", f"/v2/b/blobs/uploads/?mount={sha256(b'whole')}&from=a", b"")


def _delete_blob(server: Server) -> Answer:
    return server.request("DELETE", f"/v2/other/blobs/{sha256(b'whole')}")


IMAGE = make_manifest(b"whole", config=b"one put")
OTHER_IMAGE = make_manifest(b"first,last", config=b"one put")
BY_DIGEST = f"{sha256(IMAGE)}?tag=also"

Way = tuple[str, Callable[[Server], Answer], bool]
WAYS: list[Way] = [
    ("POST with the body", _whole, True),
    ("POST, PUT with the body", _one_put, True),
    ("POST, PATCH as a stream, PUT", _stream, True),
    ("POST, PATCH, PUT with the last chunk", _last_chunk, True),
    ("POST, two chunks, PUT", _two_chunks, True),
    ("sha512", _sha512, True),
    ("sha512 where sha256 was announced", _other_algorithm, True),
    ("the empty blob", _empty, True),
    ("a blob that exists already", _again, True),
    ("mount", _mount, False),
    ("blob DELETE", _delete_blob, False),
    ("manifest PUT by tag", lambda server: put_manifest(server, "a", "v1", IMAGE), False),
    ("tag move", lambda server: put_manifest(server, "a", "v1", OTHER_IMAGE), False),
    ("manifest PUT by digest", lambda server: put_manifest(server, "a", BY_DIGEST, IMAGE), False),
    ("tag DELETE", lambda server: server.request("DELETE", "/v2/a/manifests/v1"), False),
    (
        "manifest DELETE",
        lambda server: server.request("DELETE", f"/v2/a/manifests/{sha256(IMAGE)}"),
        False,
    ),
]
"""Name, what is done, and whether a blob gets its name by it."""
