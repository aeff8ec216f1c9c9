"""Valid values, and text that nobody should send."""

import string
from typing import Any

from hypothesis import strategies as st

from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest

LOWER = string.ascii_lowercase + string.digits
LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"

# Every code point, lone surrogates included: what a parser may be handed by any caller.
anything = st.text(st.characters(exclude_categories=()), max_size=300)

components = st.builds(
    lambda first, rest: first + "".join(separator + word for separator, word in rest),
    st.text(LOWER, min_size=1, max_size=8),
    st.lists(
        st.tuples(
            st.sampled_from([".", "_", "__", "-", "--", "---"]),
            st.text(LOWER, min_size=1, max_size=8),
        ),
        max_size=3,
    ),
)
names = st.lists(components, min_size=1, max_size=5).map("/".join).filter(lambda n: len(n) <= 255)
tags = st.builds(
    str.__add__,
    st.sampled_from(LETTERS + "_"),
    st.text(LETTERS + "._-", max_size=127),
)
digests = st.one_of(
    st.text(HEX, min_size=64, max_size=64).map(lambda digits: f"sha256:{digits}"),
    st.text(HEX, min_size=128, max_size=128).map(lambda digits: f"sha512:{digits}"),
)
_restricted = st.builds(
    str.__add__, st.sampled_from(LETTERS), st.text(LETTERS + "!#$&^_.+-", max_size=126)
)
media_types = st.builds(lambda kind, rest: f"{kind}/{rest}", _restricted, _restricted)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
    max_leaves=12,
)


def some_descriptor(content: bytes = b"{}", media_type: str = types.OCI_EMPTY) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": Digest.of(content), "size": len(content)}


descriptors = st.builds(
    some_descriptor, st.binary(max_size=20), st.sampled_from([types.OCI_EMPTY, "text/x-layer"])
)
