"""The JSON of a manifest, read so that no two readers can take it for two things."""

import json
import re
from typing import Any, NoReturn

from entrepot.errors import InvalidManifest

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode_document(payload: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Refused beside malformed JSON, because readers differ on them: a key that stands twice in an
    object (Go merges the two values, others take one), NaN and Infinity, and lone surrogates,
    which no UTF-8 can carry on.

    Raises:
        InvalidManifest: it is no such object.
    """
    try:
        document = json.loads(
            payload.decode("utf-8"),
            object_pairs_hook=_refuse_duplicates,
            parse_constant=_refuse_constant,
        )
        if _SURROGATE.search(payload):
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidManifest("the manifest has a string that is no Unicode text") from None
    except (ValueError, RecursionError):
        raise InvalidManifest("a manifest is a JSON object; this is not JSON") from None
    if not isinstance(document, dict):
        raise InvalidManifest("a manifest is a JSON object; this is another JSON value")
    return document


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


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError
