"""Pulling blobs: GET and HEAD, ranges, caching."""

import re

from tests.wire.harness.contents import ABSENT, CONFIG, IMAGE, LAYER, Content
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, Step, get, head, play, request, rule
from tests.wire.harness.steps import base, push_blob, push_manifest

PULL = "Pulling blobs (end-2)"
EXISTS = "Checking if content exists in the registry (end-2)"
RANGES = "RFC 9110 section 14"
CACHING = "RFC 9110 section 13"

HOLE = Content(b"")
LARGE = Content(bytes(range(251)) * 13_001)
BLOB = f"/v2/<name>/blobs/{LAYER.digest}"
SIZE = LAYER.size
WHOLE = {
    "Content-Length": str(SIZE),
    "Docker-Content-Digest": LAYER.digest,
    "ETag": f'"{LAYER.digest}"',
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=31536000, immutable",
    "Content-Type": "application/octet-stream",
}


def part(asked: str, first: int, last: int, **headers: str) -> Step:
    return get(BLOB, None, range=asked, **headers).answers(
        206,
        present={
            "Content-Range": f"bytes {first}-{last}/{SIZE}",
            "Content-Length": str(last - first + 1),
            "Docker-Content-Digest": LAYER.digest,
            "ETag": f'"{LAYER.digest}"',
        },
        body=LAYER.payload[first : last + 1],
    )


def whole(**headers: str) -> Step:
    return get(BLOB, None, **headers).answers(
        200, present=WHOLE, absent=("Content-Range",), body=LAYER.payload
    )


def out_of_range(asked: str) -> Step:
    return get(BLOB, range=asked).answers(416, present={"Content-Range": f"bytes */{SIZE}"})


