"""Which names are mirrored, and which one a request means."""

import asyncio

import pytest

from entrepot.errors import UnknownName
from entrepot.oci.name import RepositoryName
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.services.mirror.origins import MirroredUpstream, Origins
from tests.unit.services.mirror.upstreams import MemoryUpstream

HUB = MirroredUpstream("docker.io", MemoryUpstream())
OWN = MirroredUpstream("registry.corp:5000", MemoryUpstream(), aliases=("old.corp",))
OTHER = MirroredUpstream("quay.io", MemoryUpstream())
ALL = Origins([HUB, OWN, OTHER], default=HUB)
WHOLE = Origins(whole=HUB)


def located(origins: Origins, name: str, namespace: str = "", own: str = "mine") -> tuple[str, str]:
    async def has(name: RepositoryName) -> bool:
        return name == own

    return asyncio.run(origins.locate(name, namespace, has))


@pytest.mark.parametrize(
    ("name", "namespace", "kept", "answered"),
    [
        ("library/alpine", "docker.io", "docker.io/library/alpine", "docker.io"),
        ("alpine", "docker.io", "docker.io/library/alpine", "docker.io"),
        ("alpine", "registry-1.docker.io", "docker.io/library/alpine", "registry-1.docker.io"),
        ("app", "registry.corp:5000", "registry.corp_5000/app", "registry.corp:5000"),
        ("app", "OLD.corp", "registry.corp_5000/app", "OLD.corp"),
        ("docker.io/library/alpine", "", "docker.io/library/alpine", ""),
        ("docker.io/alpine", "", "docker.io/library/alpine", ""),
        ("docker.io/alpine", "docker.io", "docker.io/library/alpine", "docker.io"),
        ("index.docker.io/a/b", "", "docker.io/a/b", ""),
        ("registry.corp_5000/app", "", "registry.corp_5000/app", ""),
        ("alpine", "", "docker.io/library/alpine", ""),
        ("some/app", "", "docker.io/some/app", ""),
        ("mine", "", "mine", ""),
        ("mine", "quay.io", "quay.io/mine", "quay.io"),
        ("mine", "unknown.example", "mine", ""),
        ("docker.io", "", "docker.io/library/docker.io", ""),
        ("NOT a name", "", "NOT a name", ""),
        ("", "", "", ""),
    ],
)
def test_a_request_means_a_name(name: str, namespace: str, kept: str, answered: str) -> None:
    assert located(ALL, name, namespace) == (kept, answered)


def test_a_push_means_the_name_as_it_is() -> None:
    assert asyncio.run(ALL.locate("some/app", "")) == ("some/app", "")
    assert asyncio.run(ALL.locate("docker.io/alpine", "")) == ("docker.io/library/alpine", "")


def test_a_registry_that_mirrors_as_a_whole_keeps_names() -> None:
    assert located(WHOLE, "library/alpine") == ("library/alpine", "")
    assert located(WHOLE, "library/alpine", "docker.io") == ("library/alpine", "docker.io")
    assert located(WHOLE, "a", "quay.io") == ("a", "")
    assert WHOLE.mirrors("anything")
    origin = WHOLE.of(RepositoryName("library/alpine"))
    assert origin is not None
    assert (origin.host, origin.name) == ("docker.io", "library/alpine")


@pytest.mark.parametrize(
    ("name", "host", "there"),
    [
        ("docker.io/library/alpine", "docker.io", "library/alpine"),
        ("registry.corp_5000/a/b", "registry.corp:5000", "a/b"),
        ("mine", None, None),
        ("docker.io", None, None),
        ("docker.iox/a", None, None),
    ],
)
def test_a_name_has_an_origin(name: str, host: str | None, there: str | None) -> None:
    origin = ALL.of(RepositoryName(name))
    assert (origin and origin.host, origin and origin.name) == (host, there)


def test_what_is_not_to_be_mirrored_is_unknown() -> None:
    globs = RepositoryGlobs.parse(["library/*", "!library/secret"])
    origins = Origins([MirroredUpstream("docker.io", MemoryUpstream(), repositories=globs)])
    allowed = origins.of(RepositoryName("docker.io/library/alpine"))
    assert allowed is not None
    allowed.require()
    for name in ("docker.io/library/secret", "docker.io/a/b"):
        refused = origins.of(RepositoryName(name))
        assert refused is not None
        with pytest.raises(UnknownName):
            refused.require()
