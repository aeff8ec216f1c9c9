"""What kinds of manifests are taken, and what is checked in them."""

import base64

from tests.wire.harness.contents import (
    ABSENT,
    ABSENT_IMAGE,
    CONFIG,
    DOCKER_BASE,
    DOCKER_FOREIGN,
    DOCKER_IMAGE,
    DOCKER_INDEX,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA_1,
    EMPTY,
    IMAGE,
    IMAGE_2,
    INDEX,
    LAYER,
    LAYER_2,
    OCI_MANIFEST,
    OCI_NON_DISTRIBUTABLE,
    Content,
    artifact,
    image,
    index,
    manifest,
)
from tests.wire.harness.exchange import Transport
from tests.wire.harness.rules import Rule, get, play, request, rule
from tests.wire.harness.steps import full_base, push_blob, push_manifest, put_manifest

MANIFEST = "image-spec manifest.md"
INDEXES = "image-spec image-index.md"
DESCRIPTOR = "image-spec descriptor.md"
SCHEMA_2 = "Docker image manifest version 2, schema 2"
URL = "https://cdn.example.com/layer"

SIGNED = Content(
    b'{"schemaVersion":1,"name":"a/b","tag":"v1","architecture":"amd64",'
    b'"fsLayers":[],"history":[],"signatures":[]}',
    DOCKER_SCHEMA_1,
)
CACHE_CONFIG = Content(b'{"layers":[]}', "application/vnd.buildkit.cacheconfig.v0")
CACHE_INDEX = index(LAYER, LAYER_2, CACHE_CONFIG)
UNKNOWN_KIND = manifest("application/vnd.example.thing.v7+json", layers=[LAYER.described()])
NESTED = index(INDEX)


def with_data(content: Content, data: bytes) -> Content:
    """An image whose layer carries its bytes in the descriptor."""
    described = content.described(data=base64.b64encode(data).decode())
    return image(layers=[described])


