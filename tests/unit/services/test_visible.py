"""Looking on behind names that cannot be seen loses none that can, and sees few that cannot."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.services.listing import next_visible

words = st.text("ab0-._", min_size=1, max_size=3).filter(
    lambda text: text[0] in "ab0" and text[-1] in "ab0"
)
names = st.lists(words, min_size=1, max_size=3).map("/".join)


def visible(heads: set[str], name: str) -> bool:
    return name.partition("/")[0] in heads


@given(st.sets(words, max_size=4), st.lists(names, unique=True), st.just("") | names)
def test_no_name_that_can_be_seen_is_passed_over(
    heads: set[str], stored: list[str], after: str
) -> None:
    wanted = sorted(name for name in stored if name > after and visible(heads, name))
    start = next_visible(heads, after)
    if start is None:
        assert wanted == []
        return
    assert start >= after
    assert [name for name in sorted(stored) if name > start and visible(heads, name)] == wanted


def test_a_few_places() -> None:
    heads = {"alice", "public"}
    assert next_visible(heads, "") == "alicd~"
    assert next_visible(heads, "alice") == "alice.~"
    assert next_visible(heads, "alice/app") == "alice/app"
    assert next_visible(heads, "alice0") == "publib~"
    assert next_visible(heads, "public/app") == "public/app"
    assert next_visible(heads, "public0") is None
    assert next_visible(set(), "") is None
    assert all(RepositoryName.parse(head) for head in heads)
