import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from entrepot.services.retention.versions import parse_version

NUMBERS = st.integers(0, 12)
IDENTIFIERS = st.one_of(NUMBERS.map(str), st.sampled_from(["alpha", "beta", "rc", "rc1", "x-y"]))
VERSIONS = st.builds(
    lambda numbers, before: (
        ".".join(map(str, numbers)) + ("-" + ".".join(before) if before else "")
    ),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.lists(IDENTIFIERS, max_size=3),
)


@given(st.lists(VERSIONS, max_size=8))
def test_they_sort_as_the_library_sorts_them(texts: list[str]) -> None:
    keys = [parse_version(text) for text in texts]
    assert None not in keys
    ours = [text for _, text in sorted(zip(keys, texts, strict=True))]
    theirs = sorted(texts, key=lambda text: (Version.parse(text), text))
    assert ours == theirs


@pytest.mark.parametrize("tag", ["v1.2.3", "1.2.3", "v0.0.0-rc.1", "1.2.3-x-y.7"])
def test_a_v_in_front_does_not_matter(tag: str) -> None:
    assert parse_version(tag) == parse_version(tag.removeprefix("v")) is not None


def test_helm_writes_the_plus_of_a_version_as_an_underscore() -> None:
    """A tag cannot have a `+`; charts are pushed as `0.1.0_build.7` for 0.1.0+build.7."""
    assert parse_version("0.1.0_build.7") == parse_version("0.1.0") is not None
    assert parse_version("v2.0.0-rc.1_sha.f00") == parse_version("2.0.0-rc.1")
    assert parse_version("0.1.0_build.7") < parse_version("0.1.1_build.1")  # type: ignore[operator]


@pytest.mark.parametrize(
    "tag",
    [
        "1.2.3_",
        "1.2.3_a_b",
        "1.2_a",
        "_1.2.3",
        "latest",
        "1",
        "1.2",
        "v1",
        "vv1.2.3",
        "01.2.3",
        "1.2.3.4",
        "2024-05-01",
        "1.2.3-",
        "V1.2.3",
    ],
)
def test_others_are_no_versions(tag: str) -> None:
    assert parse_version(tag) is None
