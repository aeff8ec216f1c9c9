"""From the tree of what works to settings. The only module that needs pydantic."""

from functools import cache
from itertools import takewhile
from typing import Any

from pydantic import TypeAdapter, ValidationError

from entrepot.config.document import Document, Tree
from entrepot.config.problems import KeyPath, describe
from entrepot.config.settings import Settings

_EXPECTED = {
    "dataclass_type": "a mapping",
    "tuple_type": "a list",
    "missing": "a value, which this key needs",
}


@cache
def _adapter() -> TypeAdapter[Settings]:
    return TypeAdapter(Settings)


def validate(tree: dict[str, Tree], document: Document) -> Settings | None:
    """Read each setting.

    Args:
        tree: keys that work, and nothing else; loses those whose values do not.
        document: knows where each was written; its ``problems`` grow.

    Returns:
        The settings; where there were problems, those of the rest, so that more can be found.
    """
    refused: set[KeyPath] = set()
    for _ in range(2):
        try:
            return _adapter().validate_python(tree)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                # What was taken away because it was wrong is not missing.
                if not (detail["type"] == "missing" and detail["loc"] in refused):
                    _refuse(dict(detail), tree, document)
                    refused.add(detail["loc"])
    return None


def _refuse(detail: dict[str, Any], tree: dict[str, Tree], document: Document) -> None:
    path, missing = detail["loc"], detail["type"] == "missing"
    found = None if missing else describe(path, detail["input"])
    document.refuse(path, found, _expected(detail))
    # An item of a list would change the places of those behind it: the whole list goes then.
    names = list(takewhile(lambda part: isinstance(part, str), path[:-1] if missing else path))
    holder: Any = tree
    for name in names[:-1]:
        holder = holder.get(name, {})
    holder.pop(names[-1], None)


def _expected(detail: dict[str, Any]) -> str:
    own = detail.get("ctx", {}).get("error")
    if isinstance(own, ValueError):
        return str(own)
    return _EXPECTED.get(detail["type"]) or str(detail["msg"])
