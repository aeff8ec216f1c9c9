import pytest
from hypothesis import given

from entrepot.errors import InvalidName
from entrepot.oci.name import MAX_LENGTH, RepositoryName
from tests.unit.oci.strategies import anything, names


@given(names)
def test_a_repository_name_is_read_as_it_is_written(text: str) -> None:
    assert RepositoryName.parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "0",
        "library/hello-world",
        "a/tags/list",
        "x/manifests/y",
        "v2",
        "blobs/uploads",
        "a.b",
        "a_b",
        "a__b",
        "a-----b",
        "a/b/c/d/e/f/g",
        "a" * MAX_LENGTH,
    ],
)
def test_every_name_of_the_grammar_is_accepted_even_one_that_looks_like_a_route(text: str) -> None:
    assert RepositoryName.parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "a/B",
        "/a",
        "a/",
        "a//b",
        "a..b",
        "a___b",
        "a._b",
        ".a",
        "a.",
        "-a",
        "a-",
        "_a",
        "a_",
        "a b",
        "a\n",
        "a:b",
        "a@b",
        "..",
        "a/../b",
        "a%2fb",
        "é",
        "a\x00",
        "٣",
        "a" * (MAX_LENGTH + 1),
        "a-" * 2_000_000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_name_that_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        RepositoryName.parse(text)


@given(anything)
def test_any_text_is_a_name_or_is_refused_with_a_detail_that_utf_8_can_carry(text: str) -> None:
    try:
        assert RepositoryName.parse(text) == text
    except InvalidName as refused:
        f"{refused.message}{refused.detail}".encode()
