"""Listing referrers."""

from typing import Any
from urllib.parse import quote

from tests.wire.harness.contents import (
    ABSENT_IMAGE,
    IMAGE,
    IMAGE_2,
    OCI_CONFIG,
    OCI_INDEX,
    Content,
    artifact,
    image,
    index,
)
from tests.wire.harness.exchange import Reply, Transport
from tests.wire.harness.paging import pages
from tests.wire.harness.rules import Check, Rule, Step, delete, get, head, play, rule
from tests.wire.harness.steps import full_base, push_manifest

LISTING = "Listing Referrers (end-12a)"
FILTER = "Listing Referrers, artifactType (end-12b)"
FALLBACK = "Enabling the Referrers API, referrers tag schema"

SBOM_TYPE = "application/vnd.example.sbom"
SIGNATURE_TYPE = "application/vnd.example.signature.v1+json"
UNENCODED = f"/v2/<name>/referrers/{IMAGE.digest}?artifactType={SIGNATURE_TYPE}"
SBOM = artifact(SBOM_TYPE, IMAGE, annotations={"org.example.a": "1"})
SIGNATURE = artifact(SIGNATURE_TYPE, IMAGE)
PLAIN = image(subject=IMAGE.described(), annotations={"plain": "yes"})
UNTYPED_INDEX = index(subject=IMAGE.described())
TYPED_INDEX = index(subject=IMAGE.described(), artifactType=SBOM_TYPE)
LARGE = [
    artifact(SBOM_TYPE, IMAGE, annotations={"n": str(number), "x": "x" * 1_500_000})
    for number in range(4)
]
FALLBACK_TAG = IMAGE.digest.replace(":", "-")


def described(content: Content, artifact_type: str | None, **annotations: str) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if artifact_type:
        more["artifactType"] = artifact_type
    if annotations:
        more["annotations"] = annotations
    return content.described(**more)


def lists(*wanted: dict[str, Any]) -> Check:
    """Exactly these descriptors, in any order, in an OCI index."""

    def check(reply: Reply) -> None:
        document = reply.json()
        assert document["schemaVersion"] == 2
        assert document["mediaType"] == OCI_INDEX
        assert by_digest(document["manifests"]) == by_digest(list(wanted))

    return check


