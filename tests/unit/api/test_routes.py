"""Paths, matched from the right."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.routes import Match, match_path
from entrepot.oci.name import RepositoryName
from entrepot.operations.requests import ROUTES
from tests.unit.oci.strategies import anything, digests, names, tags

WORDS = ["v2", "tags", "list", "manifests", "blobs", "uploads", "referrers", "catalog", "latest"]
UPLOAD = "0f3a1c5e-7d0b-4d3c-9b53-1f7f8d1f6a10"

names_like_routes = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("/".join)
any_name = names | names_like_routes


def paths(name: str, tag: str, digest: str) -> dict[str, Match]:
    """List every route of a repository, as clients write it."""
    return {
        f"{name}/tags/list": Match("tags", name, ""),
        f"{name}/manifests/{tag}": Match("manifest", name, tag),
        f"{name}/manifests/{digest}": Match("manifest", name, digest),
        f"{name}/blobs/{digest}": Match("blob", name, digest),
        f"{name}/blobs/uploads/": Match("blob_upload", name, ""),
        f"{name}/blobs/uploads": Match("blob_upload", name, ""),
        f"{name}/blobs/uploads/{UPLOAD}": Match("blob_upload_chunk", name, UPLOAD),
        f"{name}/referrers/{digest}": Match("referrers", name, digest),
    }


@given(any_name, tags | st.sampled_from(WORDS), digests)
def test_every_repository_is_found_on_every_route(name: str, tag: str, digest: str) -> None:
    RepositoryName.parse(name)
    for path, match in paths(name, tag, digest).items():
        assert match_path(path) == match


def test_no_two_repositories_share_a_path() -> None:
    repositories = [
        "/".join(words) for length in (1, 2, 3) for words in product(WORDS, repeat=length)
    ]
    known: dict[str, Match] = {}
    for name in repositories:
        for path, match in paths(name, "latest", "sha256:" + "0" * 64).items():
            assert known.setdefault(path, match) == match


@pytest.mark.parametrize(
    ("path", "match"),
    [
        ("", Match("base", "", "")),
        ("_catalog", Match("catalog", "", "")),
        ("a/tags/list/tags/list", Match("tags", "a/tags/list", "")),
        ("x/manifests/y/manifests/z", Match("manifest", "x/manifests/y", "z")),
        ("blobs/uploads/blobs/uploads/", Match("blob_upload", "blobs/uploads", "")),
        ("blobs/uploads/manifests/1", Match("manifest", "blobs/uploads", "1")),
        ("app/_catalog", None),
        ("_catalog/", None),
        ("app", None),
        ("app/tags", None),
        ("app/tags/list/", None),
        ("app/uploads/1", None),
        ("app/manifests/a/b", None),
        ("/", None),
        # Names that cannot be are for the endpoint to refuse.
        ("tags/list", Match("tags", "", "")),
        ("App//manifests/1", Match("manifest", "App/", "1")),
    ],
)
def test_what_a_path_means(path: str, match: Match | None) -> None:
    assert match_path(path) == match


@given(
    anything | st.lists(st.sampled_from([*WORDS, "", "_catalog", "a"]), max_size=8).map("/".join)
)
def test_any_path_means_something_or_nothing(path: str) -> None:
    match = match_path(path)
    if match is None:
        return
    assert match.route in ROUTES
    assert "/" not in match.argument
    assert path.startswith(match.name)
