from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import InvalidDigest, InvalidManifest
from entrepot.oci import media_type as types
from entrepot.oci.manifest import parse_manifest
from tests.unit.oci.documents import CONFIG, IMAGE, INDEX, LAYER, OWN_TYPE, read
from tests.unit.oci.strategies import anything, descriptors, json_values

SCHEMA_1 = {"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": []}
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("schema 1", SCHEMA_1, "", "schema 1 are not accepted"),
    ("schema 1 as JSON", SCHEMA_1, "application/json", "schema 1 are not accepted"),
    *(
        (f"declared {kind[-10:]}", SCHEMA_1, kind, "schema 1 are not accepted")
        for kind in sorted(types.DOCKER_SCHEMA_1)
    ),
    *(
        (f"own {kind[-10:]}", INDEX | {"mediaType": kind}, "", "schema 1 are not accepted")
        for kind in sorted(types.DOCKER_SCHEMA_1)
    ),
    ("schema 1 called an image", SCHEMA_1, types.DOCKER_MANIFEST, "schema 1 are not accepted"),
    # CVE-2021-41190: one document that two readers take for two things.
    ("image with manifests", IMAGE | INDEX, types.OCI_MANIFEST, "must not have manifests"),
    ("index with layers", INDEX | {"layers": [LAYER]}, types.OCI_INDEX, "must not have layers"),
    ("index with config", INDEX | {"config": CONFIG}, types.OCI_INDEX, "must not have config"),
    ("both, Docker image", IMAGE | INDEX, types.DOCKER_MANIFEST, "must not have manifests"),
    ("both, Docker list", IMAGE | INDEX, types.DOCKER_LIST, "must not have config"),
    ("both, undeclared", IMAGE | INDEX, "", "must not have manifests"),
    (
        "both, behind capitals",
        IMAGE | INDEX | {"mediaType": types.OCI_MANIFEST.upper()},
        types.OCI_MANIFEST.upper(),
        "must not have manifests",
    ),
    (
        "field against header",
        INDEX | {"mediaType": types.OCI_INDEX},
        types.OCI_MANIFEST,
        f"says its mediaType is {types.OCI_INDEX}",
    ),
    (
        "Docker's field, OCI's header",
        IMAGE | {"mediaType": types.DOCKER_MANIFEST},
        types.OCI_MANIFEST,
        f"says its mediaType is {types.DOCKER_MANIFEST}",
    ),
    ("image without config", {"schemaVersion": 2, "layers": []}, types.OCI_MANIFEST, "config"),
    ("image with null config", IMAGE | {"config": None}, types.OCI_MANIFEST, "needs a config"),
    ("fields in other case", IMAGE | {"Layers": []}, types.OCI_MANIFEST, "is written 'layers'"),
    ("no version", {"config": CONFIG, "layers": []}, types.OCI_MANIFEST, "schemaVersion is not 2"),
    ("version 3", IMAGE | {"schemaVersion": 3}, types.OCI_MANIFEST, "schemaVersion is not 2"),
    ("version 2.0", IMAGE | {"schemaVersion": 2.0}, types.OCI_MANIFEST, "schemaVersion is not 2"),
    ("version '2'", IMAGE | {"schemaVersion": "2"}, types.OCI_MANIFEST, "schemaVersion is not 2"),
    ("nothing known", {"a": 1}, OWN_TYPE, "none of the fields"),
    ("bad header", IMAGE, "nonsense", "Content-Type of the manifest is no media type"),
    ("bad field", IMAGE | {"mediaType": "x"}, types.OCI_MANIFEST, "mediaType is no media type"),
    ("field a number", IMAGE | {"mediaType": 7}, types.OCI_MANIFEST, "mediaType is no media type"),
    ("layers an object", IMAGE | {"layers": LAYER}, types.OCI_MANIFEST, "layers is no list"),
    ("a null layer", IMAGE | {"layers": [LAYER, None]}, types.OCI_MANIFEST, "layers[1] is no"),
    ("config a list", IMAGE | {"config": [CONFIG]}, types.OCI_MANIFEST, "config is no descriptor"),
    ("subject a text", IMAGE | {"subject": "x"}, types.OCI_MANIFEST, "subject is no descriptor"),
    ("annotations a list", IMAGE | {"annotations": []}, types.OCI_MANIFEST, "no map of strings"),
    (
        "an annotation a number",
        IMAGE | {"annotations": {"a": 7}},
        types.OCI_MANIFEST,
        "no map of strings",
    ),
    ("artifactType", IMAGE | {"artifactType": 7}, types.OCI_MANIFEST, "manifest.artifactType"),
    (
        "contradicting data",
        IMAGE | {"config": CONFIG | {"data": "e3x="}},
        types.OCI_MANIFEST,
        "config.data does not have the digest",
    ),
]


@pytest.mark.parametrize(
    ("document", "content_type", "message"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_manifest_that_contradicts_itself_or_its_type_is_refused(
    document: dict[str, Any], content_type: str, message: str
) -> None:
    with pytest.raises(InvalidManifest) as refused:
        read(document, content_type)
    assert message in refused.value.message


def test_a_malformed_digest_inside_is_refused_as_a_digest() -> None:
    with pytest.raises(InvalidDigest):
        read(IMAGE | {"config": CONFIG | {"digest": "sha256:x"}}, types.OCI_MANIFEST)


FIELDS = ("schemaVersion", "mediaType", "config", "layers", "blobs", "manifests", "subject")
KINDS = st.sampled_from(["", *sorted(types.IMAGES | types.INDEXES | types.DOCKER_SCHEMA_1)])
plausible = st.one_of(
    json_values, KINDS, descriptors, st.lists(descriptors | json_values), st.just(2)
)


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "annotations", "artifactType"]) | anything, plausible
    ),
    KINDS | anything,
)
def test_any_json_object_is_a_manifest_or_is_refused(
    document: dict[str, Any], content_type: str
) -> None:
    try:
        manifest = read(document, content_type)
    except (InvalidManifest, InvalidDigest) as refused:
        f"{refused.message}{refused.detail}".encode()
    else:
        assert types.is_media_type(manifest.media_type)
        f"{manifest}".encode()


@given(st.binary(), KINDS | anything)
def test_any_bytes_are_a_manifest_or_are_refused(payload: bytes, content_type: str) -> None:
    with pytest.raises((InvalidManifest, InvalidDigest)):
        parse_manifest(payload, content_type)
