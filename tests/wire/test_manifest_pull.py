"""Pulling manifests: GET and HEAD by tag and by digest."""

import pytest

from tests.wire.harness.contents import (
    DOCKER_BASE,
    DOCKER_IMAGE,
    DOCKER_INDEX,
    IMAGE,
    IMAGE_2,
    INDEX,
    LAYER,
    OCI_INDEX,
    OCI_MANIFEST,
    Content,
)
from tests.wire.harness.exchange import Request, Transport
from tests.wire.harness.rules import Rule, Step, delete, get, head, play, rule
from tests.wire.harness.steps import base, full_base, push_blob, push_manifest

PULL = "Pulling manifests (end-3)"
EXISTS = "Checking if content exists in the registry (end-3)"
NEGOTIATION = "content-negotiation.md"
CACHING = "RFC 9110 section 13.1.2"


def served(content: Content) -> dict[str, str]:
    return {
        "Content-Type": content.media_type,
        "Content-Length": str(content.size),
        "Docker-Content-Digest": content.digest,
        "ETag": f'"{content.digest}"',
    }


def with_image() -> list[Step]:
    return [*base(), push_manifest(IMAGE, "v1")]


def every_kind() -> list[Step]:
    return [
        *full_base(),
        *push_blob(DOCKER_BASE),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "v2"),
        push_manifest(INDEX, "index"),
        push_manifest(DOCKER_IMAGE, "docker"),
        push_manifest(DOCKER_INDEX, "list"),
    ]