RULES = [
    rule(
        MANIFEST,
        "an image manifest is taken",
        full_base(),
        put_manifest(IMAGE, "v1").answers(201),
    ),
    rule(
        MANIFEST,
        "an artifact with artifactType and the empty config is taken",
        push_blob(EMPTY),
        put_manifest(artifact("application/vnd.example.sbom"), "v1").answers(201),
    ),
    rule(
        MANIFEST,
        "an image without layers is taken",
        push_blob(CONFIG),
        put_manifest(image(layers=[]), "v1").answers(201),
    ),
    rule(
        MANIFEST,
        "fields that nobody knows are kept and do no harm",
        full_base(),
        put_manifest(image(unknown={"a": [1, 2]}), "v1").answers(201),
        get("/v2/<name>/manifests/v1").answers(200, says=('"unknown"',)),
    ),
    rule(
        INDEXES,
        "an index is taken once its children are there, and may lie in another index",
        full_base(),
        push_manifest(IMAGE),
        push_manifest(IMAGE_2),
        put_manifest(INDEX, "v1").answers(201),
        put_manifest(NESTED, "nested").answers(201),
    ),
    rule(
        INDEXES,
        "an index without entries is taken",
        full_base(),
        put_manifest(index(), "v1").answers(201),
    ),
    rule(
        INDEXES,
        "an index whose children are absent is refused, naming each of them",
        full_base(),
        push_manifest(IMAGE),
        put_manifest(index(IMAGE, IMAGE_2, ABSENT_IMAGE), "v1").answers(
            400, code="MANIFEST_BLOB_UNKNOWN", says=(IMAGE_2.digest, ABSENT_IMAGE.digest)
        ),
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        "BuildKit's registry cache",
        "an index whose entries are blobs of the repository is taken",
        full_base(),
        push_blob(CACHE_CONFIG),
        put_manifest(CACHE_INDEX, "cache").answers(201),
        get("/v2/<name>/manifests/cache").answers(200, body=CACHE_INDEX.payload),
    ),
    rule(
        SCHEMA_2,
        "a schema 2 manifest and a manifest list are taken",
        full_base(),
        push_blob(DOCKER_BASE),
        put_manifest(DOCKER_IMAGE, "v1").answers(201),
        put_manifest(DOCKER_INDEX, "list").answers(201),
    ),
    rule(
        SCHEMA_2,
        "a schema 1 manifest is refused with a message that says so",
        full_base(),
        put_manifest(SIGNED, "v1").answers(400, code="MANIFEST_INVALID", says=("schema 1",)),
        request(
            "PUT", "/v2/<name>/manifests/v1", SIGNED.payload, content_type="application/json"
        ).answers(400, code="MANIFEST_INVALID", says=("schema 1",)),
    ),
    rule(
        "extending.md",
        "a media type that nobody knows is taken when the well-known fields are there",
        full_base(),
        put_manifest(UNKNOWN_KIND, "v1").answers(201),
        get("/v2/<name>/manifests/v1").answers(
            200, body=UNKNOWN_KIND.payload, present={"Content-Type": UNKNOWN_KIND.media_type}
        ),
    ),
    rule(
        "extending.md",
        "what it refers to must be there as well",
        full_base(),
        put_manifest(
            manifest("application/vnd.example.thing.v7+json", layers=[ABSENT.described()]), "v1"
        ).answers(400, code="MANIFEST_BLOB_UNKNOWN", says=(ABSENT.digest,)),
    ),
    rule(
        "RFC 8259 section 4",
        "a document that says a thing twice is refused, for readers differ on it",
        full_base(),
        request(
            "PUT",
            "/v2/<name>/manifests/v1",
            IMAGE.payload.replace(b'"layers":', b'"layers": [], "layers":'),
            content_type=OCI_MANIFEST,
        ).answers(400, code="MANIFEST_INVALID"),
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        DESCRIPTOR,
        "a size that contradicts what is stored is 400 MANIFEST_INVALID",
        full_base(),
        put_manifest(image(layers=[LAYER.described(size=LAYER.size + 1)]), "v1").answers(
            400, code="MANIFEST_INVALID", says=(LAYER.digest,)
        ),
        put_manifest(image(layers=[LAYER.described(size=0)]), "v1").answers(
            400, code="MANIFEST_INVALID"
        ),
        push_manifest(IMAGE),
        put_manifest(manifest(INDEX.media_type, manifests=[IMAGE.described(size=1)]), "v1").answers(
            400, code="MANIFEST_INVALID"
        ),
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        DESCRIPTOR,
        "a descriptor without a digest or a size, or with a bad one, is refused",
        full_base(),
        *[
            put_manifest(image(layers=[LAYER.described(**wrong)]), "v1").answers(400)
            for wrong in (
                {"mediaType": 1},
                {"MediaType": "application/octet-stream"},
                {"size": -1},
                {"size": "9"},
                {"size": 1.5},
                {"size": True},
                {"size": 2**70},
                {"digest": "sha256:1"},
                {"digest": None},
                {"digest": f"sha1:{'0' * 40}"},
                {"urls": "x"},
                {"size": None},
                {"annotations": 5},
                {"annotations": {"a": 5}},
            )
        ],
        put_manifest(image(layers={}), "v1").answers(400, code="MANIFEST_INVALID"),
        put_manifest(image(layers=[None]), "v1").answers(400, code="MANIFEST_INVALID"),
        get("/v2/<name>/manifests/v1").answers(404),
    ),
    rule(
        DESCRIPTOR,
        "types of content are any text, or missing; annotations may be null",
        full_base(),
        *[
            put_manifest(image(layers=[LAYER.described(**odd)]), "v1").answers(201)
            for odd in (
                {"mediaType": ""},
                {"mediaType": None},
                {"mediaType": "text/plain; charset=utf-8"},
                {"mediaType": "gzip"},
                {"artifactType": "thing"},
                {"annotations": None},
                {"annotations": {"a": None}},
            )
        ],
        put_manifest(image(annotations={"a": None}, artifactType="thing"), "v1").answers(201),
        put_manifest(image(layers=None), "v1").answers(201),
    ),
    rule(
        f"{DESCRIPTOR}, data",
        "embedded data is taken when it has the size and digest beside it",
        full_base(),
        put_manifest(with_data(LAYER_2, LAYER_2.payload), "v1").answers(201),
    ),
    rule(
        f"{DESCRIPTOR}, data",
        "embedded data that contradicts them is refused",
        full_base(),
        put_manifest(with_data(LAYER_2, b"something else"), "v1").answers(400),
        put_manifest(with_data(LAYER_2, LAYER_2.payload[:-1] + b"?"), "v1").answers(400),
        put_manifest(image(layers=[LAYER_2.described(data="not base64!")]), "v1").answers(
            400, code="MANIFEST_INVALID"
        ),
    ),
    rule(
        "image-spec layer.md, Non-Distributable Layers",
        "a layer that is non-distributable may be absent",
        full_base(),
        put_manifest(image(Content(b"elsewhere", OCI_NON_DISTRIBUTABLE)), "v1").answers(201),
        push_blob(DOCKER_BASE),
        put_manifest(
            manifest(
                DOCKER_MANIFEST,
                config=DOCKER_BASE.described(),
                layers=[
                    Content(b"elsewhere", DOCKER_FOREIGN).described(),
                    Content(LAYER.payload, DOCKER_LAYER).described(),
                ],
            ),
            "v2",
        ).answers(201),
    ),
    rule(
        f"{DESCRIPTOR}, urls",
        "any urls are taken beside what the repository has, and replace nothing that it lacks",
        full_base(),
        put_manifest(image(layers=[ABSENT.described(urls=[URL])]), "v1").answers(
            400, code="MANIFEST_BLOB_UNKNOWN", says=(ABSENT.digest,)
        ),
        *[
            put_manifest(image(layers=[LAYER.described(urls=urls)]), "v1").answers(201)
            for urls in ([URL], [], ["ftp://elsewhere/x", "no URL"])
        ],
        put_manifest(
            image(layers=[Content(b"elsewhere", DOCKER_FOREIGN).described(urls=[URL])]), "v1"
        ).answers(201),
    ),
    rule(
        MANIFEST,
        "schemaVersion must be 2",
        full_base(),
        *[
            put_manifest(image(schemaVersion=wrong), "v1").answers(400, code="MANIFEST_INVALID")
            for wrong in (0, 3, "2", None)
        ],
    ),
    rule(
        MANIFEST,
        "the config must be there; without layers an image has none",
        full_base(),
        put_manifest(manifest(OCI_MANIFEST, layers=[]), "v1").answers(400, code="MANIFEST_INVALID"),
        get("/v2/<name>/manifests/v1").answers(404),
        put_manifest(manifest(OCI_MANIFEST, config=CONFIG.described()), "v1").answers(201),
    ),
    rule(
        f"{DESCRIPTOR}, Digests",
        "an algorithm that is not supported is 400 DIGEST_INVALID inside a manifest too",
        full_base(),
        put_manifest(image(layers=[LAYER.described(digest=f"sha384:{'0' * 96}")]), "v1").answers(
            400, says=("sha384",)
        ),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)
