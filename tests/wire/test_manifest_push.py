"""Pushing manifests: references, tags, types, limits."""

from tests.wire.harness.contents import (
    ABSENT,
    ABSENT_2,
    ABSENT_IMAGE,
    CONFIG,
    DOCKER_MANIFEST,
    IMAGE,
    IMAGE_2,
    LAYER,
    OCI_INDEX,
    OCI_MANIFEST,
    Content,
    artifact,
    image,
    manifest,
    padded,
)
from tests.wire.harness.exchange import Reply, Transport
from tests.wire.harness.rules import Check, Rule, Step, get, head, play, request, rule
from tests.wire.harness.steps import full_base, push_blob, push_manifest, put_manifest

PUSH = "Pushing Manifests (end-7a)"
TAGS = "Pushing Manifests, tag parameters (end-7b)"
SUBJECT = "Pushing Manifests with Subject"
FOUR_MIB = 4 * 1024 * 1024


def taken(content: Content) -> dict[str, str]:
    return {
        "Location": f"/v2/<name>/manifests/{content.digest}",
        "Docker-Content-Digest": content.digest,
    }


def put_as(content: Content, media_type: str, reference: str = "v1") -> Step:
    return request(
        "PUT", f"/v2/<name>/manifests/{reference}", content.payload, content_type=media_type
    )


def put_tags(content: Content, digest: str, *tags: str) -> Step:
    return request(
        "PUT",
        f"/v2/<name>/manifests/{digest}",
        content.payload,
        [("tag", tag) for tag in tags],
        content_type=content.media_type,
    )


def untyped(media_type: str | None = None) -> Content:
    """An image manifest whose mediaType says this, or nothing."""
    return image(mediaType=media_type)


def tells_tags(*tags: str) -> Check:
    """OCI-Tag has each of them, in one header or in several."""

    def check(reply: Reply) -> None:
        values = [value for name, value in reply.headers if name == "oci-tag"]
        assert [tag.strip() for value in values for tag in value.split(",")] == list(tags)

    return check


REFERRER = artifact("application/vnd.example.sbom", IMAGE)
LARGEST = padded(FOUR_MIB)
TOO_LARGE = padded(FOUR_MIB + 1)

