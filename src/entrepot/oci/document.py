"""The JSON of a manifest, read so that no two readers can take it for two things."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from entrepot.errors import InvalidManifest

MOST_VALUES = 100_000
"""An index of ten thousand images, with their platforms and annotations, has as many."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode_document(payload: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Refused beside malformed JSON, because readers differ on them: a key that stands twice in an
    object (Go merges the two values, others take one), NaN and Infinity, and lone surrogates,
    which no UTF-8 can carry on.

    Raises:
        InvalidManifest: it is no such object.
    """
    document = read_json(payload, _refuse_duplicates)
    try:
        if _SURROGATE.search(payload):
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidManifest("the manifest has a string that is no Unicode text") from None
    if not isinstance(document, dict):
        raise InvalidManifest("a manifest is a JSON object; this is another JSON value")
    return document


def read_json(
    payload: bytes, pairs: Callable[[list[tuple[str, Any]]], Any], errors: str = "strict"
) -> Any:
    """Read JSON of at most MOST_VALUES values; more are seen before any is read.

    Args:
        payload: its bytes.
        pairs: makes an object of what stands in it.
        errors: what bytes are read as that are no UTF-8, as `bytes.decode` has it.

    Raises:
        InvalidManifest: it is no JSON, or has too many values.
    """
    # Strings may have such characters too, so few are refused that have fewer values.
    if sum(payload.count(sign) for sign in (b"{", b"[", b",")) > MOST_VALUES:
        raise InvalidManifest(f"a manifest has at most {MOST_VALUES} values")
    try:
        return json.loads(
            payload.decode("utf-8", errors),
            object_pairs_hook=pairs,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
        )
    except (ValueError, RecursionError):
        raise InvalidManifest("a manifest is a JSON object; this is not JSON") from None


def refuse_other_case(document: dict[str, Any], fields: frozenset[str], where: str) -> None:
    """Refuse a field whose name is written in other letters: Go would read it, others would not.

    Args:
        document: a JSON object.
        fields: the names it may have, as they are written right.
        where: its place in the manifest, for messages.

    Raises:
        InvalidManifest: there is such a field.
    """
    other = document.keys() - fields
    if not other:
        return
    folded = {field.casefold(): field for field in fields}
    for key in other:
        field = folded.get(key.casefold())
        if field is not None:
            raise InvalidManifest(f"{where} has {key!r}, which is written {field!r}")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise InvalidManifest("the manifest has an object in which a key stands twice")
    return known


def _read_float(text: str) -> float:
    # Not `float` itself: between two of these, other threads have their turn.
    return float(text)


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError
