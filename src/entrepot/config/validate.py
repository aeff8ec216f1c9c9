"""From the tree of what works to settings. The only module that needs pydantic."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from entrepot.config.document import Document, Tree
from entrepot.config.problems import describe
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
        tree: keys that work, and nothing else.
        document: knows where each was written; its ``problems`` grow.

    Returns:
        The settings; None where there were problems.
    """
    try:
        return _adapter().validate_python(tree)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = detail["loc"]
            missing = detail["type"] == "missing"
            found = None if missing else describe(path, detail["input"])
            document.refuse(path, found, _expected(dict(detail)))
        return None


def _expected(detail: dict[str, Any]) -> str:
    own = detail.get("ctx", {}).get("error")
    if isinstance(own, ValueError):
        return str(own)
    return _EXPECTED.get(detail["type"]) or str(detail["msg"])