def by_digest(descriptors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [
        {key: value for key, value in item.items() if value != {} and value is not None}
        for item in descriptors
    ]
    return sorted(kept, key=lambda item: str(item["digest"]))


def with_referrers() -> list[Step]:
    return [
        *full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(SBOM),
        push_manifest(SIGNATURE),
        push_manifest(PLAIN, "plain"),
        push_manifest(UNTYPED_INDEX),
        push_manifest(TYPED_INDEX),
    ]


def at_most_4_mib(reply: Reply) -> None:
    assert len(reply.body) <= 4 * 1024 * 1024
    assert reply.header("Link") is not None


RULES = [
    rule(
        LISTING,
        "the answer is always 200 with an image index, empty when nothing refers",
        full_base(),
        push_manifest(IMAGE, "v1"),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, present={"Content-Type": OCI_INDEX}, check=lists()
        ),
        get(f"/v2/<name>/referrers/{ABSENT_IMAGE.digest}").answers(200, check=lists()),
        get(f"/v2/<name>/referrers/{IMAGE.sha512}").answers(200, check=lists()),
    ),
    rule(
        LISTING,
        "it is 200 and empty for a repository that was never pushed to",
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, present={"Content-Type": OCI_INDEX}, check=lists()
        ),
    ),
    rule(
        LISTING,
        "a malformed digest is 400",
        get("/v2/<name>/referrers/v1").answers(400, code="DIGEST_INVALID"),
        get("/v2/<name>/referrers/sha256:0").answers(400, code="DIGEST_INVALID"),
        get(f"/v2/<name>/referrers/md5:{'0' * 32}").answers(400, code="DIGEST_INVALID"),
    ),
    rule(
        LISTING,
        "descriptors carry type, size, digest, annotations, and the artifactType of the "
        "manifest, else that of its config; an index without one has none",
        with_referrers(),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200,
            absent=("OCI-Filters-Applied", "Link"),
            check=lists(
                described(SBOM, SBOM_TYPE, **{"org.example.a": "1"}),
                described(SIGNATURE, SIGNATURE_TYPE),
                described(PLAIN, OCI_CONFIG, plain="yes"),
                described(UNTYPED_INDEX, None),
                described(TYPED_INDEX, SBOM_TYPE),
            ),
        ),
    ),
    rule(
        LISTING,
        "HEAD answers the status and type of GET without a body",
        with_referrers(),
        head(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, present={"Content-Type": OCI_INDEX}
        ),
    ),
    rule(
        FILTER,
        "artifactType gives those of that type alone and says OCI-Filters-Applied",
        with_referrers(),
        get(f"/v2/<name>/referrers/{IMAGE.digest}", {"artifactType": SBOM_TYPE}).answers(
            200,
            present={"OCI-Filters-Applied": "artifactType", "Content-Type": OCI_INDEX},
            check=lists(
                described(SBOM, SBOM_TYPE, **{"org.example.a": "1"}),
                described(TYPED_INDEX, SBOM_TYPE),
            ),
        ),
        get(f"/v2/<name>/referrers/{IMAGE.digest}", {"artifactType": SIGNATURE_TYPE}).answers(
            200,
            present={"OCI-Filters-Applied": "artifactType"},
            check=lists(described(SIGNATURE, SIGNATURE_TYPE)),
        ),
    ),
    rule(
        FILTER,
        "a `+` that was not encoded is one, though forms write blanks so",
        with_referrers(),
        get(UNENCODED).answers(200, check=lists(described(SIGNATURE, SIGNATURE_TYPE))),
    ),
    rule(
        FILTER,
        "a type that nothing has gives an empty index, still saying the filter",
        with_referrers(),
        get(f"/v2/<name>/referrers/{IMAGE.digest}", {"artifactType": "application/none"}).answers(
            200, present={"OCI-Filters-Applied": "artifactType"}, check=lists()
        ),
    ),
    rule(
        LISTING,
        "what was pushed before its subject is listed, and the list lives in one repository",
        full_base(),
        push_manifest(SBOM),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, check=lists(described(SBOM, SBOM_TYPE, **{"org.example.a": "1"}))
        ),
        full_base("<other>"),
        push_manifest(IMAGE, "v1", "<other>"),
        get(f"/v2/<other>/referrers/{IMAGE.digest}").answers(200, check=lists()),
    ),
    rule(
        LISTING,
        "a referrer that is pushed twice is listed once",
        full_base(),
        push_manifest(SBOM),
        push_manifest(SBOM, "sbom"),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, check=lists(described(SBOM, SBOM_TYPE, **{"org.example.a": "1"}))
        ),
    ),
    rule(
        FALLBACK,
        "what a fallback tag lists and the repository has is included, once",
        full_base(),
        push_manifest(IMAGE, "v1"),
        push_manifest(IMAGE_2, "unrelated"),
        push_manifest(SIGNATURE),
        push_manifest(
            index(
                manifests=[
                    IMAGE_2.described(artifactType=SBOM_TYPE),
                    SIGNATURE.described(artifactType=SIGNATURE_TYPE),
                ]
            ),
            FALLBACK_TAG,
        ),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, check=lists(described(SIGNATURE, SIGNATURE_TYPE), described(IMAGE_2, OCI_CONFIG))
        ),
        get(f"/v2/<name>/referrers/{IMAGE.digest}?artifactType={quote(OCI_CONFIG)}").answers(
            200, check=lists(described(IMAGE_2, OCI_CONFIG))
        ),
        delete(f"/v2/<name>/manifests/{IMAGE_2.digest}").answers(202),
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(
            200, check=lists(described(SIGNATURE, SIGNATURE_TYPE))
        ),
    ),
    rule(
        LISTING,
        "an answer that would be over 4 MiB is cut into pages, joined by Link",
        full_base(),
        [push_manifest(content) for content in LARGE],
        get(f"/v2/<name>/referrers/{IMAGE.digest}").answers(200, check=at_most_4_mib),
    ),
]


def test_rule(rule: Rule, transport: Transport, names: dict[str, str]) -> None:
    play(rule, transport, names)


def test_the_pages_of_a_long_list_together_are_the_whole(
    transport: Transport, names: dict[str, str]
) -> None:
    pushes = rule("", "push", full_base(), [push_manifest(content) for content in LARGE])
    play(pushes, transport, names)
    target = f"/v2/{names['name']}/referrers/{IMAGE.digest}?artifactType={SBOM_TYPE}"
    found = [item["digest"] for page in pages(transport, target) for item in page["manifests"]]
    assert sorted(found) == sorted(content.digest for content in LARGE)
