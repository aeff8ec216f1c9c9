from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci import media_type as types
from entrepot.oci.manifest import Manifest, Role
from tests.unit.oci.documents import (
    ARTIFACT_TYPE,
    CHILD,
    CONFIG,
    IMAGE,
    INDEX,
    LAYER,
    OWN_TYPE,
    read,
)
from tests.unit.oci.strategies import descriptors, some_descriptor


def roles(manifest: Manifest) -> list[tuple[str, str]]:
    return [(edge.role, edge.descriptor.digest) for edge in manifest.edges]


@pytest.mark.parametrize("media_type", sorted(types.IMAGES))
@given(
    config=descriptors,
    layers=st.lists(descriptors, max_size=4),
    subject=st.none() | descriptors,
    annotations=st.none() | st.dictionaries(st.text(), st.text(), max_size=3),
)
def test_an_image_is_read_as_it_is_written(
    media_type: str,
    config: dict[str, Any],
    layers: list[dict[str, Any]],
    subject: dict[str, Any] | None,
    annotations: dict[str, str] | None,
) -> None:
    document = {**IMAGE, "config": config, "layers": layers, "mediaType": media_type}
    document |= {"subject": subject, "annotations": annotations}
    manifest = read(document, media_type)
    expected = [("config", config["digest"])] + [("layer", layer["digest"]) for layer in layers]
    expected += [("subject", subject["digest"])] if subject else []
    assert roles(manifest) == expected
    assert manifest.media_type == media_type
    assert manifest.annotations == (annotations or {})
    assert (manifest.subject is None) == (subject is None)


@pytest.mark.parametrize("media_type", sorted(types.INDEXES))
@given(children=st.lists(descriptors, max_size=4))
def test_an_index_is_read_as_it_is_written(media_type: str, children: list[dict[str, Any]]) -> None:
    manifest = read({**INDEX, "manifests": children, "mediaType": media_type}, media_type)
    assert roles(manifest) == [("manifest", child["digest"]) for child in children]
    assert manifest.media_type == media_type


@pytest.mark.parametrize(
    ("document", "content_type", "media_type"),
    [
        (IMAGE, types.OCI_MANIFEST, types.OCI_MANIFEST),
        (IMAGE, types.DOCKER_MANIFEST, types.DOCKER_MANIFEST),
        (IMAGE, f"{types.OCI_MANIFEST}; charset=utf-8", types.OCI_MANIFEST),
        (IMAGE, types.OCI_MANIFEST.upper(), types.OCI_MANIFEST),
        (IMAGE | {"mediaType": types.OCI_MANIFEST.upper()}, types.OCI_MANIFEST, types.OCI_MANIFEST),
        (IMAGE, "", types.OCI_MANIFEST),
        (IMAGE, "application/json", types.OCI_MANIFEST),
        (IMAGE, "text/plain; charset=utf-8", types.OCI_MANIFEST),
        (IMAGE, "application/octet-stream", types.OCI_MANIFEST),
        (IMAGE | {"mediaType": types.DOCKER_MANIFEST}, "", types.DOCKER_MANIFEST),
        (IMAGE | {"mediaType": types.DOCKER_MANIFEST.upper()}, "", types.DOCKER_MANIFEST),
        (IMAGE | {"mediaType": ""}, "", types.OCI_MANIFEST),
        (IMAGE | {"mediaType": None}, types.OCI_MANIFEST, types.OCI_MANIFEST),
        (IMAGE | {"mediaType": "application/json"}, "", types.OCI_MANIFEST),
        (IMAGE | {"manifests": None}, "", types.OCI_MANIFEST),
        (IMAGE | {"manifests": None}, types.OCI_MANIFEST, types.OCI_MANIFEST),
        (INDEX, types.OCI_INDEX, types.OCI_INDEX),
        (INDEX, types.DOCKER_LIST, types.DOCKER_LIST),
        (INDEX, "", types.OCI_INDEX),
        (INDEX | {"mediaType": types.DOCKER_LIST}, "", types.DOCKER_LIST),
        (INDEX | {"layers": None, "config": None}, types.OCI_INDEX, types.OCI_INDEX),
        ({"schemaVersion": 2, "manifests": None}, "", types.OCI_INDEX),
        ({"blobs": [LAYER], "mediaType": ARTIFACT_TYPE}, ARTIFACT_TYPE, ARTIFACT_TYPE),
        (
            {"config": CONFIG, "schemaVersion": 1},
            OWN_TYPE,
            OWN_TYPE,
        ),
    ],
)
def test_header_field_and_shape_together_decide_the_media_type(
    document: dict[str, Any], content_type: str, media_type: str
) -> None:
    assert read(document, content_type).media_type == media_type


@pytest.mark.parametrize(
    ("document", "content_type", "artifact_type"),
    [
        (IMAGE, types.OCI_MANIFEST, CONFIG["mediaType"]),
        (IMAGE | {"artifactType": "a/b"}, types.OCI_MANIFEST, "a/b"),
        (IMAGE | {"artifactType": ""}, types.OCI_MANIFEST, CONFIG["mediaType"]),
        (IMAGE | {"config": some_descriptor()}, types.OCI_MANIFEST, types.OCI_EMPTY),
        (IMAGE, types.DOCKER_MANIFEST, CONFIG["mediaType"]),
        (INDEX, types.OCI_INDEX, None),
        (INDEX | {"artifactType": "a/b"}, types.OCI_INDEX, "a/b"),
        ({"blobs": []}, ARTIFACT_TYPE, None),
        ({"blobs": [], "artifactType": "a/b"}, ARTIFACT_TYPE, "a/b"),
    ],
)
def test_the_artifact_type_is_the_manifests_own_else_that_of_its_config(
    document: dict[str, Any], content_type: str, artifact_type: str | None
) -> None:
    assert read(document, content_type).artifact_type == artifact_type


def test_the_layers_that_go_writes_as_null_are_none() -> None:
    assert roles(read(IMAGE | {"layers": None}, types.OCI_MANIFEST)) == [
        ("config", CONFIG["digest"])
    ]


def test_a_type_that_nobody_knows_is_read_by_the_well_known_fields() -> None:
    document = {"config": CONFIG, "layers": [LAYER], "blobs": [LAYER], "manifests": [CHILD]}
    manifest = read(document, OWN_TYPE)
    assert [edge.role for edge in manifest.edges] == [
        Role.CONFIG,
        Role.LAYER,
        Role.LAYER,
        Role.MANIFEST,
    ]


@pytest.mark.parametrize("media_type", sorted(types.IMAGES | types.INDEXES))
def test_a_field_that_the_specification_does_not_know_is_left_alone(media_type: str) -> None:
    known = INDEX if media_type in types.INDEXES else IMAGE
    assert read(known | {"blobs": "x", "y": [7]}, media_type) == read(known, media_type)


def test_an_index_of_blobs_as_buildkit_writes_its_cache_is_read() -> None:
    cache = some_descriptor(b"{}", "application/vnd.buildkit.cacheconfig.v0")
    manifest = read(INDEX | {"manifests": [LAYER, cache]}, types.OCI_INDEX)
    assert [edge.descriptor.media_type for edge in manifest.edges] == [
        LAYER["mediaType"],
        cache["mediaType"],
    ]