RULES = [
    rule(
        PULL,
        "GET gives the bytes, their length, digest and entity tag, and may be cached for ever",
        base(),
        whole(),
    ),
    rule(
        EXISTS,
        "HEAD answers 200 with the headers of GET and no body",
        base(),
        head(BLOB).answers(200, present=WHOLE),
    ),
    rule(
        PULL,
        "a blob of no bytes and one of several megabytes come back whole",
        push_blob(HOLE, LARGE),
        get(f"/v2/<name>/blobs/{HOLE.digest}").answers(
            200, body=b"", present={"Content-Length": "0"}
        ),
        head(f"/v2/<name>/blobs/{HOLE.digest}").answers(200, present={"Content-Length": "0"}),
        get(f"/v2/<name>/blobs/{LARGE.digest}").answers(200, body=LARGE.payload),
    ),
    rule(
        PULL,
        "a blob that the repository does not have is 404 BLOB_UNKNOWN",
        base(),
        get(f"/v2/<name>/blobs/{ABSENT.digest}").answers(404, code="BLOB_UNKNOWN"),
        head(f"/v2/<name>/blobs/{ABSENT.digest}").answers(404),
        get(f"/v2/<name>/blobs/{LAYER.sha512}").answers(404, code="BLOB_UNKNOWN"),
    ),
    rule(
        PULL,
        "a blob is served only through a repository that has it",
        base(),
        get(f"/v2/<other>/blobs/{LAYER.digest}").answers(404),
        push_blob(CONFIG, name="<other>"),
        get(f"/v2/<other>/blobs/{LAYER.digest}").answers(404, code="BLOB_UNKNOWN"),
        head(f"/v2/<other>/blobs/{LAYER.digest}").answers(404),
    ),
    rule(
        PULL,
        "a manifest is no blob of its repository",
        base(),
        push_manifest(IMAGE, "v1"),
        get(f"/v2/<name>/blobs/{ABSENT.digest}").answers(404, code="BLOB_UNKNOWN"),
    ),
    rule(
        PULL,
        "a malformed digest is 400 DIGEST_INVALID",
        get("/v2/<name>/blobs/latest").answers(400, code="DIGEST_INVALID"),
        get("/v2/<name>/blobs/sha256:12").answers(400, code="DIGEST_INVALID"),
        get(f"/v2/<name>/blobs/md5:{'0' * 32}").answers(
            400, code="DIGEST_INVALID", says=("sha256", "sha512")
        ),
        head("/v2/<name>/blobs/sha256:12").answers(400),
    ),
    rule(
        PULL,
        "a sha512 digest names a blob that was pushed by it",
        request(
            "POST", "/v2/<name>/blobs/uploads/", LAYER.payload, {"digest": LAYER.sha512}
        ).answers(201),
        get(f"/v2/<name>/blobs/{LAYER.sha512}").answers(
            200, body=LAYER.payload, present={"Docker-Content-Digest": LAYER.sha512}
        ),
    ),
    rule(
        RANGES,
        "one range of bytes is 206 with Content-Range",
        base(),
        part("bytes=0-9", 0, 9),
        part("bytes=0-0", 0, 0),
        part("bytes=5-100", 5, 100),
        part(f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE - 1),
    ),
    rule(
        RANGES,
        "an open range goes to the end, and a range past the end is cut there",
        base(),
        part("bytes=100-", 100, SIZE - 1),
        part(f"bytes=100-{SIZE * 10}", 100, SIZE - 1),
        part(f"bytes=0-{10**30}", 0, SIZE - 1),
    ),
    rule(
        RANGES,
        "a suffix range gives the last bytes, all of them when it is longer than the blob",
        base(),
        part("bytes=-5", SIZE - 5, SIZE - 1),
        part(f"bytes=-{SIZE}", 0, SIZE - 1),
        part(f"bytes=-{SIZE + 1}", 0, SIZE - 1),
    ),
    rule(
        RANGES,
        "the unit is not case-sensitive",
        base(),
        part("Bytes=0-9", 0, 9),
    ),
    rule(
        RANGES,
        "a range that begins behind the end is 416 with the size",
        base(),
        out_of_range(f"bytes={SIZE}-"),
        out_of_range(f"bytes={SIZE}-{SIZE + 5}"),
        out_of_range("bytes=-0"),
        out_of_range(f"bytes={10**30}-"),
    ),
    rule(
        RANGES,
        "any range of a blob of no bytes is 416",
        push_blob(HOLE),
        get(f"/v2/<name>/blobs/{HOLE.digest}", range="bytes=0-").answers(
            416, present={"Content-Range": "bytes */0"}
        ),
    ),
    rule(
        RANGES,
        "several ranges, another unit, and what cannot be read are answered with the whole",
        base(),
        whole(range="bytes=0-1,5-6"),
        whole(range="lines=0-9"),
        whole(range="bytes=9-5"),
        whole(range="bytes=a-b"),
        whole(range="bytes=-"),
        whole(range="bytes="),
        whole(range="bytes=1-2-3"),
        whole(range="bytes=+1-2"),
        whole(range="bytes=1_0-20"),
        whole(range="0-5"),
    ),
    rule(
        "RFC 9110 section 9.3.2",
        "HEAD answers a Range with the status and headers of GET",
        base(),
        head(BLOB, range="bytes=5-9").answers(
            206, present={"Content-Range": f"bytes 5-9/{SIZE}", "Content-Length": "5"}
        ),
        head(BLOB, range=f"bytes={SIZE}-").answers(
            416, present={"Content-Range": f"bytes */{SIZE}"}
        ),
    ),
    rule(
        f"{CACHING}.1.5",
        "If-Range with the entity tag gives the part, with another one the whole",
        base(),
        part("bytes=0-9", 0, 9, if_range=f'"{LAYER.digest}"'),
        whole(range="bytes=0-9", if_range=f'"{CONFIG.digest}"'),
        whole(range="bytes=0-9", if_range=f'W/"{LAYER.digest}"'),
        whole(range="bytes=0-9", if_range="Wed, 21 Oct 2015 07:28:00 GMT"),
    ),
    rule(
        f"{CACHING}.1.2",
        "If-None-Match with the entity tag gives 304, with another one the whole",
        base(),
        get(BLOB, if_none_match=f'"{LAYER.digest}"').answers(
            304, present={"ETag": f'"{LAYER.digest}"'}, absent=("Content-Range",)
        ),
        head(BLOB, if_none_match=f'"{LAYER.digest}"').answers(304),
        get(BLOB, if_none_match="*").answers(304),
        get(BLOB, if_none_match=f'"x", W/"{LAYER.digest}"').answers(304),
        get(BLOB, if_none_match=f'"{LAYER.digest}"', range="bytes=0-9").answers(304),
        whole(if_none_match=f'"{CONFIG.digest}"'),
    ),
    rule(
        PULL,
        "large parts of a large blob come back as asked",
        push_blob(LARGE),
        get(f"/v2/<name>/blobs/{LARGE.digest}", range="bytes=1000001-3000000").answers(
            206,
            body=LARGE.payload[1_000_001:3_000_001],
            present={"Content-Range": re.compile(rf"bytes 1000001-3000000/{LARGE.size}")},
        ),
    ),
    rule(
        "Registry Proxying",
        "the query parameter ns is ignored where the registry is the source",
        base(),
        get(BLOB, {"ns": "docker.io"}).answers(200, present=WHOLE, absent=("OCI-Namespace",)),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