RULES = [
    rule(
        PULL,
        "GET by tag gives the bytes that were pushed, their type, digest, length and tag",
        with_image(),
        get("/v2/<name>/manifests/v1").answers(200, present=served(IMAGE), body=IMAGE.payload),
    ),
    rule(
        PULL,
        "GET by digest gives the same",
        with_image(),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(
            200, present=served(IMAGE), body=IMAGE.payload
        ),
    ),
    rule(
        EXISTS,
        "HEAD by tag and by digest answers 200 with the headers of GET and no body",
        with_image(),
        head("/v2/<name>/manifests/v1").answers(200, present=served(IMAGE)),
        head(f"/v2/<name>/manifests/{IMAGE.digest}").answers(200, present=served(IMAGE)),
    ),
    rule(
        PULL,
        "each kind of manifest comes back byte for byte with the Content-Type that was pushed",
        every_kind(),
        get("/v2/<name>/manifests/index").answers(200, present=served(INDEX), body=INDEX.payload),
        get("/v2/<name>/manifests/docker").answers(
            200, present=served(DOCKER_IMAGE), body=DOCKER_IMAGE.payload
        ),
        get("/v2/<name>/manifests/list").answers(
            200, present=served(DOCKER_INDEX), body=DOCKER_INDEX.payload
        ),
    ),
    rule(
        PULL,
        "a manifest that is not in the repository is 404 MANIFEST_UNKNOWN",
        with_image(),
        get("/v2/<name>/manifests/v2").answers(404, code="MANIFEST_UNKNOWN"),
        get(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(404, code="MANIFEST_UNKNOWN"),
        get(f"/v2/<name>/manifests/{IMAGE.sha512}").answers(404, code="MANIFEST_UNKNOWN"),
        head("/v2/<name>/manifests/v2").answers(404),
        head(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(404),
    ),
    rule(
        PULL,
        "a manifest of another repository is not served by its digest alone",
        with_image(),
        get(f"/v2/<other>/manifests/{IMAGE.digest}").answers(404),
        base("<other>"),
        get(f"/v2/<other>/manifests/{IMAGE.digest}").answers(404, code="MANIFEST_UNKNOWN"),
    ),
    rule(
        PULL,
        "a repository that was never pushed to is 404",
        get("/v2/<name>/manifests/latest").answers(404),
        head("/v2/<name>/manifests/latest").answers(404),
    ),
    rule(
        PULL,
        "a blob is no manifest",
        base(),
        get(f"/v2/<name>/manifests/{LAYER.digest}").answers(404, code="MANIFEST_UNKNOWN"),
    ),
    rule(
        PULL,
        "a reference must be a tag or a digest, and nothing else",
        with_image(),
        get("/v2/<name>/manifests/-v1").answers(400, code="TAG_INVALID"),
        get("/v2/<name>/manifests/.v1").answers(400, code="TAG_INVALID"),
        get("/v2/<name>/manifests/v%201").answers(400, code="TAG_INVALID"),
        get(f"/v2/<name>/manifests/{'a' * 129}").answers(400, code="TAG_INVALID"),
        get(f"/v2/<name>/manifests/{'a' * 128}").answers(404, code="MANIFEST_UNKNOWN"),
        get("/v2/<name>/manifests/sha256:abc").answers(400, code="DIGEST_INVALID"),
        get(f"/v2/<name>/manifests/{IMAGE.digest.upper()}").answers(400, code="DIGEST_INVALID"),
        get(f"/v2/<name>/manifests/{IMAGE.digest}0").answers(400, code="DIGEST_INVALID"),
    ),
    rule(
        "image-spec descriptor.md, Digests",
        "an algorithm that is not supported is 400 DIGEST_INVALID naming those that are",
        get(f"/v2/<name>/manifests/sha384:{'a' * 96}").answers(
            400, code="DIGEST_INVALID", says=("sha256", "sha512")
        ),
        get(f"/v2/<name>/manifests/blake3:{'a' * 64}").answers(
            400, code="DIGEST_INVALID", says=("sha256", "sha512")
        ),
        get(f"/v2/<name>/manifests/sha512:{'a' * 64}").answers(400, code="DIGEST_INVALID"),
        get(f"/v2/<name>/manifests/sha256:{'A' * 64}").answers(400, code="DIGEST_INVALID"),
    ),
    rule(
        PULL,
        "a digest in a path may be percent-encoded",
        with_image(),
        get(f"/v2/<name>/manifests/{IMAGE.digest.replace(':', '%3A')}").answers(
            200, present=served(IMAGE)
        ),
    ),
    rule(
        NEGOTIATION,
        "what is stored is served, whatever Accept says",
        with_image(),
        get("/v2/<name>/manifests/v1", accept=OCI_MANIFEST).answers(200, present=served(IMAGE)),
        get("/v2/<name>/manifests/v1", accept="*/*").answers(200, present=served(IMAGE)),
        get("/v2/<name>/manifests/v1", accept=OCI_INDEX).answers(200, present=served(IMAGE)),
        get("/v2/<name>/manifests/v1", accept="text/html;q=0.2, ,;").answers(
            200, present=served(IMAGE)
        ),
    ),
    rule(
        CACHING,
        "If-None-Match with the digest, a list that has it, a weak one, or a star gives 304",
        with_image(),
        *[
            get("/v2/<name>/manifests/v1", if_none_match=value).answers(
                304,
                present={"ETag": f'"{IMAGE.digest}"', "Docker-Content-Digest": IMAGE.digest},
            )
            for value in (
                f'"{IMAGE.digest}"',
                f'"another", "{IMAGE.digest}"',
                f'W/"{IMAGE.digest}"',
                "*",
            )
        ],
        head("/v2/<name>/manifests/v1", if_none_match=f'"{IMAGE.digest}"').answers(304),
        get(f"/v2/<name>/manifests/{IMAGE.digest}", if_none_match=f'"{IMAGE.digest}"').answers(304),
    ),
    rule(
        CACHING,
        "If-None-Match with another digest, or one that cannot be read, gives the whole",
        with_image(),
        get("/v2/<name>/manifests/v1", if_none_match=f'"{IMAGE_2.digest}"').answers(
            200, body=IMAGE.payload
        ),
        get("/v2/<name>/manifests/v1", if_none_match='"').answers(200, body=IMAGE.payload),
    ),
    rule(
        CACHING,
        "If-None-Match of a tag that has moved gives the new manifest",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "v1"),
        get("/v2/<name>/manifests/v1", if_none_match=f'"{IMAGE.digest}"').answers(
            200, present=served(IMAGE_2), body=IMAGE_2.payload
        ),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(200, body=IMAGE.payload),
    ),
    rule(
        "Registry Proxying",
        "the query parameter ns is ignored where the registry is the source",
        with_image(),
        get("/v2/<name>/manifests/v1", {"ns": "docker.io"}).answers(
            200, present=served(IMAGE), absent=("OCI-Namespace",)
        ),
        get("/v2/<name>/manifests/nothing", {"ns": "docker.io"}).answers(404),
    ),
    rule(
        "every answer",
        "query parameters and headers that nobody knows are ignored",
        with_image(),
        get("/v2/<name>/manifests/v1", {"x": "1", "y": "%"}, x_unknown="1").answers(200),
        get("/v2/<name>/manifests/v1?&&=&a&%zz").answers(200),
    ),
    rule(
        "Deleting Manifests (end-9)",
        "what an index still refers to can be deleted, and the index stays readable",
        every_kind(),
        delete(f"/v2/<name>/manifests/{IMAGE.digest}").answers(202),
        get(f"/v2/<name>/manifests/{IMAGE.digest}").answers(404, code="MANIFEST_UNKNOWN"),
        get("/v2/<name>/manifests/index").answers(200, body=INDEX.payload),
        get(f"/v2/<name>/manifests/{INDEX.digest}").answers(200, body=INDEX.payload),
    ),
]


@pytest.mark.usefixtures("transport")
def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_conditions_on_several_lines_are_one_list(
    transport: Transport, names: dict[str, str], place: int
) -> None:
    play(rule("", "push", with_image()), transport, names)
    digests = [f'"{IMAGE_2.digest}"', '"other"']
    digests.insert(place, f'"{IMAGE.digest}"')
    headers = tuple(("If-None-Match", digest) for digest in digests)
    target = f"/v2/{names['name']}/manifests/v1"
    assert transport.send(Request("GET", target, headers)).status == 304
    others = tuple(pair for pair in headers if IMAGE.digest not in pair[1])
    assert transport.send(Request("GET", target, others)).status == 200
