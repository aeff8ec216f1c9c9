"""Steps that many rules begin with."""

from tests.wire.harness.contents import CONFIG, EMPTY, LAYER, LAYER_2, Content
from tests.wire.harness.rules import Step, request

UPLOADS = "/v2/<name>/blobs/uploads/"


def push_blob(*blobs: Content, name: str = "<name>") -> list[Step]:
    """Push blobs, each with one POST."""
    return [
        request(
            "POST",
            f"/v2/{name}/blobs/uploads/",
            blob.payload,
            {"digest": blob.digest},
            content_type="application/octet-stream",
        ).answers(201)
        for blob in blobs
    ]


def put_manifest(content: Content, reference: str = "", name: str = "<name>") -> Step:
    """Push a manifest, by its digest where no reference is given."""
    return request(
        "PUT",
        f"/v2/{name}/manifests/{reference or content.digest}",
        content.payload,
        content_type=content.media_type,
    )


def push_manifest(content: Content, reference: str = "", name: str = "<name>") -> Step:
    """Push a manifest that must be taken."""
    return put_manifest(content, reference, name).answers(201)


def base(name: str = "<name>") -> list[Step]:
    """Push the blobs that IMAGE is made of."""
    return push_blob(CONFIG, LAYER, name=name)


def full_base(name: str = "<name>") -> list[Step]:
    """Push the blobs that all images and artifacts of contents.py are made of."""
    return push_blob(CONFIG, LAYER, LAYER_2, EMPTY, name=name)


def begin(query: dict[str, str] | None = None) -> Step:
    """Begin an upload."""
    return request("POST", UPLOADS, None, query).answers(202)


def patch(content: bytes, **headers: str) -> Step:
    """Send bytes to the session that the newest Location names."""
    headers.setdefault("content_type", "application/octet-stream")
    return request("PATCH", "<location>", content, None, **headers)


def chunk(content: bytes, start: int) -> Step:
    """Send bytes to the session, saying where they belong."""
    return patch(content, content_range=f"{start}-{start + len(content) - 1}")


def finish(digest: str, content: bytes | None = None, **headers: str) -> Step:
    """Finish the session."""
    return request("PUT", "<location>", content, {"digest": digest}, **headers)