RULES = [
    rule(
        PUSH,
        "a manifest pushed by tag answers 201 with a Location and digest that can be pulled",
        full_base(),
        put_manifest(IMAGE, "v1").answers(201, present=taken(IMAGE)),
        get("<location>").answers(200, body=IMAGE.payload),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
    ),
    rule(
        PUSH,
        "a manifest pushed by digest answers the same and has no tag",
        full_base(),
        put_manifest(IMAGE).answers(201, present=taken(IMAGE), absent=("OCI-Tag",)),
        get("<location>").answers(200, body=IMAGE.payload),
        get("/v2/<name>/tags/list").answers(200, says=('"tags":[]',)),
    ),
    rule(
        PUSH,
        "pushing the same manifest again is taken again",
        full_base(),
        put_manifest(IMAGE, "v1").answers(201, present=taken(IMAGE)),
        put_manifest(IMAGE, "v1").answers(201, present=taken(IMAGE)),
        put_manifest(IMAGE).answers(201, present=taken(IMAGE)),
    ),
    rule(
        PUSH,
        "a tag moves to the newest manifest, and the older one stays",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "v1"),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE_2.payload),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(200, body=IMAGE.payload),
    ),
    rule(
        PUSH,
        "a digest that is not that of the bytes is refused with 400 DIGEST_INVALID",
        full_base(),
        put_manifest(IMAGE, IMAGE_2.digest).answers(400, code="DIGEST_INVALID"),
        put_manifest(IMAGE, IMAGE_2.sha512).answers(400, code="DIGEST_INVALID"),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404),
        get(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(404),
    ),
    rule(
        PUSH,
        "a sha512 reference names the manifest by its sha512 digest",
        full_base(),
        put_manifest(IMAGE, IMAGE.sha512).answers(
            201,
            present={
                "Location": f"/v2/<name>/manifests/{IMAGE.sha512}",
                "Docker-Content-Digest": IMAGE.sha512,
            },
        ),
        get(f"/v2/<name>/manifests/{IMAGE.sha512}").answers(
            200,
            body=IMAGE.payload,
            present={"Docker-Content-Digest": IMAGE.sha512, "ETag": f'"{IMAGE.sha512}"'},
        ),
        head(f"/v2/<name>/manifests/{IMAGE.sha512}").answers(200),
        put_manifest(IMAGE, "v1").answers(201, present=taken(IMAGE)),
    ),
    rule(
        PUSH,
        "a reference that is neither tag nor digest is refused",
        full_base(),
        put_manifest(IMAGE, "-v1").answers(400, code="TAG_INVALID"),
        put_manifest(IMAGE, "a" * 129).answers(400, code="TAG_INVALID"),
        put_manifest(IMAGE, "sha256:12").answers(400, code="DIGEST_INVALID"),
        put_manifest(IMAGE, f"md5:{'0' * 32}").answers(400, code="DIGEST_INVALID"),
        put_manifest(IMAGE, "a" * 128).answers(201),
    ),
    rule(
        TAGS,
        "a push by digest with tag parameters moves each tag, and OCI-Tag lists them",
        full_base(),
        put_tags(IMAGE, IMAGE.digest, "v1", "v1.2", "latest").answers(
            201,
            present=taken(IMAGE),
            check=tells_tags("v1", "v1.2", "latest"),
        ),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
        get("/v2/<name>/manifests/v1.2").answers(200, body=IMAGE.payload),
        get("/v2/<name>/manifests/latest").answers(200, body=IMAGE.payload),
        put_tags(IMAGE_2, IMAGE_2.sha512, "latest").answers(201, check=tells_tags("latest")),
        get("/v2/<name>/manifests/latest").answers(
            200, body=IMAGE_2.payload, present={"Docker-Content-Digest": IMAGE_2.sha512}
        ),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
    ),
    rule(
        TAGS,
        "one bad tag among the parameters refuses the push, and no tag moves",
        full_base(),
        put_tags(IMAGE, IMAGE.digest, "good", "-bad").answers(400, code="TAG_INVALID"),
        get("/v2/<name>/manifests/good").answers(404),
    ),
    rule(
        TAGS,
        "a push by digest that is refused moves no tag",
        full_base(),
        push_manifest(IMAGE, "v1"),
        put_tags(IMAGE_2, IMAGE.digest, "v1").answers(400, code="DIGEST_INVALID"),
        get("/v2/<name>/manifests/v1").answers(200, body=IMAGE.payload),
    ),
    rule(
        PUSH,
        "parameters of the Content-Type and its case are ignored",
        full_base(),
        put_as(IMAGE, f"{OCI_MANIFEST}; charset=utf-8").answers(201),
        get("/v2/<name>/manifests/v1").answers(200, present={"Content-Type": OCI_MANIFEST}),
        put_as(IMAGE_2, OCI_MANIFEST.upper(), "v2").answers(201),
        get("/v2/<name>/manifests/v2").answers(200, present={"Content-Type": OCI_MANIFEST}),
    ),
    rule(
        "image-spec manifest.md, mediaType",
        "a mediaType that contradicts the Content-Type is 400 MANIFEST_INVALID",
        full_base(),
        put_as(IMAGE, DOCKER_MANIFEST).answers(400, code="MANIFEST_INVALID"),
        put_as(IMAGE, OCI_INDEX).answers(400, code="MANIFEST_INVALID"),
        put_as(untyped(DOCKER_MANIFEST), OCI_MANIFEST).answers(400, code="MANIFEST_INVALID"),
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        PUSH,
        "where the Content-Type is missing or says nothing, the manifest's own mediaType decides",
        full_base(),
        put_as(IMAGE, "application/json").answers(201),
        get("/v2/<name>/manifests/v1").answers(200, present={"Content-Type": OCI_MANIFEST}),
        request("PUT", "/v2/<name>/manifests/v2", IMAGE_2.payload).answers(201),
        get("/v2/<name>/manifests/v2").answers(200, present={"Content-Type": OCI_MANIFEST}),
    ),
    rule(
        "image-spec manifest.md, mediaType",
        "a manifest without a mediaType is what its Content-Type says",
        full_base(),
        put_as(untyped(), OCI_MANIFEST).answers(201),
        get("/v2/<name>/manifests/v1").answers(200, present={"Content-Type": OCI_MANIFEST}),
    ),
    rule(
        "image-spec manifest.md, mediaType",
        "a document that could be read as an image and as an index is refused (CVE-2021-41190)",
        full_base(),
        put_manifest(image(manifests=[IMAGE.described()]), "v1").answers(
            400, code="MANIFEST_INVALID"
        ),
        put_manifest(
            manifest(
                OCI_INDEX, manifests=[], config=CONFIG.described(), layers=[LAYER.described()]
            ),
            "v1",
        ).answers(400, code="MANIFEST_INVALID"),
    ),
    rule(
        PUSH,
        "a body that is no JSON object is 400 MANIFEST_INVALID",
        full_base(),
        *[
            put_as(Content(text), OCI_MANIFEST).answers(400, code="MANIFEST_INVALID")
            for text in (
                b"",
                b"{",
                b"[]",
                b"null",
                b'"text"',
                b"\xff\xfe",
                b'{"schemaVersion":2',
                b"[" * 100_000,
                b'{"schemaVersion":1e999}',
            )
        ],
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        PUSH,
        "a manifest of 4 MiB is taken",
        full_base(),
        put_manifest(LARGEST, "v1").answers(201, present=taken(LARGEST)),
        get("/v2/<name>/manifests/v1").answers(200, body=LARGEST.payload),
    ),
    rule(
        PUSH,
        "a larger one is 413, and nothing of it is kept",
        full_base(),
        put_manifest(TOO_LARGE, "v1").answers(413),
        head("/v2/<name>/manifests/v1").answers(404),
        head(f"/v2/<name>/manifests/{TOO_LARGE.digest}").answers(404),
    ),
    rule(
        "Error Codes, MANIFEST_BLOB_UNKNOWN",
        "blobs that the repository lacks are 400 MANIFEST_BLOB_UNKNOWN naming each digest",
        push_blob(CONFIG),
        put_manifest(image(ABSENT, ABSENT_2), "v1").answers(
            400, code="MANIFEST_BLOB_UNKNOWN", says=(ABSENT.digest, ABSENT_2.digest)
        ),
        get("/v2/<name>/manifests/v1").answers(404),
        put_manifest(image(config=ABSENT), "v1").answers(
            400, code="MANIFEST_BLOB_UNKNOWN", says=(ABSENT.digest, LAYER.digest)
        ),
    ),
    rule(
        "Error Codes, MANIFEST_BLOB_UNKNOWN",
        "a blob that only another repository has is lacking",
        full_base("<other>"),
        put_manifest(IMAGE, "v1").answers(
            400, code="MANIFEST_BLOB_UNKNOWN", says=(CONFIG.digest, LAYER.digest)
        ),
    ),
    rule(
        SUBJECT,
        "a push with a subject answers OCI-Subject, whether the subject is there or not",
        full_base(),
        put_manifest(REFERRER).answers(201, present={"OCI-Subject": IMAGE.digest}),
        push_manifest(IMAGE, "v1"),
        put_manifest(artifact("application/x", ABSENT_IMAGE)).answers(
            201, present={"OCI-Subject": ABSENT_IMAGE.digest}
        ),
        put_manifest(IMAGE, "v1").answers(201, absent=("OCI-Subject",)),
    ),
    rule(
        PUSH,
        "a repository exists from its first push on, with slashes in its name or without",
        full_base("<name>/a/b"),
        push_manifest(IMAGE, "v1", "<name>/a/b"),
        get("/v2/<name>/a/b/manifests/v1").answers(200, body=IMAGE.payload),
        get("/v2/<name>/a/manifests/v1").answers(404),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
